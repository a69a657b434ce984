/**
 * Those who wait until a lock could be had, without taking it.
 *
 * Woken when as many permits are free as they name and nobody of their priority or above is queued for the lock:
 * heavier ones first, then by priority, then in order of arrival. Cost: O(1) per waiter; at each wake the distinct weights are
 * put in order.
 */
import { WaiterQueue } from '../queue/waiter-queue.js';
import { EventWaiter } from './event-waiters.js';
import type { TimeLimit } from './observed.js';

type UnlockWaiter = EventWaiter<void>;

/** By weight; none is empty after a wake. */
export type UnlockWaiters = Map<number, WaiterQueue<UnlockWaiter>>;

export function waitAmong(
  waiters: UnlockWaiters,
  weight: number,
  priority: number,
  limit: TimeLimit | undefined,
): UnlockWaiter {
  const waiter = new EventWaiter<void>(priority);
  let queue = waiters.get(weight);
  if (queue === undefined) waiters.set(weight, (queue = new WaiterQueue()));
  queue.enqueue(waiter);
  if (limit !== undefined) {
    const { clock, timeout, error } = limit;
    const giveUp = (reason: unknown): boolean => waiter.giveUp(reason);
    waiter.bound(clock, { signal: undefined, timeout }, () => giveUp(error), giveUp);
  }
  return waiter;
}

/** `queued`: the priority at the head of the lock's own queue. */
export function wakeAmong(waiters: UnlockWaiters, value: number, queued: number | undefined): void {
  const heaviestFirst = [...waiters].sort(([one], [other]) => other - one);
  for (const [weight, queue] of heaviestFirst) {
    for (let head = queue.peek(); head !== undefined && weight <= value; head = queue.peek()) {
      if (queued !== undefined && head.priority <= queued) break;
      queue.remove(head);
      head.over();
      head.resolve();
    }
    if (queue.size === 0) waiters.delete(weight);
  }
}
