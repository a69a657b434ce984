/**
 * One piece of work of a queue, from its submission to its end: what runs, whose signal it sees, who waits for its end.
 *
 * Invariant: state only moves DELAYED -> QUEUED -> GRANTED -> RUNNING -> OVER, forwards; work that is taken out goes to OVER.
 */
import { builtin } from '../../platform/builtin.js';
import { refusalOf } from '../abort-listeners.js';
import { BoundedWaiter } from '../bounded-waiter.js';
import { EventWaiters } from '../event-waiters.js';
import type { Epoch } from './flush-epochs.js';
import type { LockCore } from '../lock-core.js';

/** The queue that work is in. */
export interface WorkHost extends LockCore {
  readonly concurrency: number;
  /** The run of `work` is over, or its turn came too late. */
  finished(work: Work): void;
  /** Takes work that has no slot out; its turn is refused with `reason`. */
  takeOut(work: Work, reason: unknown): void;
  /** The item that parked this work has ended its run. */
  unpark(work: Work): void;
}

/** The item that work is a run of. */
export interface WorkOwner extends LockCore {
  pendingWork: Work | undefined;
  runningWork: Work | undefined;
  parkedWork: Work | undefined;
  starts(work: Work): void;
  ended(work: Work): void;
}

/** What a queue runs: a function that gets an AbortSignal of its own, and may return a promise. */
export type WorkFunction<T> = (signal: AbortSignal) => T | Promise<T>;

export const DELAYED = 0;
export const QUEUED = 1;
/** It has a slot, and starts in the next turn. */
export const GRANTED = 2;
export const RUNNING = 3;
export const OVER = 4;
export type WorkState = typeof DELAYED | typeof QUEUED | typeof GRANTED | typeof RUNNING | typeof OVER;

/** For functions that declare no parameter and whose run nothing can abort: making a signal costs more than the rest. */
let sharedSignal: AbortSignal | undefined;

/** Made for the first run that wants one: Node loads the class when it is first named. */
function neverAborted(): AbortSignal {
  if (sharedSignal !== undefined) return sharedSignal;
  sharedSignal = new AbortController().signal;
  try {
    builtin<typeof import('node:events')>('events')?.setMaxListeners(0, sharedSignal);
  } catch {
    // Somebody else's kind of signal (jsdom's), which counts no listeners.
  }
  return sharedSignal;
}

/** What a turn is refused with when an item is cancelled: nobody's error. */
export const CANCELLED: unique symbol = Symbol('lockdep.cancelled');

export abstract class Work<T = unknown> extends BoundedWaiter {
  state: WorkState = DELAYED;
  /** Undefined while it is delayed: then it is not queued yet. */
  epoch: Epoch | undefined = undefined;
  readonly queue: WorkHost;
  fn: WorkFunction<T>;
  /** The signal of whoever submitted it. */
  readonly signal: AbortSignal | undefined;
  /** The item that it is a run of. */
  readonly item: WorkOwner | undefined;
  #rare: { controller?: AbortController; waiters?: EventWaiters<void> } | undefined = undefined;

  constructor(
    queue: WorkHost,
    fn: WorkFunction<T>,
    priority: number,
    signal: AbortSignal | undefined,
    item: WorkOwner | undefined,
  ) {
    super(priority);
    this.queue = queue;
    this.fn = fn;
    this.signal = signal;
    this.item = item;
  }

  /** It has a slot now, and had none when it was submitted. It runs in the next turn. */
  abstract begin(): void;

  /** It is taken out, and will not have a slot. */
  abstract refuse(reason: unknown): void;

  /** Its turn has come. Work that was aborted or cancelled since its slot was granted does not run. */
  start(): T | Promise<T> {
    const refusal = refusalOf(this.signal);
    if (refusal !== undefined) throw refusal.reason;
    if (this.state === OVER) throw CANCELLED;
    this.state = RUNNING;
    this.item?.starts(this);
    return this.fn(this.#ownSignal());
  }

  /** Aborts the signal that the running function sees. */
  abort(reason: unknown): void {
    this.#rare?.controller?.abort(reason);
  }

  /** Those who wait for its end. */
  ends(): EventWaiters<void> {
    this.#rare ??= {};
    return (this.#rare.waiters ??= new EventWaiters(this.queue.world, 'the work was not over'));
  }

  /** It has run, or was taken out. */
  over(): void {
    this.state = OVER;
    this.unbind();
    this.#rare?.waiters?.wakeAll();
  }

  #ownSignal(): AbortSignal {
    if (this.item === undefined && this.signal === undefined && this.fn.length === 0) return neverAborted();
    const controller = new AbortController();
    (this.#rare ??= {}).controller = controller;
    return controller.signal;
  }
}
