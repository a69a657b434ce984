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
import { plainPriority, runnable } from './options/checks.js';
import { mutexRequest, PLAIN_REQUEST, type AcquireOptions } from './options/acquire-options.js';
import type { LockOptions } from './options/constructor-options.js';
import { PermitCore } from './permit-core.js';
import { grantReleaser, observerOf, type DisposableReleaser } from './releasing.js';
import { CORE, type WORLD } from './symbols.js';
import type { LockObserver } from './observer.js';
import type { World } from './world.js';

class MutexFace extends LockFace implements MutexInterface {
  /** @internal */
  declare [CORE]: PermitCore;

  /**
   * Waits for the lock and resolves with its releaser, which frees it once, however often it is called.
   *
   * Cancelling (`cancel()`, `signal`, `timeout`) gives up the place in the queue and leaves the lock as it is. Rejects
   * with the cancel error, `signal.reason`, ERR_LOCKDEP_TIMEOUT, or, in enforce, the code of the report.
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

  /** Runs `callback` with the lock held, and frees it when the callback's result has settled. Rejects as `acquire`. */
  runExclusive<T>(callback: MutexInterface.Worker<T>, priorityOrOptions?: number | AcquireOptions): Promise<T> {
    try {
      return runHolding(this[CORE], mutexRequest(priorityOrOptions), runnable(callback), false, this.runExclusive);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** As `acquire`, with a guard for `using guard = await mutex.lock()`. */
  lock(options?: AcquireOptions): Promise<LockGuard> {
    try {
      return acquire(this[CORE], mutexRequest(options), grantGuard, this.lock);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** The releaser if the lock is free, else undefined. Never waits. */
  tryAcquire(): DisposableReleaser | undefined {
    return tryTake(this[CORE], PLAIN_REQUEST, grantReleaser, this.tryAcquire);
  }

  /** A guard if the lock is free, else undefined. Never waits. */
  tryLock(): LockGuard | undefined {
    return tryTake(this[CORE], PLAIN_REQUEST, grantGuard, this.tryLock);
  }

  /** Resolves once the lock could be had at once by that priority; does not take it. `cancel()` leaves it waiting. */
  waitForUnlock(priority?: number): Promise<void> {
    try {
      const request = { weight: 1, priority: plainPriority(priority ?? 0), limit: undefined };
      return waitForUnlock(this[CORE], request, this.waitForUnlock);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  isLocked(): boolean {
    return this[CORE].isLocked();
  }

  /** Frees the lock, whoever holds it. Of a free mutex: no effect, and reported as bad-unlock-balance. */
  release(): void {
    const core = this[CORE];
    if (!core.isLocked()) {
      core.world.observer?.misuse(core, 'free', this.release);
      return;
    }
    if (core.firstHold !== undefined) observerOf(core).releasedByLock(core, 1, this.release);
    core.give(1);
  }

  /** Rejects every waiter with the cancel error, in queue order. The holder and `waitForUnlock` are left alone. */
  cancel(): void {
    this[CORE].cancel();
  }

  /**
   * This path may take the lock: validated as if it were wanted and released here, but never waited for or taken. In enforce
   * throws what is certain at the call.
   */
  might(options?: AcquireOptions): void {
    mightTake(this[CORE], mutexRequest(options), this.might);
  }
}

export interface MutexConstructor {
  /** @internal */
  [WORLD]: World<LockObserver>;
  /** An Error, or what else is no options, is what `cancel()` rejects waiters with, as in async-mutex. */
  new (options?: Error | LockOptions): MutexFace;
  readonly prototype: MutexFace;
}

export type Mutex = MutexFace;
export const Mutex: MutexConstructor = callable(
  'Mutex',
  MutexFace,
  function mutex(this: MutexFace, options?: unknown): void {
    this[CORE] = new PermitCore(
      this,
      1,
      options,
      'Mutex',
      new.target === undefined ? calledFor(this, Mutex) : (new.target as never),
    );
  },
);
