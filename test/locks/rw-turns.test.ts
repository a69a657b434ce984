import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Releaser, RWSemaphore } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { countingTurns, turns } from '../differential/turns.js';
import { isolated } from '../support/harness.js';

type Turn = () => number;
/** Runs in a flow of its own, which holds nothing. */
type Other = <T>(fn: () => T) => T;

/** Turns from the call, or from what lets it go on, to the continuation of whoever awaits it. */
const OPERATIONS: Readonly<Record<string, (lock: RWSemaphore, turn: Turn, other: Other) => Promise<number>>> = {
  'acquireRead, free': async (lock, turn) => (await lock.acquireRead(), turn()),
  'acquireWrite, free': async (lock, turn) => (await lock.acquireWrite(), turn()),
  'lockRead, free': async (lock, turn) => (await lock.lockRead(), turn()),
  'lockWrite, free': async (lock, turn) => (await lock.lockWrite(), turn()),
  'acquireRead, after a writer': (lock, turn, other) =>
    handedOver(lock, 'acquireWrite', () => other(() => lock.acquireRead()), turn),
  'acquireWrite, after a reader': (lock, turn, other) =>
    handedOver(lock, 'acquireRead', () => other(() => lock.acquireWrite()), turn),
  'runRead, its callback starts': async (lock, turn) => lock.runRead(turn),
  'runWrite, its callback starts': async (lock, turn) => lock.runWrite(turn),
  'runRead, its end is heard of': async (lock, turn) => (await lock.runRead(() => undefined), turn()),
  'runWrite of an async callback, its end is heard of': async (lock, turn) => (
    await lock.runWrite(async () => undefined),
    turn()
  ),
  'a reader behind a downgrade': async (lock, turn, other) => {
    const guard = await lock.lockWrite();
    const reader = other(() => lock.acquireRead()).then(turn);
    await turns(5);
    const start = turn();
    guard.downgrade();
    return (await reader) - start;
  },
};

async function handedOver(
  lock: RWSemaphore,
  first: 'acquireRead' | 'acquireWrite',
  wait: () => Promise<Releaser>,
  turn: Turn,
): Promise<number> {
  const release = await lock[first]();
  const waiter = wait().then(turn);
  await turns(5);
  const start = turn();
  release();
  return (await waiter) - start;
}

const mutexOperations: Readonly<Record<string, (instance: IsolatedLockdep, turn: Turn) => Promise<number>>> = {
  acquire: async ({ Mutex }, turn) => (await new Mutex().acquire(), turn()),
  starts: ({ Mutex }, turn) => new Mutex().runExclusive(turn),
};

async function measured(
  mode: 'off' | 'warn' | 'enforce',
  body: (instance: IsolatedLockdep, turn: Turn) => Promise<number>,
): Promise<number | undefined> {
  let result: number | undefined;
  await isolated(
    async (instance) => {
      result = await countingTurns((turn) => instance.lockdep.detached(() => body(instance, turn)));
    },
    { mode },
  );
  return result;
}

describe('microtask turns of a reader/writer lock', () => {
  for (const [name, operation] of Object.entries(OPERATIONS)) {
    for (const fairness of ['fifo', 'reader-preferring'] as const) {
      it(`${fairness}, ${name}: the same in every mode`, async () => {
        const taken: (number | undefined)[] = [];
        for (const mode of ['off', 'warn', 'enforce'] as const) {
          const turnsOf = (instance: IsolatedLockdep, turn: Turn): Promise<number> =>
            operation(new instance.RWSemaphore({ fairness }), turn, (fn) => instance.lockdep.detached(fn));
          taken.push(await measured(mode, turnsOf));
        }
        assert.ok(taken[0] !== undefined && taken[0] <= 3, `${taken[0]} turns`);
        assert.deepEqual(taken, [taken[0], taken[0], taken[0]]);
      });
    }
  }

  it('as many as those of a mutex', async () => {
    for (const [operation, ours] of [
      ['acquire', 'acquireRead, free'],
      ['acquire', 'acquireWrite, free'],
      ['starts', 'runRead, its callback starts'],
    ] as const) {
      const ofMutex = await measured('off', mutexOperations[operation] as never);
      const found = await measured('off', ({ RWSemaphore }, turn) =>
        OPERATIONS[ours]!(new RWSemaphore(), turn, (fn) => fn()),
      );
      assert.ok(ofMutex !== undefined);
      assert.equal(found, ofMutex, ours);
    }
  });
});
