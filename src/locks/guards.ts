/** Holds as objects, for `using`. Releasing one twice by hand is an error in every mode; leaving a block is not. */
import type { Hold } from '../model/hold.js';
import { NotHeldError } from '../errors.js';
import type { Below, Grant, ObservedPermits } from './observed.js';
import type { LockObserver } from './observer.js';
import { HOLD, observerOf, releaseHold } from './releasing.js';
import type { RwCore } from './rw-core.js';

/**
 * A held lock as an object, for `using guard = await lock.lock()`: leaving the block releases what is still held.
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
export interface LockGuard extends Disposable, AsyncDisposable {
  /**
   * Gives the lock back. Leaving a `using` block afterwards does nothing more.
   *
   * @throws {NotHeldError} ERR_LOCKDEP_NOT_HELD when it was released before, in every mode; the lock is as it was
   */
  release(): void;
  /** Whether the lock has been given back by this guard. */
  readonly released: boolean;
  /**
   * Hands the hold off: it is no longer this flow's, and whoever releases the guard later is right.
   *
   * @throws {NotHeldError} ERR_LOCKDEP_NOT_HELD when the guard was released before
   *
   * @example
   * ```ts
   * const mutex = new Mutex();
   * const guard = await mutex.lock();
   * guard.transfer();
   * setTimeout(() => guard.release(), 10); // nobody's until then
   * ```
   */
  transfer(): void;
  /**
   * Says that the lock must not be released before the returned object is disposed of: releasing it earlier is reported, and
   * releases.
   *
   * @throws {NotHeldError} ERR_LOCKDEP_NOT_HELD when the guard was released before
   *
   * @example
   * ```ts
   * const mutex = new Mutex();
   * const guard = await mutex.lock();
   * {
   *   using pin = guard.pin(); // what is called from here must not release it
   *   console.log(mutex.isLocked()); // true
   * }
   * guard.release();
   * ```
   */
  pin(): Disposable;
}

/**
 * A lock that is held for writing, as an object.
 *
 * @example
 * ```ts
 * const settings = new RWSemaphore();
 * const writing = await settings.lockWrite();
 * using reading = writing.downgrade();
 * console.log(writing.released, reading.released); // true false
 * ```
 */
export interface WriteGuard extends LockGuard {
  /**
   * Turns the write hold into a read hold without a gap, and returns its guard: no writer gets in between, readers at the head of
   * the queue are let in. This guard is released by it.
   *
   * @throws {NotHeldError} ERR_LOCKDEP_NOT_HELD when the guard was released before; the lock is as it was
   */
  downgrade(): LockGuard;
}

/** Of a hold that nobody follows: nobody tells when it is released. */
const NO_PIN: Disposable = { [Symbol.dispose]() {} };

class PermitGuard implements LockGuard {
  readonly #lock: ObservedPermits;
  readonly #weight: number;
  readonly #hold: Hold | undefined;
  #released = false;

  constructor(lock: ObservedPermits, weight: number, hold: Hold | undefined) {
    this.#lock = lock;
    this.#weight = weight;
    this.#hold = hold;
  }

  /** @internal */
  get [HOLD](): Hold | undefined {
    return this.#hold;
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) {
      (this.#lock.world.observer as LockObserver | undefined)?.misuse(
        this.#lock,
        'released-guard',
        this.release,
        this.#weight,
      );
      throw new NotHeldError();
    }
    this.#end(this.release);
  }

  transfer(): void {
    if (this.#released) throw new NotHeldError();
    if (this.#hold !== undefined) observerOf(this.#lock).transferred(this.#hold);
  }

  pin(): Disposable {
    if (this.#released) throw new NotHeldError();
    return this.#hold === undefined ? NO_PIN : observerOf(this.#lock).pinned(this.#hold);
  }

  /** Leaving a `using` block: releases what is still held, quietly does nothing for what is not. */
  [Symbol.dispose](): void {
    if (!this.#released) this.#end(this[Symbol.dispose]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#released) this.#end(this[Symbol.asyncDispose]);
  }

  /** The hold and its lock, for a guard that takes them over: this one is then as if released. */
  static takeOver(guard: PermitGuard): { readonly lock: ObservedPermits; readonly hold: Hold | undefined } {
    if (guard.#released) throw new NotHeldError();
    guard.#released = true;
    return { lock: guard.#lock, hold: guard.#hold };
  }

  #end(below: Below): void {
    this.#released = true;
    if (this.#hold === undefined) this.#lock.give(this.#weight);
    else releaseHold(this.#lock, this.#weight, this.#hold, below);
  }
}

class DowngradableGuard extends PermitGuard implements WriteGuard {
  downgrade(): LockGuard {
    const { lock, hold } = PermitGuard.takeOver(this);
    return new PermitGuard(lock, (lock as RwCore).downgrade(hold), hold);
  }
}

export const grantGuard: Grant<LockGuard> = (lock, weight, _previous, hold) => new PermitGuard(lock, weight, hold);

export const grantWriteGuard: Grant<WriteGuard> = (lock, weight, _previous, hold) =>
  new DowngradableGuard(lock, weight, hold);
