/**
 * Many readers or one writer.
 *
 * Fair unless asked otherwise: by priority, then in order of arrival. A queued writer holds back the readers behind it,
 * and readers next to each other go on together, so neither starves the other. With `fairness: 'reader-preferring'` a
 * reader waits only while a writer holds: one flow may then read twice, and writers may starve. O(1) per call and grant.
 */
import { NativePromise, resolved } from '../platform/intrinsics.js';
import { describe } from '../platform/describe.js';
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

export interface RWSemaphoreOptions extends LockOptions {
  /** fifo (default): a queued writer holds back new readers. reader-preferring: only a writer that holds does. */
  fairness?: 'fifo' | 'reader-preferring';
}

const PLAIN_READ = request(READ, 0);
const PLAIN_WRITE = request(WRITE, 0);

export class RWSemaphore extends LockFace {
  /** @internal */
  declare readonly [CORE]: RwCore;

  constructor(options: RWSemaphoreOptions = {}) {
    super();
    const preferring = prefersReaders(options);
    this[CORE] = new (preferring ? ReaderPreferringCore : RwCore)(this, options, new.target);
  }

  /**
   * Waits to read and resolves with the releaser, which works once, however often it is called.
   *
   * Cancelling (`cancel()`, `signal`, `timeout`) gives up the place in the queue: those behind it move up. Rejects with the
   * cancel error, `signal.reason`, ERR_LOCKDEP_TIMEOUT, or, in enforce, the code of the report.
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

  /** Waits to write; else as `acquireRead`. */
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

  /** As `acquireRead`, with a guard for `using guard = await lock.lockRead()`. */
  lockRead(options?: AcquireOptions): Promise<LockGuard> {
    try {
      return acquire(this[CORE], readRequest(options), grantGuard, this.lockRead);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** As `acquireWrite`, with a guard that can be downgraded to a reader's. */
  lockWrite(options?: AcquireOptions): Promise<WriteGuard> {
    try {
      return acquire(this[CORE], writeRequest(options), grantWriteGuard, this.lockWrite);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** Runs `callback` as a reader, until its result has settled. Rejects as `acquireRead`. */
  runRead<T>(callback: () => T | Promise<T>, priorityOrOptions?: number | AcquireOptions): Promise<T> {
    try {
      checkedCallback(callback);
      return runHolding(this[CORE], readRequest(priorityOrOptions), callback, false, this.runRead);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** Runs `callback` as the writer, until its result has settled. Rejects as `acquireWrite`. */
  runWrite<T>(callback: () => T | Promise<T>, priorityOrOptions?: number | AcquireOptions): Promise<T> {
    try {
      checkedCallback(callback);
      return runHolding(this[CORE], writeRequest(priorityOrOptions), callback, false, this.runWrite);
    } catch (error) {
      return NativePromise.reject(error);
    }
  }

  /** The releaser if a reader gets in at once, else undefined. Never waits. */
  tryAcquireRead(): DisposableReleaser | undefined {
    return tryTake(this[CORE], PLAIN_READ, grantReleaser, this.tryAcquireRead);
  }

  /** The releaser if a writer gets in at once, else undefined. Never waits. */
  tryAcquireWrite(): DisposableReleaser | undefined {
    return tryTake(this[CORE], PLAIN_WRITE, grantReleaser, this.tryAcquireWrite);
  }

  /** As `tryAcquireRead`, with a guard. */
  tryLockRead(): LockGuard | undefined {
    return tryTake(this[CORE], PLAIN_READ, grantGuard, this.tryLockRead);
  }

  /** As `tryAcquireWrite`, with a guard. */
  tryLockWrite(): WriteGuard | undefined {
    return tryTake(this[CORE], PLAIN_WRITE, grantWriteGuard, this.tryLockWrite);
  }

  /** Does anybody hold it, to read or to write? */
  isLocked(): boolean {
    return this[CORE].isLocked();
  }

  /** How many readers hold it. */
  get readers(): number {
    return this[CORE].readers;
  }

  /** Does a writer hold it? */
  get writer(): boolean {
    return this[CORE].writer;
  }

  /** Rejects every waiter with the cancel error, in the order in which they would have been served. */
  cancel(): void {
    this[CORE].cancel();
  }

  /**
   * This path may read: validated as if the lock were wanted and released here, but never waited for or taken. In enforce
   * throws what is certain at the call.
   */
  mightRead(options?: AcquireOptions): void {
    mightTake(this[CORE], readRequest(options), this.mightRead);
  }

  /** This path may write; else as `mightRead`. */
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
  const message = `option fairness must be 'fifo' or 'reader-preferring', got ${describe(fairness)}`;
  throw typeof fairness === 'string' ? new RangeError(message) : new TypeError(message);
}
