/** The graph of waits and the table, held against the plainest way to say the same; and how their cost grows. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { Mutex, RWSemaphore, Semaphore } from '../../src/index.js';
import { WaitGraph } from '../../src/liveness/wait-graph.js';
import { waitTable } from '../../src/liveness/wait-table.js';
import type { Hold } from '../../src/model/hold.js';
import { randomNumbers, RUNS, SEED } from '../order/property.js';
import { isolated, settle } from '../support/harness.js';
import { PlainWaits } from './plain-waits.js';

type Random = (below: number) => number;
type Take = (options: { readonly priority: number; readonly signal?: AbortSignal }) => Promise<unknown>;

const liveOf = (instance: IsolatedLockdep): Iterable<Hold> => runtimeOf(instance).validator.tracker.live();

/** Ways to take some lock or other; each is held until the program ends. */
function takesOf(instance: IsolatedLockdep): Take[] {
  const mutexes = Array.from({ length: 4 }, (_, at) => new instance.Mutex({ class: `graph.m${at}` }));
  const semaphore: Semaphore = new instance.Semaphore(3, { class: 'graph.s' });
  const fifo: RWSemaphore = new instance.RWSemaphore({ class: 'graph.f' });
  const preferring: RWSemaphore = new instance.RWSemaphore({ class: 'graph.p', fairness: 'reader-preferring' });
  const event = new instance.Completion({ class: 'graph.e' });
  const hand = async (lock: Mutex): Promise<void> => (await lock.lock()).transfer();
  return [
    ...mutexes.map(
      (lock): Take =>
        (options) =>
          lock.acquire(options),
    ),
    (options) => mutexes[0]!.runExclusive(() => new Promise(() => undefined), options),
    (options) => semaphore.acquire(options),
    (options) => semaphore.acquire({ ...options, weight: 2 }),
    ...[fifo, preferring].flatMap((lock): Take[] => [(o) => lock.acquireRead(o), (o) => lock.acquireWrite(o)]),
    () => mutexes[1]!.waitForUnlock(),
    () => event.wait(),
    () => hand(mutexes[2]!),
  ];
}

async function runFlows(instance: IsolatedLockdep, random: Random): Promise<void> {
  const takes = takesOf(instance);
  const flow = async (depth: number): Promise<void> => {
    for (let step = 0; step < depth; step++) {
      const take = takes[random(takes.length)] as Take;
      const taken = take({ priority: random(3), ...(random(5) === 0 ? { signal: new AbortController().signal } : {}) });
      // What nobody awaits goes on beside the flow, under the same locks.
      if (random(3) === 0) taken.catch(() => undefined);
      else await taken.catch(() => undefined);
    }
  };
  for (let flows = 0; flows < 8; flows++) void instance.lockdep.detached(() => flow(1 + random(4)));
  await settle(3);
}

function check(live: Iterable<Hold>, atEnd: boolean): number {
  const graph = new WaitGraph(live, { atEnd });
  const plain = new PlainWaits([...live], atEnd);
  assert.deepEqual([...graph.states.keys()], plain.locks);
  for (const [lock, { holds, waits }] of graph.states) {
    assert.deepEqual([...holds], plain.holds(lock));
    assert.deepEqual([...waits], plain.waits(lock));
    for (const hold of holds) {
      assert.equal(graph.waitOf(hold), plain.waitOf(hold));
      assert.equal(graph.latestWaitOf(hold), plain.latestWaitOf(hold));
    }
    for (const wait of waits) assert.deepEqual([...graph.heldUnder(wait)], plain.under(wait));
  }
  assert.deepEqual([...graph.stuck], plain.stuck);
  assert.deepEqual(graph.circles(), plain.circles());
  const { flows, waits, cycles } = waitTable(graph, 0);
  assert.equal(JSON.stringify({ flows, waits, cycles }), JSON.stringify(plain.table()));
  return cycles.length;
}

