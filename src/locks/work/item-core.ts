/**
 * The engine of a work item: at most one run of it is pending and at most one goes on, on whatever queues.
 *
 * Invariant: `pendingWork` is set from the enqueue to the start of that run. Work whose turn comes while the item still runs
 * is parked, and takes its turn when that run ends. O(1) per call.
 */
import type { Work, WorkFunction, WorkOwner } from './work.js';
import { CANCELLED, GRANTED, OVER } from './work.js';
import { EventWaiter, type EventWaiters } from '../event-waiters.js';
import { LockCore, type LockConstructor } from '../lock-core.js';
import { lockOptions, type LockOptions } from '../options/constructor-options.js';
import type { Awaited, Below, Undo } from '../observed.js';

/** The end of a wait that is over before it begins. */
const NO_PLACE: Undo<void> = { giveUp: () => false };

export class ItemCore extends LockCore implements WorkOwner {
  readonly fn: WorkFunction<unknown>;
  pendingWork: Work | undefined = undefined;
  runningWork: Work | undefined = undefined;
  parkedWork: Work | undefined = undefined;
  /** Callers of `cancelSync` that wait: meanwhile it cannot be enqueued. */
  #cancelling = 0;

  constructor(
    owner: object,
    fn: WorkFunction<unknown>,
    options: LockOptions | undefined,
    constructor: LockConstructor,
  ) {
    super(owner, 1, lockOptions(options, 'WorkItem'), 'WorkItem', constructor);
    this.fn = fn;
  }

  override isLocked(): boolean {
    return this.runningWork !== undefined;
  }

  override get isIdle(): boolean {
    return !this.isLocked();
  }

  get accepts(): boolean {
    return this.pendingWork === undefined && this.#cancelling === 0;
  }

  starts(work: Work): void {
    this.pendingWork = undefined;
    this.runningWork = work;
  }

  /** A run of it, or one that did not start after all, is over. */
  ended(work: Work): void {
    if (this.pendingWork === work) this.pendingWork = undefined;
    if (this.runningWork !== work) return;
    this.runningWork = undefined;
    const parked = this.parkedWork;
    this.parkedWork = undefined;
    parked?.queue.unpark(parked);
  }

  cancel(): boolean {
    const work = this.pendingWork;
    if (work === undefined) return false;
    this.pendingWork = undefined;
    if (work.state === GRANTED) work.over();
    else work.queue.takeOut(work, CANCELLED);
    return true;
  }

  flush(below: Below): Promise<void> {
    const work = this.pendingWork ?? this.runningWork;
    const queue = work?.queue;
    const awaited: Awaited[] = [{ lock: this, permits: 1 }];
    // With one slot, whatever has it stands in the way of the item.
    if (queue?.concurrency === 1) awaited.unshift({ lock: queue, permits: 1 });
    return this.#waitFor(work, awaited, below);
  }

  async cancelSync(below: Below): Promise<boolean> {
    const wasPending = this.cancel();
    const work = this.runningWork;
    const waiting = this.#waitFor(work, [{ lock: this, permits: 1 }], below);
    work?.abort(new DOMException('the work item was cancelled', 'AbortError'));
    this.#cancelling += 1;
    try {
      await waiting;
    } finally {
      this.#cancelling -= 1;
    }
    return wasPending;
  }

  #waitFor(work: Work | undefined, awaited: readonly Awaited[], below: Below): Promise<void> {
    const place: EventWaiters<void> | undefined = work === undefined || work.state === OVER ? undefined : work.ends();
    const queue = (): EventWaiter<void> => {
      if (place !== undefined) return place.wait({ signal: undefined, timeout: undefined });
      const waiter = new EventWaiter<void>();
      waiter.resolve();
      return waiter;
    };
    const { observer } = this.world;
    return observer === undefined ? queue().promise : observer.waited(awaited, queue, place ?? NO_PLACE, below);
  }
}
