/**
 * Mutual exclusion. async-mutex's Mutex, call by call, with lock classes, guards, abort signals and timeouts.
 *
 * Fair: waiters of one priority are served in order of arrival, higher priorities first. Not reentrant. Every call is
 * O(1). A lock that is never released stays locked; a holder that throws inside `runExclusive` releases it.
 */
import type { MutexInterface } from 'async-mutex';
import { NativePromise, resolved } from '../platform/intrinsics.js';
import { acquire, mightTake, runHolding, tryTake, waitForUnlock } from './acquiring.js';
import { callable, calledFor } from './callable.js';
import { grantGuard, type LockGuard } from './guards.js';
import { LockFace } from './lock-face.js';
import { runnable } from './options/checks.js';
import { mutexRequest, PLAIN_REQUEST, plainRequest, type AcquireOptions } from './options/acquire-options.js';
import { asyncMutexOptions, type LockOptions } from './options/constructor-options.js';
import { PermitCore } from './permit-core.js';
import { grantReleaser, type DisposableReleaser } from './releasing.js';
import { CORE } from './symbols.js';

/** What a mutex can do. */
class MutexFace extends LockFace implements MutexInterface {
  /** @internal */
  declare [CORE]: PermitCore;

  /**
   * Waits for the lock and resolves with its releaser, which frees it once, however often it is called.
   *
   * Fair: by priority, then in order of arrival. `cancel()`, `signal` and `timeout` give up the place in the queue and leave the
   * lock as it is; so does every error. The promise rejects with the cancel error (E_CANCELED unless the option `cancelError`
   * says otherwise), with `signal.reason`, or as follows.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const mutex = new Mutex();
   * const release = await mutex.acquire({ timeout: 500 });
   * try {
   *   console.log('alone');
   * } finally {
   *   release();
   * }
   * ```
   */
  acquire(priorityOrOptions?: number | AcquireOptions): Promise<DisposableReleaser> {
    try {
      const core = this[CORE];
      if (priorityOrOptions === undefined && core.value > 0 && core.world.observer === undefined) {
        return resolved(core.take(1, undefined, grantReleaser));
      }
      return acquire(core, mutexRequest(priorityOrOptions), grantReleaser, this.acquire);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Runs `callback` with the lock held, and frees it when the callback's result has settled. Resolves or rejects as that does.
   *
   * Fair, and cancelled, as `acquire`; it rejects as that does too, and then the callback has not run. A callback that throws
   * leaves the lock free.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   */
  runExclusive<T>(callback: MutexInterface.Worker<T>, priorityOrOptions?: number | AcquireOptions): Promise<T> {
    try {
      return runHolding(this[CORE], mutexRequest(priorityOrOptions), runnable(callback), false, this.runExclusive);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits for the lock and resolves with a guard for it, which also tells whether it is held and can hand the hold off.
   *
   * Fair, and cancelled, as `acquire`; after an error the lock is as it was.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const mutex = new Mutex();
   * {
   *   using guard = await mutex.lock();
   *   console.log(guard.released); // false
   * }
   * console.log(mutex.isLocked()); // false
   * ```
   */
  lock(options?: AcquireOptions): Promise<LockGuard> {
    try {
      return acquire(this[CORE], mutexRequest(options), grantGuard, this.lock);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Takes the lock if it is free, and returns its releaser; else undefined. Never waits.
   *
   * @example
   * ```ts
   * const mutex = new Mutex();
   * const release = mutex.tryAcquire();
   * if (release === undefined) console.log('busy');
   * else release();
   * ```
   */
  tryAcquire(): DisposableReleaser | undefined {
    return tryTake(this[CORE], PLAIN_REQUEST, grantReleaser, this.tryAcquire);
  }

  /** Takes the lock if it is free, and returns a guard for it; else undefined. Never waits. */
  tryLock(): LockGuard | undefined {
    return tryTake(this[CORE], PLAIN_REQUEST, grantGuard, this.tryLock);
  }

  /**
   * Waits until the lock could be had at once by that priority (0 unless it is given), and does not take it: by the time the caller
   * goes on, somebody else may have. `cancel()` leaves it waiting.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {TypeError} when the priority is no number
   * @throws {RangeError} when the priority is NaN
   */
  waitForUnlock(priority?: number): Promise<void> {
    try {
      return waitForUnlock(this[CORE], plainRequest(1, priority), this.waitForUnlock);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** Tells whether anybody holds the lock. */
  isLocked(): boolean {
    return this[CORE].isLocked();
  }

  /**
   * Frees the lock, whoever holds it: the releaser that `acquire` gave is safer. A free mutex stays as it is, and that is reported
   * as `bad-unlock-balance`; so is the release of one that the callback of a `runExclusive()` has.
   *
   * @throws {LockdepError} ERR_LOCKDEP_BAD_UNLOCK_BALANCE when the mode is enforce and such a callback has it; the lock is as it was
   */
  release(): void {
    const core = this[CORE];
    if (!core.isLocked()) {
      core.world.observer?.misuse(core, 'free', this.release, 1);
      return;
    }
    core.world.attached?.releasedByLock(core, 1, this.release);
    core.give(1);
  }

  /**
   * Rejects every waiter with the cancel error, in queue order. The holder and those in `waitForUnlock` are left alone, and the
   * lock can be used as before.
   */
  cancel(): void {
    this[CORE].cancel();
  }

  /**
   * Says that this path may take the lock: validated as if it were wanted and released here, but never waited for or taken. So a
   * path that takes it only seldom is checked each time.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const refreshing = new Mutex({ class: 'refresh' });
   * const cache = new Map<string, string>();
   * async function find(key: string): Promise<string> {
   *   refreshing.might(); // also where the key is cached
   *   return cache.get(key) ?? (await refreshing.runExclusive(async () => 'loaded'));
   * }
   * console.log(await find('a'));
   * ```
   */
  might(options?: AcquireOptions): void {
    mightTake(this[CORE], mutexRequest(options), this.might);
  }
}

/** What makes a Mutex. */
export interface MutexConstructor {
  /**
   * Makes a mutex that is free. An Error, or what else is no options, is what `cancel()` rejects waiters with, as in async-mutex.
   *
   * @throws {TypeError} when an option is not of its type
   */
  new (options?: Error | LockOptions): Mutex;
  /** What every mutex inherits. */
  readonly prototype: Mutex;
}

/** A lock that `new Mutex()` makes. */
export interface Mutex extends MutexFace {}

/**
 * Mutual exclusion: one flow at a time has the lock. async-mutex's Mutex, call by call, with lock classes, guards, abort signals
 * and timeouts.
 *
 * Fair: by priority, then in order of arrival. Not reentrant: a flow that holds it and wants it again waits for itself, which is
 * reported. For several holders take a Semaphore, for readers an RWSemaphore.
 *
 * @example
 * ```ts
 * const file = new Mutex({ class: 'log file' });
 * const written = await file.runExclusive(async () => 'written by one flow at a time');
 * ```
 */
export const Mutex: MutexConstructor = callable(MutexFace, {
  Mutex: function (this: MutexFace, options?: unknown): void {
    this[CORE] = new PermitCore(
      this,
      1,
      asyncMutexOptions(options, 'Mutex'),
      'Mutex',
      new.target ?? calledFor(this, Mutex),
    );
  },
});
