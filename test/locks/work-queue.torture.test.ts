/**
 * Torture of work queues by random programs (work-queue.model.ts): the model holds in every mode, and every mode does the
 * same things in the same order.
 *
 * Half of LOCKDEP_FUZZ_RUNS is the number of programs, LOCKDEP_FUZZ_SEED which ones.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../differential/fake-clock.js';
import { RUNS, SEED } from '../order/property.js';
import { isolated, seen } from '../support/harness.js';
import { Stage } from './work-queue.model.js';

const STEPS = 40;

async function journal(mode: 'off' | 'warn' | 'enforce', seed: number): Promise<readonly string[]> {
  const clock = new FakeClock();
  clock.install();
  try {
    let happened: readonly string[] = [];
    await isolated(
      async (instance) => {
        const stage = new Stage(instance, seed, clock);
        await stage.run(STEPS);
        happened = stage.journal;
        assert.deepEqual(seen(instance), []);
        if (mode !== 'off') assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
      },
      { mode },
    );
    return happened;
  } finally {
    clock.uninstall();
  }
}

describe('producers, flushers, cancellers, requeuers and pausers on one work queue', () => {
  it('lose nothing, run nothing twice, keep the order, and do the same in every mode', async () => {
    let longest = 0;
    for (let run = 0; run < RUNS / 2; run++) {
      const seed = SEED + run;
      try {
        const off = await journal('off', seed);
        longest = Math.max(longest, off.length);
        assert.deepEqual(await journal('warn', seed), off);
        assert.deepEqual(await journal('enforce', seed), off);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
    assert.ok(longest > 50, 'the programs do something');
  });
});
