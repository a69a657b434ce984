/**
 * Who waits for all that was queued before a certain moment, whatever is queued later.
 *
 * Work counts for the epoch in which it was queued; a flush closes the epoch. Epochs end in order: one that has no work
 * left ends when all before it have. Invariant: only the newest epoch is open, and only closed ones have waiters.
 * O(1) per call, amortised; memory: one record for each flush that is not over and had work before it.
 */
import { EventWaiters } from '../event-waiters.js';
import type { World } from '../world.js';

export class Epoch {
  /** Work of this epoch that is not over. */
  count = 0;
  waiters: EventWaiters<void> | undefined = undefined;
  next: Epoch | undefined = undefined;
}

export class FlushEpochs {
  readonly #world: World<unknown>;
  #oldest = new Epoch();
  #open: Epoch = this.#oldest;
  /** The newest of the closed ones that are not over. */
  #lastClosed: Epoch | undefined = undefined;

  constructor(world: World<unknown>) {
    this.#world = world;
  }

  /** A piece of work is queued. */
  enter(): Epoch {
    this.#open.count += 1;
    return this.#open;
  }

  /** It is over, or was taken out. */
  leave(epoch: Epoch): void {
    epoch.count -= 1;
    while (this.#oldest.count === 0 && this.#oldest.next !== undefined) this.#endOldest(this.#oldest.next);
  }

  /** Where to wait for all that is queued now; undefined when there is nothing. */
  close(): EventWaiters<void> | undefined {
    if (this.#open.count > 0) this.#closeOpen();
    const last = this.#lastClosed;
    if (last === undefined) return undefined;
    return (last.waiters ??= new EventWaiters(this.#world, 'the queue was not flushed'));
  }

  /** Throws if the epochs contradict themselves: for tests. */
  checkInvariants(): void {
    if (this.#open.next !== undefined) throw new Error('epochs: the newest one is open');
    if (this.#open.waiters !== undefined) throw new Error('epochs: nobody waits for an open one');
    if (this.#oldest.count === 0 && this.#oldest !== this.#open) throw new Error('epochs: the oldest is not over');
    if ((this.#lastClosed === undefined) !== (this.#oldest === this.#open)) {
      throw new Error('epochs: the last closed one is known');
    }
  }

  #closeOpen(): void {
    const closed = this.#open;
    const next = new Epoch();
    closed.next = next;
    this.#open = next;
    this.#lastClosed = closed;
  }

  #endOldest(next: Epoch): void {
    const over = this.#oldest;
    this.#oldest = next;
    if (over === this.#lastClosed) this.#lastClosed = undefined;
    over.waiters?.wakeAll();
  }
}
