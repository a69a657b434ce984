import { asyncMutexEsm, lockdepIn, type Subject } from './subjects.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ours from '../../src/index.js';
import { countingTurns, turns } from './turns.js';

const ALLOWANCE = 2;
/** A nesting counts as known when it has been seen a few times from each of its call sites. */
const LEARNING_RUNS = 12;

interface Pair {
  readonly outer: ours.Mutex;
  readonly inner: ours.Mutex;
}

/** Ways to take one lock and do something inside. */
const WAYS: Record<string, (lock: ours.Mutex, inside: () => Promise<void>) => Promise<void>> = {
  acquire: async (lock, inside) => {
    const release = await lock.acquire();
    try {
      await inside();
    } finally {
      release();
    }
  },
  runExclusive: (lock, inside) => lock.runExclusive(inside),
  lock: async (lock, inside) => {
    const guard = await lock.lock();
    try {
      await inside();
    } finally {
      guard.release();
    }
  },
};

/** The turns between asking for the inner lock and being inside it. */
async function innerTurns(
  subject: Subject,
  { outer, inner }: Pair,
  outerWay: string,
  innerWay: string,
  contended: boolean,
): Promise<number> {
  const taken = await countingTurns(async (turn) => {
    let asked = 0;
    let entered = 0;
    const nest = (): Promise<void> =>
      WAYS[outerWay]!(outer, async () => {
        asked = turn();
        await WAYS[innerWay]!(inner, async () => void (entered = turn()));
      });
    const rival = (): Promise<void> => WAYS['acquire']!(inner, () => turns(20));
    await Promise.all(contended ? [rival(), nest()] : [nest()]);
    return entered - asked;
  });
  assert.deepEqual(subject.strictReports(), []);
  assert.ok(taken !== undefined);
  return taken;
}

/** The turns from the wait for an unlock, or from the release that it waits for, to who awaits it. */
async function unlockTurns(
  subject: Subject,
  { outer, inner }: Pair,
  outerWay: string,
  contended: boolean,
): Promise<number> {
  const taken = await countingTurns(async (turn) => {
    let asked = 0;
    let told = 0;
    const wait = (): Promise<void> =>
      WAYS[outerWay]!(outer, async () => {
        if (!contended) asked = turn();
        await inner.waitForUnlock();
        told = turn();
      });
    const rival = async (): Promise<void> => {
      const release = await inner.acquire();
      await turns(20);
      asked = turn();
      release();
    };
    await Promise.all(contended ? [rival(), wait()] : [wait()]);
    return told - asked;
  });
  assert.deepEqual(subject.strictReports(), []);
  assert.ok(taken !== undefined);
  return taken;
}

const pair = (): Pair => ({ outer: new ours.Mutex(), inner: new ours.Mutex() });

for (const mode of ['warn', 'enforce'] as const) {
  for (const outer of Object.keys(WAYS)) {
    for (const contended of [false, true]) {
      const nesting = `waitForUnlock within ${outer}${contended ? ', contended' : ''}`;
      test(`${nesting}: costs no turn in mode ${mode}, however new it is`, async () => {
        const [asyncMutex, tracked] = [asyncMutexEsm, lockdepIn(mode)];
        const { Mutex } = asyncMutex.library;
        const theirs = { outer: new Mutex(), inner: new Mutex() } as unknown as Pair;
        const expected = await unlockTurns(asyncMutex, theirs, outer === 'lock' ? 'acquire' : outer, contended);
        tracked.enter();
        const locks = pair();
        for (let time = 1; time <= LEARNING_RUNS; time++) {
          assert.equal(await unlockTurns(tracked, locks, outer, contended), expected, `time ${time}`);
        }
      });
    }
  }

  for (const outer of Object.keys(WAYS)) {
    for (const inner of Object.keys(WAYS)) {
      for (const contended of [false, true]) {
        const nesting = `${inner} within ${outer}${contended ? ', contended' : ''}`;
        test(`${nesting}: costs at most ${ALLOWANCE} turns in mode ${mode} while it is new, and then none`, async () => {
          const [off, tracked] = [lockdepIn('off'), lockdepIn(mode)];
          off.enter();
          const expected = await innerTurns(off, pair(), outer, inner, contended);
          tracked.enter();
          for (let time = 1; time <= LEARNING_RUNS; time++) {
            const taken = await innerTurns(tracked, pair(), outer, inner, contended);
            assert.ok(taken <= expected + ALLOWANCE, `${taken} turns at time ${time}, ${expected} in mode off`);
          }
          assert.equal(await innerTurns(tracked, pair(), outer, inner, contended), expected);
        });
      }
    }
  }
}