test('random flows: what is stuck, its circles and the table are those of the plain way, in the same order', async () => {
  const random = randomNumbers(SEED);
  let circles = 0;
  for (let run = 0; run < Math.min(RUNS, 300); run++) {
    const tracking = random(2) === 0 ? 'precise' : 'light';
    await isolated(
      async (instance) => {
        await runFlows(instance, random);
        for (const atEnd of [false, true]) circles += check(liveOf(instance), atEnd);
        // A part of what there is has no lists of locks to go by.
        check([...liveOf(instance)], false);
      },
      { tracking, stallTimeout: 0, deadlockCheckAfter: 0 },
    );
  }
  assert.ok(circles > 0, 'no program had a circle');
});

/** Reads of holds while the table is made, for each hold and wait. */
function readsOf(instance: IsolatedLockdep): number {
  let reads = 0;
  const live = [...liveOf(instance)];
  for (const node of live) {
    for (const field of ['state', 'parent', 'target'] as const) {
      const value = node[field];
      Object.defineProperty(node, field, { configurable: true, get: () => ((reads += 1), value) });
    }
  }
  const all = runtimeOf(instance).validator.tracker.live();
  const { waits } = waitTable(new WaitGraph(all), 0);
  for (const node of live) {
    for (const field of ['state', 'parent', 'target'] as const) {
      const { [field]: value } = node;
      Object.defineProperty(node, field, { configurable: true, writable: true, value });
    }
  }
  assert.ok(waits.length > 0);
  return reads / live.length;
}

type Scene = (instance: IsolatedLockdep, size: number) => Promise<void>;

const SCENES: Readonly<Record<string, Scene>> = {
  'locks of one flow each': async ({ Mutex, lockdep }, size) => {
    for (let at = 0; at < size; at++) {
      const lock = new Mutex({ class: 'each' });
      await lockdep.detached(() => lock.acquire());
      for (let wait = 0; wait < 10; wait++) void lockdep.detached(() => lock.acquire());
    }
  },
  'locks of one flow, which waits for all of them': async ({ Mutex }, size) => {
    const locks = Array.from({ length: size }, () => new Mutex({ class: 'own' }));
    for (const lock of locks) await lock.acquire();
    for (const lock of locks) for (let wait = 0; wait < 10; wait++) void lock.acquire();
  },
  'a semaphore with as many holders, each of which waits': async ({ Mutex, Semaphore, lockdep }, size) => {
    const permits = new Semaphore(size, { class: 'permits' });
    const lock = new Mutex({ class: 'last' });
    await lockdep.detached(() => lock.acquire());
    const flow = async (): Promise<void> => {
      await permits.acquire();
      await lock.acquire();
    };
    for (let at = 0; at < size; at++) void lockdep.detached(flow);
    for (let wait = 0; wait < size; wait++) void lockdep.detached(() => permits.acquire());
  },
  'one circle of all flows': async ({ Mutex, lockdep }, size) => {
    const locks = Array.from({ length: size }, () => new Mutex({ class: 'ring' }));
    const flow = async (at: number): Promise<void> => {
      await locks[at]!.acquire();
      await settle(1);
      await locks[(at + 1) % size]!.acquire();
    };
    for (let at = 0; at < size; at++) void lockdep.detached(() => flow(at));
  },
};

/** However many there are, and whatever the flow of a wait holds. */
const MOST_READS = 25;

describe('a few steps for each hold and wait, for ten times as many too', () => {
  for (const [name, scene] of Object.entries(SCENES)) {
    it(name, async () => {
      const reads: number[] = [];
      for (const size of [300, 3000]) {
        const options = { tracking: 'precise', stallTimeout: 0, deadlockCheckAfter: 0, warnings: false } as const;
        await isolated(async (instance) => {
          await scene(instance, size);
          await settle();
          reads.push(readsOf(instance));
        }, options);
      }
      for (const each of reads) assert.ok(each <= MOST_READS, `${each} reads of each`);
    });
  }
});
