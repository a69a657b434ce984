import assert from 'node:assert/strict';
import { it } from 'node:test';
import { CORE } from '../../src/locks/symbols.js';
import { FakeClock, settled } from '../differential/fake-clock.js';
import { randomNumbers, RUNS, SEED } from '../order/property.js';
import { isolated, seen } from '../support/harness.js';
import { NaiveRw, type Fairness, type Mode } from './naive-rw.js';
import { RwStage, type Face } from './rw-stage.js';

// LOCKDEP_FUZZ_RUNS sets the number of programs, LOCKDEP_FUZZ_SEED which ones.

const STEPS = 50;
const PRIORITIES = [0, 0, 0, 0, 1, -1] as const;

type Random = (below: number) => number;
type Command = (naive: NaiveRw, stage: RwStage, clock: FakeClock) => Promise<void> | void;

function pick<T>(items: readonly T[], random: Random): T | undefined {
  return items[random(items.length)];
}

/** `burst`: several commands in one turn. Scopes hear of an end some turns later: no part of it. */
function command(id: number, naive: NaiveRw, stage: RwStage, random: Random, burst: boolean): Command {
  const mode: Mode = random(5) < 3 ? 'read' : 'write';
  const chance = random(20);
  const inside = pick(naive.inside, random);
  if (chance < 7 && inside !== undefined) return (twin, real) => (twin.leave(inside), real.leave(inside));
  const writer = naive.inside.find((each) => naive.modeOf(each) === 'write');
  if (chance < 9 && writer !== undefined && stage.canDowngrade(writer)) {
    return (twin, real) => (twin.downgrade(writer), real.downgrade(writer));
  }
  const waiting = pick(naive.waiting, random);
  if (chance < 11 && waiting !== undefined && stage.canAbort(waiting))
    return (twin, real) => (twin.abort(waiting), real.abort(waiting));
  if (chance === 11 && burst && random(4) === 0) return (twin, real) => (twin.cancel(), real.cancel());
  if (chance === 12) return (twin, real) => (twin.try(id, mode), real.try(id, mode));
  if (chance === 13 && !burst) {
    const by = 1 + random(40);
    return async (twin, _real, clock) => {
      twin.advance(by);
      await clock.advance(by);
    };
  }
  const faces: readonly Face[] = burst ? ['acquire', 'lock'] : ['acquire', 'lock', 'run'];
  const face = pick(faces, random) as Face;
  const bounds = {
    priority: pick(PRIORITIES, random) as number,
    timeout: face !== 'run' && random(3) === 0 ? 1 + random(60) : Infinity,
  };
  return (twin, real) => {
    twin.request(id, mode, bounds.priority, bounds.timeout);
    real.request(id, mode, face, bounds);
  };
}

const MODES = ['off', 'warn', 'enforce'] as const;

/** 'changing': another one at every step. */
for (const mode of [...MODES, 'changing'] as const) {
  for (const fairness of ['fifo', 'reader-preferring'] satisfies Fairness[]) {
    it(`${fairness}, mode ${mode}: random commands lead to the same grants in the same order as in the naive twin`, async () => {
      const clock = new FakeClock();
      clock.install();
      try {
        for (let run = 0; run < RUNS / 2; run++) {
          await isolated(
            async (instance) => {
              const random = randomNumbers(SEED + run);
              const lock = new instance.RWSemaphore({ fairness, class: `rw property ${fairness}` });
              const naive = new NaiveRw(fairness);
              const stage = new RwStage(instance, lock);
              const burst = run % 2 === 1;
              for (let step = 0; step < STEPS; step++) {
                if (mode === 'changing') instance.lockdep.configure({ mode: pick(MODES, random) ?? 'off' });
                await command(step, naive, stage, random, burst)(naive, stage, clock);
                lock[CORE].checkInvariants();
                if (burst && random(3) > 0) continue;
                await settled();
                assert.deepEqual(stage.log, naive.log, `program ${run}, step ${step}`);
                assert.deepEqual([lock.readers, lock.writer], [naive.readers, naive.writer]);
                assert.equal(lock.isLocked(), naive.inside.length > 0);
              }
              for (let [next] = naive.inside; next !== undefined; [next] = naive.inside) {
                naive.leave(next);
                stage.leave(next);
                await settled();
              }
              assert.deepEqual(stage.log, naive.log, `program ${run}, end`);
              assert.deepEqual([lock.isLocked(), clock.liveTimers], [false, 0]);
              assert.deepEqual(seen(instance), []);
            },
            { mode: mode === 'changing' ? 'off' : mode },
          );
        }
      } finally {
        clock.uninstall();
      }
    });
  }
}
