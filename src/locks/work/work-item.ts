/**
 * A task that may be enqueued again and again, and is pending once at most: the kernel's work_struct.
 *
 * Never runs beside itself, on whatever queues it is enqueued. It runs in the AsyncLocalStorage contexts of the call that made
 * it pending. Every call is O(1).
 */
import { ItemCore } from './item-core.js';
import { LockFace } from '../lock-face.js';
import { checkedCallback } from '../options/checks.js';
import type { LockOptions } from '../options/constructor-options.js';
import { CORE } from '../symbols.js';
import type { WorkFunction } from './work.js';

/**
 * A task that may be asked for again and again, and is pending once at most: the kernel's work_struct. A queue runs it
 * (`queue.enqueue(item)`).
 *
 * Never runs beside itself, on whatever queues it is enqueued. It runs in the AsyncLocalStorage contexts of the call that made it
 * pending, and holds none of that flow's locks. `T` is what its function returns, which nobody gets.
 *
 * @example
 * ```ts
 * const queue = new WorkQueue();
 * const save = new WorkItem(async () => console.log('saved'), { class: 'save' });
 * queue.enqueue(save);
 * queue.enqueue(save); // pending already: saved once
 * await save.flush();
 * ```
 */
export class WorkItem<T = void> extends LockFace {
  /** @internal */
  readonly [CORE]: ItemCore;

  /**
   * Makes an item that is not pending. Without a class, all items constructed at one place are of one class.
   *
   * @throws {TypeError} when `fn` is no function, or an option is not of its type
   */
  constructor(fn: WorkFunction<T>, options?: LockOptions) {
    super();
    checkedCallback(fn);
    this[CORE] = new ItemCore(this, fn, options, new.target);
  }

  /**
   * Waits for the end of the run that is pending, else of the one that goes on; at once if there is neither. However the run
   * ends, and also if it is cancelled. From inside the item it would wait for itself: reported.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what the run needs, or is the run
   */
  flush(): Promise<void> {
    return this[CORE].flush(this.flush);
  }

  /** Takes the item out of the queue and returns true if it is pending; else returns false. A run that goes on is left alone. */
  cancel(): boolean {
    return this[CORE].cancel();
  }

  /**
   * Cancels as `cancel`, and if the item runs, aborts the signal that it sees and waits for the end of the run; until then it can
   * not be enqueued. Resolves with what `cancel` would have returned.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what the run needs, or is the run; it is cancelled and its signal aborted all the same
   *
   * @example
   * ```ts
   * const queue = new WorkQueue();
   * const poll = new WorkItem(async (signal) => console.log(signal.aborted));
   * queue.enqueue(poll);
   * console.log(await poll.cancelSync()); // true: it was still pending
   * ```
   */
  cancelSync(): Promise<boolean> {
    return this[CORE].cancelSync(this.cancelSync);
  }

  /** Whether a run is to come. */
  get pending(): boolean {
    return this[CORE].pendingWork !== undefined;
  }

  /** Whether a run goes on. */
  get running(): boolean {
    return this[CORE].runningWork !== undefined;
  }
}
