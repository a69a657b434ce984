/**
 * A number of permits. async-mutex's Semaphore, call by call, with lock classes, guards, abort signals and timeouts.
 *
 * Fair: by priority, then in order of arrival; a request for many permits holds back lighter ones behind it, so it is
 * not starved. `release` may raise the value beyond its start: a semaphore that starts at 0 is a signal. O(1) per call.
 */
import type { SemaphoreInterface } from 'async-mutex';
import { NativePromise } from '../platform/intrinsics.js';
import { acquire, mightTake, runHolding, tryTake, waitForUnlock } from './acquiring.js';
import type { Hold } from '../model/hold.js';
import { callable, calledFor } from './callable.js';
import { grantGuard, type LockGuard } from './guards.js';
import { LockFace } from './lock-face.js';
import { checkedValue, checkedWeight, runnable } from './options/checks.js';
import { plainRequest, semaphoreRequest, type WeightedAcquireOptions } from './options/acquire-options.js';
import { asyncMutexOptions, type LockOptions } from './options/constructor-options.js';
import { PermitCore } from './permit-core.js';
import type { Grant, ObservedPermits } from './observed.js';
import {
  disposable,
  grantReleaser,
  HOLD,
  releaseHold,
  type DisposableReleaser,
  type TrackedReleaser,
} from './releasing.js';
import { runAcquired, type Acquirable } from './run-acquired.js';
import { CORE } from './symbols.js';

/** What a semaphore can do. */
class SemaphoreFace extends LockFace implements SemaphoreInterface {
  /** @internal */
  declare [CORE]: PermitCore;

  /**
   * Waits for `weight` permits (1 unless it is given) and resolves with the value before the grant and the releaser, which gives
   * them back once, however often it is called.
   *
   * Fair: by priority, then in order of arrival; a request for many permits holds back lighter ones behind it. `cancel()`, `signal`
   * and `timeout` give up the place in the queue, and those behind it move up; after an error no permit is taken. The promise
   * rejects with the cancel error (E_CANCELED unless the option `cancelError` says otherwise), with `signal.reason`, or as
   * follows. An argument that makes no sense throws at once, as a weight does in async-mutex, and is no rejection.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY, ERR_LOCKDEP_RECURSIVE_LOCKING or ERR_LOCKDEP_SEMAPHORE_EXHAUSTION when
   * the mode is enforce and the wait may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {Error} when the argument `weight` is not positive
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when a number is NaN, the option `weight` not positive, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const connections = new Semaphore(10);
   * const [free, release] = await connections.acquire({ timeout: 500 });
   * try {
   *   console.log(`one of ${free}`);
   * } finally {
   *   release();
   * }
   * ```
   */
  acquire(weightOrOptions?: number | WeightedAcquireOptions, priority?: number): Promise<[number, DisposableReleaser]> {
    return acquire(this[CORE], semaphoreRequest(weightOrOptions, priority), grantPair, this.acquire);
  }

