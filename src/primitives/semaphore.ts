/**
 * A number of permits. async-mutex's Semaphore, call by call, with lock classes, guards, abort signals and timeouts.
 *
 * Fair: by priority, then in order of arrival; a request for many permits holds back lighter ones behind it, so it is
 * not starved. `release` may raise the value beyond its start: a semaphore that starts at 0 is a signal. O(1) per call.
 */
import type { SemaphoreInterface } from 'async-mutex';
import { acquire, mightTake, runHolding, tryTake } from './acquiring.js';
import { grantGuard, type LockGuard } from './guards.js';
import { LockFace } from './lock-face.js';
import {
  checkedCallback,
  checkedPriority,
  checkedValue,
  checkedWeight,
  semaphoreRequest,
  type AcquireOptions,
  type LockOptions,
  type WeightedAcquireOptions,
} from './lock-options.js';
import { PermitCore, type Releaser } from './permit-core.js';
import { grantPair, grantReleaser, releaseForeign } from './releasing.js';
import { CORE } from './symbols.js';
import { waitForUnlock } from './unlocking.js';

export class Semaphore extends LockFace implements SemaphoreInterface {
  /** @internal */
  declare readonly [CORE]: PermitCore;

  /** `value`: the permits at the start; may be 0. An Error is what `cancel()` rejects waiters with; else options. */
  constructor(value: number, options?: Error | LockOptions) {
    super();
    this[CORE] = new PermitCore(this, checkedValue(value, 'value'), options, 'Semaphore', new.target);
  }

  /**
   * Waits for `weight` permits (default 1) and resolves with the value before the grant and the releaser.
   *
   * A weight that is not positive throws at once. Cancelling as in Mutex: the place in the queue is given up, and those
   * behind it move up.
   */
  acquire(weightOrOptions?: number | WeightedAcquireOptions, priority?: number): Promise<[number, Releaser]> {
    return acquire(this[CORE], semaphoreRequest(weightOrOptions, priority), grantPair, this.acquire);
  }

  /** Runs `callback` with the permits, passing it the value before the grant. Rejects for a bad weight. */
  runExclusive<T>(
    callback: SemaphoreInterface.Worker<T>,
    weightOrOptions?: number | WeightedAcquireOptions,
    priority?: number,
  ): Promise<T> {
    try {
      checkedCallback(callback);
      if (this.acquire !== Semaphore.prototype.acquire) return this.#runOverridden(callback, weightOrOptions, priority);
      return runHolding(this[CORE], semaphoreRequest(weightOrOptions, priority), callback, true, this.runExclusive);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** As `acquire`, with a guard for `using guard = await semaphore.lock()`. */
  lock(options?: AcquireOptions & { weight?: number }): Promise<LockGuard> {
    try {
      return acquire(this[CORE], semaphoreRequest(options, undefined), grantGuard, this.lock);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The releaser if the permits can be had at once, else undefined. Never waits. */
  tryAcquire(weight?: number): Releaser | undefined {
    return tryTake(this[CORE], semaphoreRequest(weight, undefined), grantReleaser, this.tryAcquire);
  }

  /** A guard if the permits can be had at once, else undefined. Never waits. */
  tryLock(weight?: number): LockGuard | undefined {
    return tryTake(this[CORE], semaphoreRequest(weight, undefined), grantGuard, this.tryLock);
  }

  /** Resolves once the permits could be had at once by that priority; takes none. `cancel()` leaves it waiting. */
  waitForUnlock(weight?: number, priority?: number): Promise<void> {
    return waitForUnlock(this[CORE], checkedWeight(weight ?? 1), checkedPriority(priority ?? 0), this.waitForUnlock);
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
    const returned = checkedWeight(weight ?? 1);
    if (this[CORE].firstHold !== undefined) releaseForeign(this[CORE], returned, this.release);
    this[CORE].giveMore(returned);
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

  /** A subclass has its own `acquire`: it is what counts, as in async-mutex. */
  async #runOverridden<T>(
    callback: SemaphoreInterface.Worker<T>,
    weightOrOptions: number | WeightedAcquireOptions | undefined,
    priority: number | undefined,
  ): Promise<T> {
    const [value, release] = await this.acquire(weightOrOptions, priority);
    try {
      return await callback(value);
    } finally {
      release();
    }
  }
}
