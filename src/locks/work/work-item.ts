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

export class WorkItem<T = void> extends LockFace {
  /** @internal */
  readonly [CORE]: ItemCore;

  /** Without a class, all items constructed at one place are of one class. */
  constructor(fn: WorkFunction<T>, options?: LockOptions) {
    super();
    checkedCallback(fn);
    this[CORE] = new ItemCore(this, fn, options, new.target);
  }

  /**
   * Waits for the end of the run that is pending, else of the one that goes on; at once if there is neither. However the run
   * ends, and also if it is cancelled. From inside the item it would wait for itself: reported.
   */
  flush(): Promise<void> {
    return this[CORE].flush(this.flush);
  }

  /** Takes it out of the queue if it is pending. A run that goes on is left alone. */
  cancel(): boolean {
    return this[CORE].cancel();
  }

  /**
   * As `cancel`, and if it runs, aborts the signal that it sees and waits for the end of the run; until then it cannot be
   * enqueued. Resolves with what `cancel` would have returned.
   */
  cancelSync(): Promise<boolean> {
    return this[CORE].cancelSync(this.cancelSync);
  }

  /** Is a run to come? */
  get pending(): boolean {
    return this[CORE].pendingWork !== undefined;
  }

  get running(): boolean {
    return this[CORE].runningWork !== undefined;
  }
}
