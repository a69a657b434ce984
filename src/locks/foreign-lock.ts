/**
 * Locks that other packages have made: pools, limiters, keyed locks. An adapter tells what becomes of each request, and this lock
 * has a place in the order as if it were one of ours (kernel: lock_acquire, lock_release).
 *
 * States of a request: wanted -> granted -> released, or wanted -> failed. It takes nothing and grants nothing: the package does.
 * Bad options of `trackedLock` throw; what an adapter does wrong later is told in a warning, and the request is left alone.
 *
 * Cost: a branch while the validator is off; else that of an attempt (validator.ts) and an object for each request.
 */
import type { ReleasedBy } from '../model/hold.js';
import { LockCore, type LockConstructor } from './lock-core.js';
import { LockFace } from './lock-face.js';
import { tellMisuse } from './foreign-misuse.js';
import type { Below, ForeignAttempt, ForeignWant, ObservedForeign } from './observed.js';
import {
  checkedCapacity,
  foreignOptions,
  foreignWant,
  type CheckedForeignOptions,
  type ForeignLockOptions,
  type ForeignRequest,
} from './options/foreign-options.js';
import { CORE } from './symbols.js';

/** Of a request that nobody looks on at: gives back what it is given. */
const UNFOLLOWED: ForeignAttempt = Object.freeze({
  granted() {},
  failed() {},
  released() {},
  carry: <T>(promise: Promise<T>) => promise,
  use: <T>(promise: Promise<T>) => promise,
  scope: <T>(fn: () => T) => fn(),
  usedBy() {},
  takeOver: <T>(promise: Promise<T>) => promise,
  within: <T>(fn: () => T) => fn(),
});

class ForeignCore extends LockCore implements ObservedForeign {
  readonly foreign: ReleasedBy;

  constructor(owner: object, options: CheckedForeignOptions, below: Below, constructor: LockConstructor) {
    super(owner, options.capacity, { ...options, below: options.below ?? below }, options.kind, constructor);
    this.foreign = options.releasedBy;
  }

  override isLocked(): boolean {
    return this.firstHold !== undefined;
  }

  /** Requests that went by while nobody looked on, or past the adapter, are not known. */
  override get isIdle(): boolean {
    return false;
  }

  get isFollowed(): boolean {
    return this.world.observer !== undefined && this.capacity !== Infinity && this.lockClass.options.track !== false;
  }

  setCapacity(capacity: number): void {
    const former = this.capacity;
    if (former === capacity) return;
    this.capacity = capacity;
    this.world.attached?.capacityChanged(this, former);
  }

  /** What is asked for, checked; undefined where it makes no sense, which is told. */
  wantOf(options: ForeignRequest | undefined): ForeignWant | undefined {
    try {
      return foreignWant(options, this.capacity);
    } catch (error) {
      tellMisuse(this, 'wanted() got a bad argument', `, ${(error as Error).message}`);
      return undefined;
    }
  }
}

/**
 * The place of another package's lock in the order: made by `trackedLock`, told of each request by an adapter. It grants nothing
 * and refuses nothing by itself.
 *
 * @example
 * ```ts
 * const pool = trackedLock({ kind: 'my pool', capacity: 10, releasedBy: 'user' });
 * const attempt = pool.wanted();
 * attempt.granted();
 * attempt.released();
 * ```
 */
export class ForeignLock extends LockFace {
  /** @internal */
  declare readonly [CORE]: ForeignCore;

  /** @internal By `trackedLock`, which is `below`. */
  constructor(options: ForeignLockOptions, below: Below) {
    super();
    this[CORE] = new ForeignCore(this, foreignOptions(options), below, new.target);
  }

  /** Permits that there are now. An adapter sets it where the package's own limit has changed. */
  get capacity(): number {
    return this[CORE].capacity;
  }

  /** The package's own limit has changed. */
  set capacity(capacity: number) {
    this[CORE].setCapacity(checkedCapacity(capacity, 'capacity'));
  }

  /** Does anybody look on at the requests? Where nobody does, an adapter can leave the call to the package altogether. */
  get isFollowed(): boolean {
    return this[CORE].isFollowed;
  }

  /** The program has called the package for this lock. To be called before the package is, once for each request. */
  wanted(options?: ForeignRequest): ForeignAttempt {
    const core = this[CORE];
    const { observer } = core.world;
    if (observer === undefined || !core.isFollowed) return UNFOLLOWED;
    const want = core.wantOf(options);
    if (want === undefined) return UNFOLLOWED;
    return observer.foreignWanted(core, want, options?.below ?? this.wanted);
  }
}

/**
 * Makes a lock that stands for one of another package: it has a place in the order of locks, as its adapter tells.
 *
 * @throws {TypeError} when an option is not of its type
 * @throws {RangeError} when an option is no value that it may have
 *
 * @example
 * ```ts
 * declare const pool: { connect(): Promise<object> };
 * const database = trackedLock({ class: 'database', kind: 'pool', capacity: 4, releasedBy: 'user' });
 * function connect(): Promise<object> {
 *   const attempt = database.wanted({ below: connect });
 *   return attempt.carry(pool.connect()); // and `attempt.released()` where the connection is given back
 * }
 * await connect();
 * ```
 */
export function trackedLock(options: ForeignLockOptions = {}): ForeignLock {
  return new ForeignLock(options, trackedLock);
}