  /**
   * Runs `callback` with the permits, passing it the value before the grant, and gives them back when its result has settled.
   * Resolves or rejects as that does.
   *
   * Fair, and cancelled, as `acquire`; it rejects as that does too, and then the callback has not run. A callback that throws
   * leaves the permits free.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY, ERR_LOCKDEP_RECURSIVE_LOCKING or ERR_LOCKDEP_SEMAPHORE_EXHAUSTION when
   * the mode is enforce and the wait may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {Error} when the argument `weight` is not positive
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when a number is NaN, the option `weight` not positive, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const memory = new Semaphore(1024);
   * await memory.runExclusive(async (free) => `200 of ${free}`, { weight: 200 });
   * ```
   */
  runExclusive<T>(
    callback: SemaphoreInterface.Worker<T>,
    weightOrOptions?: number | WeightedAcquireOptions,
    priority?: number,
  ): Promise<T> {
    try {
      // The methods of a subclass are what counts, as in async-mutex.
      if (this.acquire !== own.acquire || this.release !== own.release)
        return runAcquired(this as Acquirable, callback, weightOrOptions, priority);
      return runHolding(
        this[CORE],
        semaphoreRequest(weightOrOptions, priority),
        runnable(callback),
        true,
        this.runExclusive,
      );
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits for the permits and resolves with a guard for them, which also tells whether they are held and can hand the hold off.
   *
   * Fair, and cancelled, as `acquire`; after an error no permit is taken.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY, ERR_LOCKDEP_RECURSIVE_LOCKING or ERR_LOCKDEP_SEMAPHORE_EXHAUSTION when
   * the mode is enforce and the wait may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when a number is NaN, the option `weight` not positive, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const memory = new Semaphore(1024);
   * {
   *   using guard = await memory.lock({ weight: 200 });
   *   console.log(memory.getValue(), guard.released); // 824 false
   * }
   * ```
   */
  lock(options?: WeightedAcquireOptions): Promise<LockGuard> {
    try {
      return acquire(this[CORE], semaphoreRequest(options, undefined), grantGuard, this.lock);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Takes `weight` permits (1 unless it is given) if they can be had at once, and returns their releaser; else undefined. Never
   * waits, and never overtakes who waits already.
   *
   * @throws {Error} when the weight is not positive
   * @throws {TypeError} when the weight is no number
   * @throws {RangeError} when the weight is NaN
   */
  tryAcquire(weight?: number): DisposableReleaser | undefined {
    return tryTake(this[CORE], semaphoreRequest(weight, undefined), grantReleaser, this.tryAcquire);
  }

  /**
   * Takes `weight` permits (1 unless it is given) if they can be had at once, and returns a guard for them; else undefined. Never
   * waits, and never overtakes who waits already.
   *
   * @throws {Error} when the weight is not positive
   * @throws {TypeError} when the weight is no number
   * @throws {RangeError} when the weight is NaN
   */
  tryLock(weight?: number): LockGuard | undefined {
    return tryTake(this[CORE], semaphoreRequest(weight, undefined), grantGuard, this.tryLock);
  }

  /**
   * Waits until `weight` permits (1 unless it is given) could be had at once by that priority (0 unless it is given), and takes
   * none: by the time the caller goes on, somebody else may have. `cancel()` leaves it waiting.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY, ERR_LOCKDEP_RECURSIVE_LOCKING or ERR_LOCKDEP_SEMAPHORE_EXHAUSTION when
   * the mode is enforce and the wait may be part of a deadlock
   * @throws {Error} when the weight is not positive
   * @throws {TypeError} when an argument is no number
   * @throws {RangeError} when an argument is NaN
   */
  waitForUnlock(weight?: number, priority?: number): Promise<void> {
    return waitForUnlock(this[CORE], plainRequest(weight, priority), this.waitForUnlock);
  }

  /** Returns how many permits are free: less than none after `setValue` below 0. */
  getValue(): number {
    return this[CORE].value;
  }

  /**
   * Sets how many permits are free, and serves whoever can go on now. Those that are taken are given back on top of it.
   *
   * @throws {TypeError} when the value is no number
   * @throws {RangeError} when the value is NaN
   */
  setValue(value: number): void {
    this[CORE].setValue(checkedValue(value, 'value'));
  }

  /**
   * Gives back `weight` permits (1 unless it is given), whoever took them, and serves whoever can go on now. The value may rise
   * beyond its start: so a semaphore that starts at 0 is a signal.
   *
   * @throws {Error} when the weight is not positive
   * @throws {TypeError} when the weight is no number
   * @throws {RangeError} when the weight is NaN
   *
   * @example
   * ```ts
   * const items = new Semaphore(0);
   * setTimeout(() => items.release(), 10); // the producer
   * await items.acquire(); // the consumer
   * ```
   */
  release(weight?: number): void {
    const returned = checkedWeight(weight);
    const hold = returning?.lock === this[CORE] ? returning.hold : undefined;
    if (hold !== undefined) {
      returning = undefined;
      releaseHold(this[CORE], returned, hold, this.release);
      return;
    }
    const core = this[CORE];
    core.world.attached?.releasedByLock(core, returned, this.release);
    core.giveMore(returned);
  }

  /** Tells whether no permit is free. */
  isLocked(): boolean {
    return this[CORE].isLocked();
  }

  /**
   * Rejects every waiter with the cancel error, in queue order. Holders and those in `waitForUnlock` are left alone, and the
   * semaphore can be used as before.
   */
  cancel(): void {
    this[CORE].cancel();
  }

  /**
   * Says that this path may take permits: validated as if they were wanted and given back here, but never waited for or taken. So
   * a path that takes them only seldom is checked each time.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY, ERR_LOCKDEP_RECURSIVE_LOCKING or ERR_LOCKDEP_SEMAPHORE_EXHAUSTION when
   * the mode is enforce and that is certain at the call
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when a number is NaN, the weight not positive, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const connections = new Semaphore(10, { class: 'connections' });
   * const cache = new Map<string, string>();
   * async function find(key: string): Promise<string> {
   *   connections.might(); // also where the key is cached
   *   return cache.get(key) ?? (await connections.runExclusive(async () => 'loaded'));
   * }
   * console.log(await find('a'));
   * ```
   */
  might(options?: WeightedAcquireOptions): void {
    mightTake(this[CORE], semaphoreRequest(options, undefined), this.might);
  }
}

/** What makes a Semaphore. */
export interface SemaphoreConstructor {
  /**
   * Makes a semaphore with `value` free permits, which may be none. An Error, or what else is no options, is what `cancel()` rejects
   * waiters with, as in async-mutex.
   *
   * @throws {TypeError} when the value is no number, or an option is not of its type
   * @throws {RangeError} when the value is NaN
   */
  new (value: number, options?: Error | LockOptions): Semaphore;
  /** What every semaphore inherits. */
  readonly prototype: Semaphore;
}

/** A lock that `new Semaphore()` makes. */
export interface Semaphore extends SemaphoreFace {}

/**
 * A number of permits: as many flows at a time as there are permits, or one that takes several. async-mutex's Semaphore, call by
 * call, with lock classes, guards, abort signals and timeouts.
 *
 * Fair: by priority, then in order of arrival; a request for many permits holds back lighter ones behind it, so it is not starved.
 *
 * @example
 * ```ts
 * const connections = new Semaphore(10);
 * const rows = await connections.runExclusive(async () => 'read by ten flows at a time');
 * ```
 */
export const Semaphore: SemaphoreConstructor = callable(SemaphoreFace, {
  Semaphore: function (this: SemaphoreFace, value: unknown, options?: unknown): void {
    const constructor = new.target ?? calledFor(this, Semaphore);
    this[CORE] = new PermitCore(
      this,
      checkedValue(value, 'value'),
      asyncMutexOptions(options, 'Semaphore'),
      'Semaphore',
      constructor,
    );
  },
});

/** Taken at load: a spy may be put in their place. */
const own = { acquire: SemaphoreFace.prototype.acquire, release: SemaphoreFace.prototype.release };

/** The hold that a releaser of ours ends by way of a `release` that is not. */
let returning: { readonly lock: ObservedPermits; readonly hold: Hold | undefined } | undefined;

/**
 * What `acquire` resolves with. As async-mutex's, the releaser calls the semaphore's `release`: one of a subclass, or a spy, is
 * what counts.
 */
export const grantPair: Grant<[number, DisposableReleaser]> = (lock, weight, previous, hold) => {
  let called = false;
  const release: TrackedReleaser = disposable(() => {
    if (called) return;
    called = true;
    if ((lock.owner as SemaphoreFace).release !== own.release) releaseThrough(lock, weight, hold);
    else if (hold === undefined) lock.give(weight);
    else releaseHold(lock, weight, hold, release);
  });
  if (hold !== undefined) release[HOLD] = hold;
  return [previous, release];
};

function releaseThrough(lock: ObservedPermits, weight: number, hold: Hold | undefined): void {
  returning = { lock, hold };
  try {
    (lock.owner as SemaphoreFace).release(weight);
  } finally {
    returning = undefined;
  }
}
