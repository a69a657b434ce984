import assert from 'node:assert/strict';
import { it } from 'node:test';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import type { Mutex } from '../../src/index.js';
import { isolated, nextTurn, settle } from '../support/harness.js';

async function takeLate(lock: Mutex): Promise<void> {
  await nextTurn();
  (await lock.acquire())();
}

it('a callback of then that starts one thing and returns another teaches nothing for sure by what it started', async () => {
  await isolated(async (instance) => {
    const a = new instance.Mutex();
    const b = new instance.Mutex();
    // So far the holders release their own locks, and are believed.
    for (let i = 0; i < 3; i++) await takeLate(a);
    let started: Promise<void> | undefined;
    await a.acquire().then((release) => {
      const kept = settle(4).then(() => release());
      started = takeLate(b);
      return kept;
    });
    await started;
    const learned = [...runtimeOf(instance).validator.dependencies.edges()];
    assert.deepEqual(
      learned.filter(({ tier }) => tier === 'strict'),
      [],
    );
  });
});

it('the first question of a program that has run for long is answered like all others', async () => {
  await isolated(async (instance) => {
    const { lockdep } = instance;
    const lock = new instance.Mutex();
    for (let i = 0; i < 11_000; i++) await Promise.resolve();
    for (let question = 0; question < 2; question++) {
      const release = await lock.acquire();
      assert.equal(lockdep.isHeld(lock), true);
      lockdep.assertHeld(lock);
      release();
    }
  });
});
