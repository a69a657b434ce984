/**
 * Those who wait until a lock could be had, without taking it.
 *
 * Woken when as many permits are free as they name and nobody of their priority or above is queued for the lock:
 * heavier ones first, then by priority, then in order of arrival. Cost: O(1) per waiter, plus the number of distinct
 * weights at each wake.
 */
import { Waiter, WaiterQueue } from '../queue/waiter-queue.js';

class UnlockWaiter extends Waiter {
  timer: NodeJS.Timeout | undefined = undefined;
  readonly resolve: () => void;

  constructor(priority: number, resolve: () => void) {
    super(priority);
    this.resolve = resolve;
  }
}

export class UnlockWaiters {
  /** By weight, heaviest first. */
  readonly #levels: { readonly weight: number; readonly queue: WaiterQueue<UnlockWaiter> }[] = [];

  wait(weight: number, priority: number, timeout: number | undefined, timeoutError: unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#level(weight);
      const waiter = new UnlockWaiter(priority, resolve);
      queue.enqueue(waiter);
      if (timeout === undefined || timeout === Infinity) return;
      waiter.timer = setTimeout(() => {
        if (queue.remove(waiter)) reject(timeoutError);
      }, timeout);
    });
  }

  /** `queued`: the priority at the head of the lock's own queue. */
  wake(value: number, queued: number | undefined): void {
    for (const { weight, queue } of this.#levels) {
      if (weight > value) continue;
      for (let head = queue.peek(); head !== undefined; head = queue.peek()) {
        if (queued !== undefined && head.priority <= queued) break;
        queue.dequeue();
        clearTimeout(head.timer);
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
