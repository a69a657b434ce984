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

export class Completion<T = void> extends LockFace {
  /** @internal */
  readonly [CORE]: CompletionCore<T>;

  /** Without a class, all completions constructed at one place are of one class. */
  constructor(options?: LockOptions) {
    super();
    this[CORE] = new CompletionCore<T>(this, options, new.target);
  }

  /**
   * Waits for one `complete()`, or the final outcome, and resolves with its value. Waiters are served in order of arrival.
   *
   * Cancelling (`signal`, `timeout`) gives up the place among the waiters: no `complete()` is lost on it. Rejects with the
   * error of `fail()`, `signal.reason`, ERR_LOCKDEP_TIMEOUT, or, in enforce, the code of the report. After an error the
   * completion is as it was, and may be waited for again.
   */
  wait(options?: WaitOptions): Promise<T> {
    try {
      return this[CORE].wait(checkedBounds(options), this.wait);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** Uses up one `complete()` if there is one. Never waits. Throws the error of `fail()`, which stays. */
  tryWait(): boolean {
    return this[CORE].tryTake();
  }

  /** Wakes the oldest waiter; if there is none, one later wait passes at once. Nothing after `completeAll` or `fail`. */
  complete(value?: T): void {
    this[CORE].comes(this.complete);
    this[CORE].raise(value as T);
  }

  /** Wakes all, and lets every later wait pass, until `reinit()`. Nothing after `fail`. */
  completeAll(value?: T): void {
    this[CORE].comes(this.completeAll);
    this[CORE].raiseAll(value as T);
  }

  /** Rejects all waiters, and every later wait, until `reinit()`; unused `complete()`s are dropped. Nothing after `completeAll`. */
  fail(error: unknown): void {
    this[CORE].comes(this.fail);
    this[CORE].fail(error);
  }

  /** As new: nothing has come yet. Those who wait go on waiting. */
  reinit(): void {
    this[CORE].reinit();
  }

  /** Would a wait be over at once? */
  get done(): boolean {
    return this[CORE].done;
  }

  /**
   * Runs `fn` as a part of the way to `complete()`, until its result has settled: what it takes or awaits is needed by those who
   * wait. A wait for this completion's class within it is reported. In enforce throws what is certain at the call.
   */
  signalling<R>(fn: () => R): R {
    checkedCallback(fn);
    return runSection(this[CORE], fn, this.signalling);
  }

  /** The same for what is not one callback: disposing of the result ends the section. */
  beginSignalling(): Disposable {
    return enterSection(this[CORE], this.beginSignalling);
  }
}
