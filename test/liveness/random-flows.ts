/** Programs of flows that take locks at random, and wait for each other more often than not. */
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { Completion, Mutex, RWSemaphore, Semaphore } from '../../src/index.js';
import { settle } from '../support/harness.js';

export type Random = (below: number) => number;
type Options = { readonly priority: number; readonly parked: boolean; readonly signal?: AbortSignal };
type Take = (options: Options) => Promise<unknown>;

/** Ways to wait for a queue, and for an event that its work alone was seen to bring: not every time. */
async function takesOfQueue({ Completion: Event, WorkQueue }: IsolatedLockdep, pick: () => Take): Promise<Take[]> {
  const queue = new WorkQueue({ class: 'graph.q', concurrency: 2 });
  const made = (): Completion => new Event({ class: 'graph.token' });
  await queue.run(async () => {
    const token = made();
    void queue.run(() => token.completeAll());
    await token.wait();
  });
  return [
    () => made().wait(),
    () => queue.run(() => made().wait()),
    () => queue.run(() => queue.run(() => undefined)),
    (options) => queue.run(() => pick()(options)),
    (options) => queue.run(async () => [await settle(1), await pick()(options)]),
  ];
}

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
    (options) => mutexes[3]!.runExclusive(() => mutexes[1]!.acquire(), options),
    (options) => semaphore.acquire(options),
    (options) => semaphore.acquire({ ...options, weight: 2 }),
    ...[fifo, preferring].flatMap((lock): Take[] => [(o) => lock.acquireRead(o), (o) => lock.acquireWrite(o)]),
    (options) =>
      mutexes[2]!.runExclusive(
        () => Promise.all([semaphore.acquire(3), fifo.acquireRead(), mutexes[1]!.acquire()]),
        options,
      ),
    () => mutexes[1]!.waitForUnlock(),
    () => event.wait(),
    () => hand(mutexes[2]!),
  ];
}

/** Eight flows, each of which takes some of them and keeps what it gets. Ends when all wait, or have ended. */
export async function runFlows(instance: IsolatedLockdep, random: Random): Promise<void> {
  const locks = takesOf(instance);
  const takes = [...locks, ...(await takesOfQueue(instance, () => locks[random(locks.length)] as Take))];
  const flow = async (depth: number): Promise<void> => {
    for (let step = 0; step < depth; step++) {
      const take = takes[random(takes.length)] as Take;
      const taken = take({ priority: random(3), parked: random(8) === 0, ...bounded(random) });
      // What nobody awaits goes on beside the flow, under the same locks.
      if (random(3) === 0) taken.catch(() => undefined);
      else await taken.catch(() => undefined);
    }
  };
  for (let flows = 0; flows < 8; flows++) void instance.lockdep.detached(() => flow(1 + random(4)));
  await settle(3);
}

function bounded(random: Random): { readonly signal?: AbortSignal } {
  return random(5) === 0 ? { signal: new AbortController().signal } : {};
}
