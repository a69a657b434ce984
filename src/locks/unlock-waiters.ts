/**
 * Those who wait until a lock could be had, without taking it.
 *
 * Woken when as many permits are free as they name and nobody of their priority or above is queued for the lock:
 * heavier ones first, then by priority, then in order of arrival. Cost: O(1) per waiter, plus the number of distinct
 * weights at each wake.
 */
import { WaiterQueue } from '../queue/waiter-queue.js';
import { EventWaiter } from './event-waiters.js';
import type { TimeLimit, UnlockWait } from './observed.js';

export class UnlockWaiter extends EventWaiter<void> implements UnlockWait {
  /** Where it waits; undefined: it does not. */
  readonly place: WaiterQueue<UnlockWaiter> | undefined;

  constructor(priority: number, place: WaiterQueue<UnlockWaiter> | undefined) {
    super(priority);
    this.place = place;
    place?.enqueue(this);
  }

  /** Gives up the place; false when the wait is over already. */
  refuse(error: unknown): boolean {
    if (this.place?.remove(this) === false) return false;
    this.over();
    this.reject(error);
    return true;
  }
}

export class UnlockWaiters {
  /** By weight, heaviest first. */
  readonly #levels: { readonly weight: number; readonly queue: WaiterQueue<UnlockWaiter> }[] = [];

  wait(weight: number, priority: number, limit: TimeLimit | undefined): UnlockWaiter {
    const waiter = new UnlockWaiter(priority, this.#level(weight));
    if (limit !== undefined) {
      const refuse = (reason: unknown): boolean => waiter.refuse(reason);
      waiter.bound(limit.clock, { signal: undefined, timeout: limit.timeout }, () => refuse(limit.error), refuse);
    }
    return waiter;
  }

  /** `queued`: the priority at the head of the lock's own queue. */
  wake(value: number, queued: number | undefined): void {
    for (const { weight, queue } of this.#levels) {
      if (weight > value) continue;
      for (let head = queue.peek(); head !== undefined; head = queue.peek()) {
        if (queued !== undefined && head.priority <= queued) break;
        queue.dequeue();
        head.over();
        head.resolve();
      }
    }
    for (let i = this.#levels.length - 1; i >= 0; i--) if (this.#levels[i]?.queue.size === 0) this.#levels.splice(i, 1);
  }

  #level(weight: number): WaiterQueue<UnlockWaiter> {
    const { length } = this.#levels;
    let at = 0;
    while (at < length && (this.#levels[at]?.weight ?? 0) > weight) at++;
    const found = this.#levels[at];
    if (found?.weight === weight) return found.queue;
    const queue = new WaiterQueue<UnlockWaiter>();
    this.#levels.splice(at, 0, { weight, queue });
    return queue;
  }
}
