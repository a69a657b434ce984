/** What waits for proof under a lock that is held for long stays bounded. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LockClass, type LockClassOptions, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { MAX_DEBTS, type Debts } from '../../src/validator/debts.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Of the hold of `lock`. */
function debtsUnder(instance: IsolatedLockdep, lock: Mutex): number {
  for (const node of runtimeOf(instance).validator.tracker.live())
    if (node.lock.owner === lock) return (node.asked.debts as Debts | undefined)?.size ?? 0;
  throw new Error('the lock is not held');
}

const accounts: Record<string, LockClassOptions> = {
  comparator: { order: (held: { i: number }, wanted: { i: number }) => held.i - wanted.i } as LockClassOptions,
  plain: {},
};

for (const [kind, options] of Object.entries(accounts)) {
  it(`a lock held for ever over a loop that nobody waits for: no debt is added by a round (${kind} class)`, () =>
    isolated(async (instance) => {
      const leader = new instance.Mutex({ class: 'debts.leader' });
      await leader.acquire();
      const ofClass = new LockClass(`debts.${kind}`, options);
      const made = [1, 2].map((i) => Object.assign(new instance.Mutex({ class: ofClass }), { i }));
      const [first, second] = made as unknown as [Mutex, Mutex];
      const { tracker } = runtimeOf(instance).validator;
      let [rounds, mostOwed] = [0, 0];
      void (async () => {
        for (; rounds < 20_000; rounds++) {
          const release = await first.acquire();
          const releaseSecond = await second.acquire();
          releaseSecond();
          mostOwed = Math.max(mostOwed, tracker.owner?.debts?.size ?? 0);
          release();
          if (rounds % 100 === 0) await nextTurn();
        }
      })();
      const heaps: number[] = [];
      for (const goal of [2000, 20_000]) {
        while (rounds < goal) await nextTurn();
        collect();
        heaps.push(process.memoryUsage().heapUsed);
        assert.ok(debtsUnder(instance, leader) <= 4, `debts under the leader: ${debtsUnder(instance, leader)}`);
      }
      assert.ok(mostOwed > 0 && mostOwed <= 4, `debts of the loop: ${mostOwed}`);
      const grown = (heaps[1] as number) - (heaps[0] as number);
      assert.ok(grown < 1_000_000, `the heap grew by ${grown} bytes`);
    }));
}

it('locks of one class that come and go under another one of it: the oldest debts lapse', () =>
  isolated(async (instance) => {
    const ofClass = new LockClass('debts.many', {
      order: ((held: { i: number }, wanted: { i: number }) => held.i - wanted.i) as never,
    });
    const account = (i: number): Mutex => Object.assign(new instance.Mutex({ class: ofClass }), { i });
    const oldest = account(0);
    await oldest.acquire();
    let done = false;
    void (async () => {
      await nextTurn();
      for (let i = 1; i < 4 * MAX_DEBTS; i++) (await account(i).acquire())();
      done = true;
    })();
    while (!done) await nextTurn();
    assert.ok(debtsUnder(instance, oldest) <= 2 * MAX_DEBTS);
    assert.deepEqual(seen(instance), []);
  }));

it('a nesting that a detached child leaves in question is proven by a helper that is waited for', () =>
  isolated(async (instance) => {
    const outer = new instance.Mutex({ class: 'debts.outer' });
    const inner = new instance.Mutex({ class: 'debts.inner' });
    const helper = async (): Promise<void> => {
      await nextTurn();
      (await inner.acquire())();
      await nextTurn();
    };
    const root = async (): Promise<void> => {
      for (let round = 0; round < 2; round++) (await outer.acquire())();
      const release = await outer.acquire();
      void helper();
      void helper();
      await helper();
      release();
    };
    await root();
    const edges = [...runtimeOf(instance).validator.dependencies.edges()];
    assert.deepEqual(
      edges.map(({ from, to, tier }) => `${from} -> ${to} ${tier}`),
      ['debts.outer -> debts.inner strict'],
    );
  }));
