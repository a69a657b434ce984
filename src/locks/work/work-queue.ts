/**
 * Work in the order of its submission, so much of it at once: the kernel's workqueue, with promises.
 *
 * Fair by priority, then in order of arrival. Nothing runs inside the call that submits it. Whatever a task does (throw,
 * reject, return nothing), its slot goes on. A task runs in a flow of its own: the locks of whoever submitted it are not its
 * own, the AsyncLocalStorage contexts of the program are. O(1) per call.
 */
import { NativePromise } from '../../platform/intrinsics.js';
import { mistyped } from '../../platform/describe.js';
import { noteUnknown } from '../../platform/unknown-options.js';
import { checkedBounds, type WaitOptions } from '../event-waiters.js';
import { LockFace } from '../lock-face.js';
import { checkedCallback, checkedPriority, isSignal, checkedDuration } from '../options/checks.js';
import { checkedClass, type LockOptions } from '../options/constructor-options.js';
import type { Milliseconds } from '../observed.js';
import { QueueCore } from './queue-core.js';
import { enqueueItem, submit, submitPlain, type OnItemError } from './submitting.js';
import { CORE } from '../symbols.js';
import type { Submission } from '../observed.js';
import type { ItemCore } from './item-core.js';
import type { WorkFunction } from './work.js';
import { WorkItem } from './work-item.js';
import type { LockClass } from '../../model/lock-class.js';

/**
 * Options of a WorkQueue.
 *
 * @example
 * ```ts
 * const options: WorkQueueOptions = { class: 'mail', concurrency: 4, onError: (error) => console.error(error) };
 * const mail = new WorkQueue(options);
 * ```
 */
export interface WorkQueueOptions extends LockOptions {
  /**
   * How much may run at once. `Infinity`: no bound.
   *
   * @default 1: one after the other, in order
   */
  concurrency?: number | undefined;
  /**
   * Called with the error of an item's run, which has no caller to go to, and the item.
   *
   * @default undefined: an unhandled rejection
   */
  onError?: ((error: unknown, item: WorkItem<unknown>) => void) | undefined;
}

/**
 * Options of a task. An option that is undefined is as if it were not there.
 *
 * @example
 * ```ts
 * const queue = new WorkQueue();
 * const options: RunOptions = { name: 'report', priority: 1, signal: AbortSignal.timeout(5000) };
 * await queue.run(async (signal) => `aborted: ${signal.aborted}`, options);
 * ```
 */
export interface RunOptions {
  /**
   * The class of the task, or the name of one.
   *
   * @default undefined: the place where the task is submitted
   */
  class?: LockClass | string | undefined;
  /**
   * Label of this task in reports.
   *
   * @default undefined: no label
   */
  name?: string | undefined;
  /**
   * Higher ones run first, equal ones in order of arrival.
   *
   * @default 0
   */
  priority?: number | undefined;
  /**
   * When it is aborted, takes the task out of the queue and rejects with `signal.reason`; while the task runs, aborts the signal
   * that it sees.
   *
   * @default undefined: the task can not be aborted
   */
  signal?: AbortSignal | undefined;
  /**
   * Queues the task after so many milliseconds. Until then neither `flush` nor `onIdle` nor `size` knows of it.
   *
   * @default 0
   */
  delay?: Milliseconds | undefined;
}

/**
 * Work in the order of its submission, so much of it at once: the kernel's workqueue, with promises.
 *
 * Fair: by priority, then in order of arrival. Nothing runs inside the call that submits it. Whatever a task does (throw, reject,
 * return nothing), its slot goes on. A task runs in a flow of its own: the locks of whoever submitted it are not its own.
 *
 * @example
 * ```ts
 * const queue = new WorkQueue({ class: 'mail', concurrency: 4 });
 * const sent = await queue.run(async () => 'sent');
 * await queue.close();
 * ```
 */
export class WorkQueue extends LockFace {
  /** @internal */
  readonly [CORE]: QueueCore;
  readonly #onError: OnItemError | undefined;

  /**
   * Makes a queue that is empty and open. Without a class, all queues constructed at one place are of one class.
   *
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when `concurrency` is neither a whole number from 1 nor Infinity
   */
  constructor(options: WorkQueueOptions = {}) {
    super();
    const { concurrency, onError } = { ...(options as WorkQueueOptions | null) };
    if (onError !== undefined && typeof onError !== 'function') {
      throw mistyped('option onError', 'a function', onError);
    }
    this.#onError = onError as OnItemError | undefined;
    this[CORE] = new QueueCore(
      this,
      options,
      checkedConcurrency(concurrency === undefined ? 1 : concurrency),
      new.target,
    );
  }

