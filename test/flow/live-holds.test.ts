import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LockClass, type LockdepOptions, type Releaser } from '../../src/index.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { MAX_LISTED } from '../../src/flow/live-holds.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function collected(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await nextTurn();
    collect();
  }
}

/** Lists are cut short now and then. */
const SLACK = 1024;

const HELD = new LockClass('live.held', { validate: false });

describe('very many holds', () => {
  it('are all listed, oldest first, and each ends as it would', () =>
    isolated(async ({ Mutex, lockdep }) => {
      const count = MAX_LISTED + 50;
      const releasers: Releaser[] = [];
      for (let i = 0; i < count; i++) {
        const mutex = new Mutex({ class: HELD, name: `${i}` });
        releasers.push(await lockdep.detached(() => mutex.acquire()));
      }
      await collected();
      const listed = (): string[] =>
        lockdep
          .showAllLocks({ limit: Infinity })
          .split('\n')
          .map((line) => /"(\d+)"/.exec(line)?.[1] ?? '');
      assert.deepEqual(listed(), Array.from(releasers.keys(), String));
      for (const index of [0, 49, 50, count - 1]) releasers[index]?.();
      const left = listed();
      assert.equal(left.length, count - 4);
      assert.deepEqual([left[0], left[48], left[49], left.at(-1)], ['1', '51', '52', `${count - 2}`]);
      for (const release of releasers) release();
      assert.equal(lockdep.showAllLocks(), 'no locks are held or awaited');
    }));

  // With promise hooks the loop itself is looked through seldom: it keeps up to twice as many.
  const tracking: LockdepOptions['tracking'][] = ['light'];
  for (const level of tracking) {
    it(`that one flow abandons with their locks are no more than a few, tracking ${level}`, () =>
      isolated(
        async (instance) => {
          const { Mutex, lockdep } = instance;
          const [locks, gone] = [new Set<WeakRef<object>>(), { count: 0 }];
          const registry = new FinalizationRegistry(() => void gone.count++);
          const abandon = async (): Promise<void> => {
            const mutex = new Mutex({ class: 'live.abandoned' });
            registry.register(mutex, undefined);
            locks.add(new WeakRef(mutex));
            await mutex.acquire();
          };
          const more = 2000;
          for (let i = 0; i < MAX_LISTED + more; i++) await abandon();
          assert.ok(lockdep.held().length <= MAX_LISTED + SLACK);
          await collected();
          const left = [...locks].filter((lock) => lock.deref() !== undefined).length;
          assert.ok(left <= MAX_LISTED + SLACK, `${left} locks are kept`);
          await nextTurn();
          assert.ok(gone.count >= more - SLACK, `${gone.count} are gone`);
          runtimeOf(instance).validator.tracker.checkInvariants();
          // MAX_HELD_DEPTH: without promise hooks nobody knows that they are this flow's.
          assert.deepEqual(seen(instance), level === 'precise' ? ['limit advisory x1'] : []);
          lockdep.reset();
          assert.equal(lockdep.showAllLocks(), 'no locks are held or awaited');
        },
        { tracking: level },
      ));
  }
});
