/** The graph of waits and the table, held against the plainest way to say the same; and how their cost grows. */
import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { SlotsFor } from '../../src/liveness/event-queues.js';
import { mayEnd, WaitGraph } from '../../src/liveness/wait-graph.js';
import { seeAwaiters } from '../../src/liveness/wait-stack.js';
import { waitTable } from '../../src/liveness/wait-table.js';
import { listHolds } from '../../src/flow/hold-list.js';
import { WAITING, type Hold } from '../../src/model/hold.js';
import { randomNumbers, RUNS, SEED } from '../order/property.js';
import { isolated, settle } from '../support/harness.js';
import { PlainWaits, type Look } from './plain-waits.js';
import { runFlows, type Random } from './random-flows.js';

const liveOf = (instance: IsolatedLockdep): Iterable<Hold> => runtimeOf(instance).validator.tracker.live();

/** What the runs have come by: each has to be met. */
interface Met {
  circles: number;
  parked: number;
  /** Waits of which some holds are not seen to be those of somebody who awaits them. */
  filtered: number;
  /** Waits that share what they are under. */
  shared: number;
  brought: number;
  proven: number;
}

function check(live: Iterable<Hold>, look: Look, met: Met): void {
  const graph = new WaitGraph(live, look);
  const plain = new PlainWaits([...live], look);
  assert.deepEqual([...graph.states.keys()], plain.locks);
  for (const [lock, { holds, waits }] of graph.states) {
    assert.deepEqual([...holds], plain.holds(lock));
    assert.deepEqual([...waits], plain.waits(lock));
    for (const hold of holds) {
      assert.equal(graph.waitOf(hold), plain.waitOf(hold));
      assert.equal(graph.latestWaitOf(hold), plain.latestWaitOf(hold));
    }
    for (const wait of waits) {
      assert.deepEqual([...graph.heldUnder(wait)], plain.under(wait));
      assert.deepEqual([...graph.holdersBefore(wait)], plain.before(wait));
      assert.equal(graph.queueOf(wait), plain.queueOf(lock));
    }
  }
  assert.deepEqual([...graph.stuck], plain.stuck);
  assert.deepEqual(graph.circles(), plain.circles());
  const { flows, waits, cycles } = waitTable(graph, 0);
  assert.equal(JSON.stringify({ flows, waits, cycles }), JSON.stringify(plain.table()));
  note(graph, look, met);
}

function note(graph: WaitGraph, { proven }: Look, met: Met): void {
  const circles = graph.circles().length;
  if (proven === undefined) met.circles += circles;
  else met.proven += circles;
  const lists = new Set<readonly Hold[]>();
  for (const { waits } of graph.states.values()) {
    for (const wait of waits) {
      if (wait.asked.parked) met.parked += 1;
      if (graph.stuck.has(wait) && graph.queueOf(wait) !== undefined) met.brought += 1;
      if (proven !== undefined || mayEnd(wait)) continue;
      const under = graph.heldUnder(wait);
      if (under.length < listHolds(wait.parent).length) met.filtered += 1;
      if (under.length === 0) continue;
      if (lists.has(under)) met.shared += 1;
      lists.add(under);
    }
  }
}

/** Of some waits some holds, as if their stacks had said so. */
function someProven(live: readonly Hold[], random: Random): NonNullable<Look['proven']> {
  const under = new Map<Hold, readonly Hold[]>();
  const lasting = new Set<Hold>();
  for (const wait of live) {
    if (wait.state !== WAITING) continue;
    if (random(4) > 0) lasting.add(wait);
    if (random(5) > 0)
      under.set(
        wait,
        listHolds(wait.parent).filter(() => random(4) > 0),
      );
  }
  return { under, mayStick: (wait) => lasting.has(wait) };
}

test('random flows: what is stuck, its circles and the table are those of the plain way, in the same order', async () => {
  const random = randomNumbers(SEED);
  const met: Met = { circles: 0, parked: 0, filtered: 0, shared: 0, brought: 0, proven: 0 };
  for (let run = 0; run < Math.min(RUNS, 300); run++) {
    const tracking = random(2) === 0 ? 'precise' : 'light';
    await isolated(
      async (instance) => {
        const slotsFor: SlotsFor = (event) => runtimeOf(instance).slotsFor(event);
        await runFlows(instance, random);
        const parts = (): Hold[] => [...liveOf(instance)];
        // Half of the runs know who awaits what.
        if (random(2) === 0) await seeAwaiters(parts(), Infinity);
        for (const look of [{}, { slotsFor }, { atEnd: true }]) check(liveOf(instance), look, met);
        // A part of what there is has no lists of locks to go by.
        check(parts(), { slotsFor }, met);
        check(parts(), { proven: someProven(parts(), random) }, met);
      },
      { tracking, stallTimeout: 0, deadlockCheckAfter: 0 },
    );
  }
  for (const [what, count] of Object.entries(met)) assert.ok(count > 0, `no program had any: ${what}`);
});

test('an event goes on with the work that brings it, though the table has it before the lock of that work', async () => {
  await isolated(
    async (instance) => {
      const { Completion, lockdep, Mutex, WorkQueue } = instance;
      const queue = new WorkQueue({ class: 'queue' });
      const [wanted, free] = [new Mutex({ class: 'wanted' }), new Mutex({ class: 'free' })];
      const [token, next] = [new Completion({ class: 'token' }), new Completion({ class: 'token' })];
      await queue.run(() => token.completeAll());
      void lockdep.detached(() => next.wait());
      await lockdep.detached(() => free.acquire());
      void lockdep.detached(async () => {
        await wanted.acquire();
        await free.acquire();
      });
      void lockdep.detached(() => queue.run(async () => void (await wanted.acquire())));
      await settle();
      const live = [...liveOf(instance)];
      const graph = new WaitGraph(live, { slotsFor: (event) => runtimeOf(instance).slotsFor(event) });
      const waits = live.filter(({ state }) => state === WAITING);
      const brought = waits.find((wait) => graph.queueOf(wait) !== undefined) as Hold;
      assert.equal(graph.holdersBefore(brought).length, 1);
      assert.deepEqual([...graph.stuck], []);
    },
    { stallTimeout: 0, deadlockCheckAfter: 0 },
  );
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