  /**
   * Runs `fn` when its turn comes, and resolves or rejects as it does. `fn` gets a signal of its own. Who awaits the result waits
   * for the queue.
   *
   * Fair: by priority, then in order of arrival. A `signal` that is aborted before the task has begun takes it out of the queue;
   * the promise rejects with `signal.reason` then. In that case, and in the following ones, `fn` does not run, and the queue goes on.
   *
   * @throws {QueueClosedError} ERR_LOCKDEP_CLOSED when the queue is closed, or is closed before a delayed task is queued
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY, ERR_LOCKDEP_RECURSIVE_LOCKING or ERR_LOCKDEP_SEMAPHORE_EXHAUSTION when
   * the mode is enforce, the result is awaited, and that wait may be part of a deadlock
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the delay longer than a timer can keep
   *
   * @example
   * ```ts
   * const queue = new WorkQueue();
   * const text = await queue.run(async (signal) => (await fetch('https://example.com', { signal })).text(), {
   *   signal: AbortSignal.timeout(5000),
   * });
   * ```
   */
  run<T>(fn: WorkFunction<T>, options?: RunOptions): Promise<T> {
    try {
      checkedCallback(fn);
      const core = this[CORE];
      if (options === undefined && core.world.observer === undefined && !core.closed) return submitPlain(core, fn);
      return submit(core, submissionOf(fn, options), this.run);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Makes the item pending and returns true; false when it is pending already, or is being cancelled. An item that runs may be
   * enqueued again and then runs once more, never beside itself.
   *
   * @throws {QueueClosedError} ERR_LOCKDEP_CLOSED when the queue is closed and the item is not running on it
   * @throws {TypeError} when it is no item, or one of another lockdep instance
   *
   * @example
   * ```ts
   * const queue = new WorkQueue();
   * const save = new WorkItem(async () => console.log('saved'));
   * console.log(queue.enqueue(save), queue.enqueue(save)); // true false
   * await save.flush();
   * ```
   */
  enqueue(item: WorkItem<unknown>): boolean {
    if (!(item instanceof WorkItem)) throw mistyped('item', 'a WorkItem', item);
    const core = item[CORE];
    if (core.world !== this[CORE].world) throw new TypeError('item must be of the same lockdep instance as the queue');
    return enqueueItem(this[CORE], core, this.#onError, this.enqueue);
  }

  /**
   * Waits for everything that was queued before the call: run, failed, or taken out. Not for what is queued later, nor for delayed
   * work whose time has not come (as the kernel's flush_workqueue). From a task of this queue it would wait for itself: reported.
   *
   * `signal` and `timeout` give up the wait alone: the promise rejects with `signal.reason` or as follows, and the work goes on.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what a task of the queue needs, or is one
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the timeout is longer than a timer can keep
   */
  flush(options?: WaitOptions): Promise<void> {
    try {
      return this[CORE].flush(checkedBounds(options), this.flush);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits until nothing is queued and nothing runs, whatever is added meanwhile, by tasks or from outside. Else as `flush`.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what a task of the queue needs, or is one
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the timeout is longer than a timer can keep
   */
  drain(options?: WaitOptions): Promise<void> {
    try {
      return this[CORE].idle(checkedBounds(options), this.drain);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits until nothing is queued and nothing runs. The same as `drain` without options.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what a task of the queue needs, or is one
   */
  onIdle(): Promise<void> {
    return this[CORE].idle(checkedBounds(undefined), this.onIdle);
  }

  /** Starts nothing more; what runs goes on. Those who wait for queued work wait until `resume`. */
  pause(): void {
    this[CORE].pause();
  }

  /** Starts work again after `pause`. */
  resume(): void {
    this[CORE].resume();
  }

  /**
   * Takes no more work, except from an item that runs and enqueues itself again, and waits until the queue is empty. What is
   * queued runs; delayed work whose time has not come is rejected with ERR_LOCKDEP_CLOSED. May be called again.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what a task of the queue needs, or is one; the queue is closed all the same
   */
  close(): Promise<void> {
    this[CORE].close();
    return this[CORE].idle(checkedBounds(undefined), this.close);
  }

  /** How much waits for a slot. */
  get size(): number {
    return this[CORE].size;
  }

  /** How much has a slot. */
  get running(): number {
    return this[CORE].running;
  }
}

function checkedConcurrency(given: unknown): number {
  if (typeof given !== 'number') throw mistyped('option concurrency', 'a number', given);
  if (given === Infinity || (Number.isSafeInteger(given) && given >= 1)) return given;
  throw new RangeError(`option concurrency must be a whole number from 1, or Infinity, got ${given}`);
}

const KNOWN: readonly string[] = ['class', 'name', 'priority', 'signal', 'delay'];

function submissionOf<T>(fn: WorkFunction<T>, given: RunOptions | undefined): Submission<T, ItemCore> {
  if (given === undefined) {
    return { fn, priority: 0, signal: undefined, delay: 0, lockClass: undefined, name: undefined, item: undefined };
  }
  if (typeof given !== 'object' || given === null) {
    throw mistyped('options', 'an object', given);
  }
  noteUnknown(given, 'WorkQueue.run', KNOWN);
  const { class: ofClass, name, priority, signal, delay } = given;
  if (signal !== undefined && !isSignal(signal)) {
    throw mistyped('option signal', 'an AbortSignal', signal);
  }
  if (name !== undefined && typeof name !== 'string') {
    throw mistyped('option name', 'a string', name);
  }
  return {
    fn,
    priority: checkedPriority(priority === undefined ? 0 : priority),
    signal,
    delay: checkedDuration(delay === undefined ? 0 : delay, 'option delay'),
    lockClass: ofClass === undefined ? undefined : checkedClass(ofClass, 'option class'),
    name,
    item: undefined,
  };
}
