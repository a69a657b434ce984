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
import { plainPriority, checkedValue, checkedWeight, runnable } from './options/checks.js';
import { semaphoreRequest, type AcquireOptions, type WeightedAcquireOptions } from './options/acquire-options.js';
import type { LockOptions } from './options/constructor-options.js';
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
import { CORE, type WORLD } from './symbols.js';
import type { LockObserver } from './observer.js';
import type { World } from './world.js';

class SemaphoreFace extends LockFace implements SemaphoreInterface {
  /** @internal */
  declare [CORE]: PermitCore;

  /**
   * Waits for `weight` permits (default 1) and resolves with the value before the grant and the releaser.
   *
   * A weight that is not positive throws at once. Cancelling as in Mutex: the place in the queue is given up, and those
   * behind it move up.
   */
  acquire(weightOrOptions?: number | WeightedAcquireOptions, priority?: number): Promise<[number, DisposableReleaser]> {
    return acquire(this[CORE], semaphoreRequest(weightOrOptions, priority), grantPair, this.acquire);
  }

  /** Runs `callback` with the permits, passing it the value before the grant. Rejects for a bad weight. */
  runExclusive<T>(
    callback: SemaphoreInterface.Worker<T>,
    weightOrOptions?: number | WeightedAcquireOptions,
    priority?: number,
  ): Promise<T> {
    try {
      if (this.acquire !== own.acquire || this.release !== own.release)
        return runOverridden(this, callback, weightOrOptions, priority);
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

  /** As `acquire`, with a guard for `using guard = await semaphore.lock()`. */
  lock(options?: AcquireOptions & { weight?: number }): Promise<LockGuard> {
    try {
      return acquire(this[CORE], semaphoreRequest(options, undefined), grantGuard, this.lock);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** The releaser if the permits can be had at once, else undefined. Never waits. */
  tryAcquire(weight?: number): DisposableReleaser | undefined {
    return tryTake(this[CORE], semaphoreRequest(weight, undefined), grantReleaser, this.tryAcquire);
  }

  /** A guard if the permits can be had at once, else undefined. Never waits. */
  tryLock(weight?: number): LockGuard | undefined {
    return tryTake(this[CORE], semaphoreRequest(weight, undefined), grantGuard, this.tryLock);
  }

  /** Resolves once the permits could be had at once by that priority; takes none. `cancel()` leaves it waiting. */
  waitForUnlock(weight?: number, priority?: number): Promise<void> {
    const request = { weight: checkedWeight(weight), priority: plainPriority(priority ?? 0), limit: undefined };
    return waitForUnlock(this[CORE], request, this.waitForUnlock);
  }

  /** Free permits: negative after `setValue` below what is taken. */
  getValue(): number {
    return this[CORE].value;
  }

  /** Sets the free permits and serves whoever can go on now. */
  setValue(value: number): void {
    this[CORE].setValue(checkedValue(value, 'value'));
  }

  /** Returns permits, whoever took them; the value may rise beyond its start. */
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

  /** Are no permits free? */
  isLocked(): boolean {
    return this[CORE].isLocked();
  }

  /** Rejects every waiter with the cancel error, in queue order. Holders and `waitForUnlock` are left alone. */
  cancel(): void {
    this[CORE].cancel();
  }

  /**
   * This path may take the lock: validated as if it were wanted and released here, but never waited for or taken. In enforce
   * throws what is certain at the call.
   */
  might(options?: WeightedAcquireOptions): void {
    mightTake(this[CORE], semaphoreRequest(options, undefined), this.might);
  }
}

export interface SemaphoreConstructor {
  /** @internal */
  [WORLD]: World<LockObserver>;
  /** `value`: the permits at the start; may be 0. What is no options is what `cancel()` rejects waiters with. */
  new (value: number, options?: Error | LockOptions): SemaphoreFace;
  readonly prototype: SemaphoreFace;
}

export type Semaphore = SemaphoreFace;
export const Semaphore: SemaphoreConstructor = callable(
  'Semaphore',
  SemaphoreFace,
  function semaphore(this: SemaphoreFace, value: unknown, options?: unknown): void {
    const constructor = new.target === undefined ? calledFor(this, Semaphore) : (new.target as never);
    this[CORE] = new PermitCore(this, checkedValue(value, 'value'), options, 'Semaphore', constructor);
  },
);

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

/** The methods of a subclass are what counts, as in async-mutex. */
async function runOverridden<T>(
  semaphore: SemaphoreFace,
  callback: SemaphoreInterface.Worker<T>,
  weightOrOptions: number | WeightedAcquireOptions | undefined,
  priority: number | undefined,
): Promise<T> {
  const [value, release] = await semaphore.acquire(weightOrOptions, priority);
  try {
    return await callback(value);
  } finally {
    release();
  }
}
