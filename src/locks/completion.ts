/**
 * An event to wait for, with the kernel's semantics: each `complete()` lets one wait pass, whichever of the two comes first;
 * `completeAll()` and `fail()` are final until `reinit()`.
 *
 * To the validator a wait is an acquisition of the completion's class that is never held: what the flow holds meanwhile must
 * not be needed on the way to `complete()`. That way can be named (`signalling`): then locks taken on it are ordered.
 * Every call is O(1), the final ones in the number of waiters.
 */
import { NativePromise } from '../platform/intrinsics.js';
import { CompletionCore } from './completion-core.js';
import { checkedBounds, type WaitOptions } from './event-waiters.js';
import { LockFace } from './lock-face.js';
import { checkedCallback } from './options/checks.js';
import type { LockOptions } from './options/constructor-options.js';
import { enterSection, runSection } from './section.js';
import { CORE } from './symbols.js';

/**
 * An event to wait for, with the kernel's semantics: each `complete()` lets one wait pass, whichever of the two comes first;
 * `completeAll()` and `fail()` are final until `reinit()`. `T` is the type of the value that comes with it.
 *
 * @example
 * ```ts
 * const ready = new Completion<string>({ class: 'ready' });
 * setTimeout(() => ready.complete('open'), 10);
 * console.log(await ready.wait({ timeout: 5000 })); // open
 * ```
 */
export class Completion<T = void> extends LockFace {
  /** @internal */
  readonly [CORE]: CompletionCore<T>;

  /**
   * Makes a completion that has not come. Without a class, all completions constructed at one place are of one class.
   *
   * @throws {TypeError} when an option is not of its type
   */
  constructor(options?: LockOptions) {
    super();
    this[CORE] = new CompletionCore<T>(this, options, new.target);
  }

  /**
   * Waits for one `complete()`, or for the final outcome, and resolves with its value.
   *
   * Fair: in order of arrival. `signal` and `timeout` give up the place among the waiters, and no `complete()` is lost on it. The
   * promise rejects with the error of `fail()`, with `signal.reason`, or as follows; after an error the completion is as it was,
   * and may be waited for again.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and this flow
   * holds what is needed on the way to the completion
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the timeout is longer than a timer can keep
   */
  wait(options?: WaitOptions): Promise<T> {
    try {
      return this[CORE].wait(checkedBounds(options), this.wait);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Uses up one `complete()` and returns true if there is one; else returns false. Never waits. After `fail()` it throws that error,
   * each time.
   */
  tryWait(): boolean {
    return this[CORE].tryTake();
  }

  /** Wakes the oldest waiter; if there is none, one later wait passes at once. Does nothing after `completeAll` or `fail`. */
  complete(value?: T): void {
    this[CORE].comes(this.complete);
    this[CORE].raise(value as T);
  }

  /** Wakes all waiters, and lets every later wait pass, until `reinit()`. Does nothing after `fail`. */
  completeAll(value?: T): void {
    this[CORE].comes(this.completeAll);
    this[CORE].raiseAll(value as T);
  }

  /**
   * Rejects all waiters, and every later wait, until `reinit()`; unused `complete()`s are dropped. Does nothing after `completeAll`.
   *
   * @example
   * ```ts
   * const ready = new Completion();
   * ready.fail(new Error('the port is taken'));
   * await ready.wait().catch((error: unknown) => console.error(error)); // the port is taken
   * ready.reinit(); // for the next try
   * ```
   */
  fail(error: unknown): void {
    this[CORE].comes(this.fail);
    this[CORE].fail(error);
  }

  /** Makes it as new: nothing has come yet. Those who wait go on waiting. */
  reinit(): void {
    this[CORE].reinit();
  }

  /** Whether a wait would be over at once. */
  get done(): boolean {
    return this[CORE].done;
  }

  /**
   * Runs `fn` as a part of the way to `complete()`, until its result has settled, and returns what it returns: what it takes or
   * awaits is needed by those who wait. A wait for this completion's class within it is reported.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   * @throws {TypeError} when `fn` is no function
   *
   * @example
   * ```ts
   * const ready = new Completion({ class: 'ready' });
   * const device = new Mutex({ class: 'device' });
   * await ready.signalling(async () => {
   *   await device.runExclusive(async () => 'started');
   *   ready.complete();
   * });
   * // From here on `await ready.wait()` with the device held is reported.
   * ```
   */
  signalling<R>(fn: () => R): R {
    checkedCallback(fn);
    return runSection(this[CORE], fn, this.signalling);
  }

  /**
   * Begins a part of the way to `complete()`, for what is not one callback: disposing of the result ends it.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   *
   * @example
   * ```ts
   * const ready = new Completion({ class: 'ready' });
   * {
   *   using way = ready.beginSignalling();
   *   ready.complete();
   *   console.log(ready.done); // true
   * }
   * ```
   */
  beginSignalling(): Disposable {
    return enterSection(this[CORE], this.beginSignalling);
  }
}
