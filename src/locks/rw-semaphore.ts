/**
 * Many readers or one writer.
 *
 * Fair unless asked otherwise: by priority, then in order of arrival. A queued writer holds back the readers behind it,
 * and readers next to each other go on together, so neither starves the other. With `fairness: 'reader-preferring'` a
 * reader waits only while a writer holds: one flow may then read twice, and writers may starve. O(1) per call and grant.
 */
import { NativePromise, resolved } from '../platform/intrinsics.js';
import { notAmong } from '../platform/describe.js';
import { acquire, mightTake, runHolding, tryTake } from './acquiring.js';
import { grantGuard, grantWriteGuard, type LockGuard, type WriteGuard } from './guards.js';
import { LockFace } from './lock-face.js';
import { checkedCallback } from './options/checks.js';
import { request, requestOf, type AcquireOptions } from './options/acquire-options.js';
import type { LockOptions } from './options/constructor-options.js';
import type { PermitRequest } from './observed.js';
import { grantReleaser, type DisposableReleaser } from './releasing.js';
import { READ, ReaderPreferringCore, RwCore, WRITE } from './rw-core.js';
import { CORE } from './symbols.js';

/**
 * Options of an RWSemaphore.
 *
 * @example
 * ```ts
 * const options: RWSemaphoreOptions = { class: 'settings', fairness: 'reader-preferring' };
 * const settings = new RWSemaphore(options);
 * ```
 */
export interface RWSemaphoreOptions extends LockOptions {
  /**
   * fifo: a writer in the queue holds back the readers behind it. reader-preferring: a reader waits only while a writer holds, so
   * one flow may read twice, and writers may starve.
   *
   * @default 'fifo'
   */
  fairness?: 'fifo' | 'reader-preferring' | undefined;
}

const PLAIN_READ = request(READ, 0);
const PLAIN_WRITE = request(WRITE, 0);

/**
 * Many readers or one writer.
 *
 * Fair unless the option `fairness` says otherwise: by priority, then in order of arrival; readers next to each other in the queue
 * go on together. A reader can not become the writer while it reads, which would wait for itself; a writer can go on as a reader
 * (`downgrade`).
 *
 * @example
 * ```ts
 * const settings = new RWSemaphore({ class: 'settings' });
 * let port = 80;
 * await settings.runWrite(async () => (port = 8080));
 * console.log(await settings.runRead(async () => port));
 * ```
 */
export class RWSemaphore extends LockFace {
  /** @internal */
  declare readonly [CORE]: RwCore;

  /**
   * Makes a lock that is free.
   *
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when `fairness` is another string
   */
  constructor(options: RWSemaphoreOptions = {}) {
    super();
    const preferring = prefersReaders(options);
    this[CORE] = new (preferring ? ReaderPreferringCore : RwCore)(this, options, new.target);
  }

  /**
   * Waits to read and resolves with the releaser, which ends that once, however often it is called.
   *
   * Fair: waits for the writers that hold or stand before it in the queue. `cancel()`, `signal` and `timeout` give up the place in
   * the queue, and those behind it move up; after an error nothing is held. The promise rejects with the cancel error
   * (E_CANCELED unless the option `cancelError` says otherwise), with `signal.reason`, or as follows.
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
   * const settings = new RWSemaphore();
   * {
   *   using release = await settings.acquireRead();
   *   console.log(settings.readers); // 1
   * }
   * ```
   */
  acquireRead(priorityOrOptions?: number | AcquireOptions): Promise<DisposableReleaser> {
    const core = this[CORE];
    if (priorityOrOptions === undefined && core.world.observer === undefined && core.isFree(READ, 0)) {
      return resolved(core.take(READ, undefined, grantReleaser));
    }
    try {
      return acquire(core, readRequest(priorityOrOptions), grantReleaser, this.acquireRead);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits to write and resolves with the releaser, which ends that once, however often it is called.
   *
   * Fair: waits for all that hold or stand before it in the queue. Cancelled, and rejects, as `acquireRead`; after an error nothing
   * is held.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   */
  acquireWrite(priorityOrOptions?: number | AcquireOptions): Promise<DisposableReleaser> {
    const core = this[CORE];
    if (priorityOrOptions === undefined && core.world.observer === undefined && core.isFree(WRITE, 0)) {
      return resolved(core.take(WRITE, undefined, grantReleaser));
    }
    try {
      return acquire(core, writeRequest(priorityOrOptions), grantReleaser, this.acquireWrite);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits to read, as `acquireRead`, and resolves with a guard for `using`, which also tells whether it is held and can hand the
   * hold off. After an error nothing is held.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   */
  lockRead(options?: AcquireOptions): Promise<LockGuard> {
    try {
      return acquire(this[CORE], readRequest(options), grantGuard, this.lockRead);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Waits to write, as `acquireWrite`, and resolves with a guard for `using`, which can be downgraded to a reader's. After an error
   * nothing is held.
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
   * const settings = new RWSemaphore();
   * const writing = await settings.lockWrite();
   * const reading = writing.downgrade(); // no other writer gets in between
   * console.log(settings.readers, settings.writer); // 1 false
   * reading.release();
   * ```
   */
  lockWrite(options?: AcquireOptions): Promise<WriteGuard> {
    try {
      return acquire(this[CORE], writeRequest(options), grantWriteGuard, this.lockWrite);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Runs `callback` as a reader, until its result has settled, and resolves or rejects as that does.
   *
   * Fair, and cancelled, as `acquireRead`; it rejects as that does too, and then the callback has not run. A callback that throws
   * ends the reading.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   */
  runRead<T>(callback: () => T | Promise<T>, priorityOrOptions?: number | AcquireOptions): Promise<T> {
    try {
      checkedCallback(callback);
      return runHolding(this[CORE], readRequest(priorityOrOptions), callback, false, this.runRead);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /**
   * Runs `callback` as the writer, until its result has settled, and resolves or rejects as that does.
   *
   * Fair, and cancelled, as `acquireWrite`; it rejects as that does too, and then the callback has not run. A callback that throws
   * ends the writing.
   *
   * @throws {LockTimeoutError} ERR_LOCKDEP_TIMEOUT when the option `timeout` is over
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the wait
   * may be part of a deadlock
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an argument is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   */
  runWrite<T>(callback: () => T | Promise<T>, priorityOrOptions?: number | AcquireOptions): Promise<T> {
    try {
      checkedCallback(callback);
      return runHolding(this[CORE], writeRequest(priorityOrOptions), callback, false, this.runWrite);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** Begins to read if that needs no wait, and returns the releaser; else undefined. Never waits. */
  tryAcquireRead(): DisposableReleaser | undefined {
    return tryTake(this[CORE], PLAIN_READ, grantReleaser, this.tryAcquireRead);
  }

  /** Begins to write if that needs no wait, and returns the releaser; else undefined. Never waits. */
  tryAcquireWrite(): DisposableReleaser | undefined {
    return tryTake(this[CORE], PLAIN_WRITE, grantReleaser, this.tryAcquireWrite);
  }

  /** Begins to read if that needs no wait, and returns a guard; else undefined. Never waits. */
  tryLockRead(): LockGuard | undefined {
    return tryTake(this[CORE], PLAIN_READ, grantGuard, this.tryLockRead);
  }

  /** Begins to write if that needs no wait, and returns a guard that can be downgraded; else undefined. Never waits. */
  tryLockWrite(): WriteGuard | undefined {
    return tryTake(this[CORE], PLAIN_WRITE, grantWriteGuard, this.tryLockWrite);
  }

  /** Tells whether anybody holds the lock, to read or to write. */
  isLocked(): boolean {
    return this[CORE].isLocked();
  }

  /** How many readers hold the lock. */
  get readers(): number {
    return this[CORE].readers;
  }

  /** Whether a writer holds the lock. */
  get writer(): boolean {
    return this[CORE].writer;
  }

  /**
   * Rejects every waiter with the cancel error, in the order in which they would have been served. Who holds the lock is left alone,
   * and it can be used as before.
   */
  cancel(): void {
    this[CORE].cancel();
  }

  /**
   * Says that this path may read: validated as if the lock were wanted and released here, but never waited for or taken. So a path
   * that takes it only seldom is checked each time.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   */
  mightRead(options?: AcquireOptions): void {
    mightTake(this[CORE], readRequest(options), this.mightRead);
  }

  /**
   * Says that this path may write; else as `mightRead`.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   * @throws {LockdepError} ERR_LOCKDEP_NEST_LOCK_NOT_HELD when the mode is enforce and this flow does not hold `nestLock`
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the priority is NaN, or the timeout longer than a timer can keep
   *
   * @example
   * ```ts
   * const settings = new RWSemaphore({ class: 'settings' });
   * async function save(changed: boolean): Promise<void> {
   *   settings.mightWrite(); // also where nothing has changed
   *   if (changed) await settings.runWrite(async () => 'saved');
   * }
   * await save(false);
   * ```
   */
  mightWrite(options?: AcquireOptions): void {
    mightTake(this[CORE], writeRequest(options), this.mightWrite);
  }
}

function readRequest(given: unknown): PermitRequest {
  return given === undefined ? PLAIN_READ : requestOf(given, READ);
}

function writeRequest(given: unknown): PermitRequest {
  return given === undefined ? PLAIN_WRITE : requestOf(given, WRITE);
}

function prefersReaders(options: RWSemaphoreOptions): boolean {
  const fairness = (options as RWSemaphoreOptions | null)?.fairness ?? 'fifo';
  if (fairness === 'fifo' || fairness === 'reader-preferring') return fairness === 'reader-preferring';
  throw notAmong('option fairness', "'fifo' or 'reader-preferring'", fairness);
}
