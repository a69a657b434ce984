/**
 * Acquisitions of permits, as the validator sees them: a promise of what was granted, or a callback that runs with it.
 *
 * The attempt is shown to the validator first, before any wait; the place in the queue is taken at once all the same, so the
 * order of grants is that of the calls in every mode. Cost: that of the attempt (validator.ts), and a note on the promise.
 */
import type { LockdepError } from '../../errors.js';
import { runPlain } from '../../locks/acquiring.js';
import type { Below, Grant, ObservedPermits, PermitRequest } from '../../locks/observed.js';
import { grantValue } from '../../locks/releasing.js';
import { HELD, isScope, WAITING, type Hold, type HoldKind } from '../../model/hold.js';
import type { LockClass } from '../../model/lock-class.js';
import { mistyped } from '../../platform/describe.js';
import { ready } from '../../platform/intrinsics.js';
import { scopeFrames, type ScopeKeeper } from '../../platform/scope-frame.js';
import { isHeldBy } from '../held-by.js';
import { beyondCapacity } from '../rules/beyond-capacity.js';
import { nestLockNotHeld } from '../rules/nest-lock-not-held.js';
import type { LostHandles } from '../lost-handles.js';
import type { ObserverHost } from './host.js';
import { offenceOf } from './offence.js';
import type { Releases } from './releases.js';
import { awaitUnfollowed } from './signals.js';

/** A prime, so that loops which take turns are met by turns. */
const UNWATCHED = 2039;

/**
 * Is a lock followed by the validator? A semaphore that starts at 0 is a signal: who acquires it holds nothing, and who releases
 * it need not have acquired it.
 */
export function isFollowed(lock: ObservedPermits): boolean {
  return lock.capacity > 0 && lock.lockClass.options.track !== false;
}

/** Says so where `hold` waits for more permits than there ever were. */
export function tellBeyond(runtime: ObserverHost, lock: ObservedPermits, hold: Hold, below: Below): void {
  const { lockClass, permits } = hold;
  if (permits <= lock.capacity || !lock.isCounted || lockClass.options.validate === false) return;
  runtime.report(beyondCapacity(lock, lockClass, permits, below));
}

export class Acquisitions {
  readonly #rt: ObserverHost;
  readonly #lost: LostHandles;
  /** Acquisitions until one is watched again. */
  #unwatched = UNWATCHED;
  readonly #keeper: ScopeKeeper<Hold>;

  constructor(runtime: ObserverHost, releases: Releases, lost: LostHandles) {
    this.#rt = runtime;
    this.#lost = lost;
    const keeper: ScopeKeeper<Hold> = {
      probe: (hold, turn) => {
        this.#refuse(hold, turn, this.#look(hold));
      },
      enterScope: (hold) => runtime.validator.enterScope(hold),
      leaveScope: (hold) => {
        releases.released(hold.lock as ObservedPermits, hold.permits, hold, keeper.leaveScope);
      },
    };
    this.#keeper = keeper;
  }

  wanted<T>(lock: ObservedPermits, wanted: PermitRequest, grant: Grant<T>, below: Below): Promise<T> {
    if (!isFollowed(lock)) return awaitUnfollowed(this.#rt, lock, wanted, grant, below);
    const { validator } = this.#rt;
    const hold = this.#attempt(lock, wanted, wanted.isTry ? 'try' : 'imperative', below);
    const promise = this.#request(lock, wanted, hold, grant, below);
    const mayBatch = wanted.priority === 0;
    if (!validator.wantsProbe(hold)) {
      validator.tracker.carryNew(promise, hold, mayBatch);
      return this.#begun(hold, promise);
    }
    const probed = this.#probed(hold, promise);
    validator.tracker.carry(probed, hold, mayBatch);
    return this.#begun(hold, probed);
  }

  /** Nothing is learned about getting here, only about what is wanted from here on. */
  taken<T>(lock: ObservedPermits, wanted: PermitRequest, grant: Grant<T>, below: Below): T {
    if (!isFollowed(lock)) return lock.take(wanted.weight, undefined, grant);
    const hold = this.#attempt(lock, wanted, 'try', below);
    const granting = hold.isPlain && --this.#unwatched !== 0 ? grant : this.#watching(hold, grant);
    const taken = lock.take(wanted.weight, hold, granting);
    this.#rt.validator.tracker.enterNow(hold, below);
    return taken;
  }

  scope<T>(
    lock: ObservedPermits,
    wanted: PermitRequest,
    callback: (value: number) => T | Promise<T>,
    passValue: boolean,
    below: Below,
  ): Promise<T> {
    if (!isFollowed(lock)) return runPlain(lock, wanted, callback, passValue);
    const hold = this.#attempt(lock, wanted, wanted.isTry ? 'try-scope' : 'scope', below);
    const granted = lock.takeNow(wanted, hold);
    const turn = granted === undefined ? this.#request(lock, wanted, hold, grantValue, below) : undefined;
    const { validator } = this.#rt;
    const probed = validator.wantsProbe(hold) ? ready : undefined;
    const promise = scopeFrames.run(hold, turn, granted ?? 0, this.#keeper, callback, passValue, probed);
    // Who awaits the scope waits for its lock: a look at the stack alone does not tell one instance of a function from another.
    if (hold.asked.pending !== undefined) validator.tracker.carryWaits(promise, [hold]);
    return this.#begun(hold, promise);
  }

  /** What the caller gets of it; where it has to wait, the wait begins. */
  #begun<T>(hold: Hold, promise: Promise<T>): Promise<T> {
    if (hold.state === WAITING) this.#waits(hold, promise);
    return promise;
  }

  #waits(hold: Hold, promise: Promise<unknown>): void {
    this.#lost.waitBegins(hold);
    this.#rt.waitBegins(hold, promise);
  }

  /** Those whose stack was captured, as that of the first ones of each place is, and then one of so many. */
  #watching<T>(hold: Hold, grant: Grant<T>): Grant<T> {
    if (this.#unwatched <= 0) this.#unwatched = UNWATCHED;
    else if (hold.asked.frames === undefined) return grant;
    if (isScope(hold.kind)) return grant;
    return this.#lost.watching(hold, grant);
  }

  /** Validated, and nothing else. */
  mayWant(lock: ObservedPermits, wanted: PermitRequest, below: Below): void {
    if (!isFollowed(lock)) return;
    const { weight, nestLock } = wanted;
    const validated = this.#classFor(lock, wanted, below);
    const offence = this.#rt.validator.touch(lock, validated, lock.waitOf(weight), weight, below, nestLock);
    if (offence !== undefined) this.#rt.refuse(offence);
  }

  #attempt(lock: ObservedPermits, wanted: PermitRequest, kind: HoldKind, below: Below): Hold {
    const { weight, nestLock, parked, subclass } = wanted;
    if (nestLock !== undefined || parked !== undefined || subclass !== undefined) {
      return this.#attemptWith(lock, wanted, kind, below);
    }
    return this.#rt.validator.attempt(lock, lock.lockClass, kind, lock.waitOf(weight), weight, below);
  }

  /** The same, with options that few acquisitions have. */
  #attemptWith(lock: ObservedPermits, wanted: PermitRequest, kind: HoldKind, below: Below): Hold {
    const { weight, nestLock, parked } = wanted;
    // Without a validator the option does nothing, and the locks do not look at it.
    if (parked !== undefined && typeof parked !== 'boolean') throw mistyped('option parked', 'a boolean', parked);
    const validated = this.#classFor(lock, wanted, below);
    const hold = this.#rt.validator.attempt(lock, validated, kind, lock.waitOf(weight), weight, below, nestLock);
    if (parked) hold.ask().parked = true;
    return hold;
  }

  /** The class that the attempt is validated as; says so where its nest lock is not held. */
  #classFor(lock: ObservedPermits, { weight, subclass, nestLock }: PermitRequest, below: Below): LockClass {
    const { lockClass } = lock;
    const validated = subclass === undefined ? lockClass : lockClass.subclass(subclass);
    if (nestLock !== undefined && nestLock.world === this.#rt.world) {
      const mode = lock.waitOf(weight) === 'exclusive' ? 'exclusive' : 'shared';
      this.#checkNestLock({ lock, validated, mode, nestLock }, below);
    }
    return validated;
  }

  /** Says so, in enforce with an error, if the flow certainly does not hold the nest lock. */
  #checkNestLock({ lock, validated, mode, nestLock }: NestCheck, below: Below): void {
    const { tracker } = this.#rt.validator;
    // Somebody holds it: it may be this flow, however that came to it.
    if (nestLock.firstHold !== undefined) tracker.watch();
    if (nestLock.firstHold !== undefined || isHeldBy(tracker, nestLock, below) !== false) return;
    const held = tracker.held().toReversed();
    this.#rt.refuse(this.#rt.report(nestLockNotHeld(lock, validated, nestLock, mode, held, below)));
  }

  #request<T>(lock: ObservedPermits, wanted: PermitRequest, hold: Hold, grant: Grant<T>, below: Below): Promise<T> {
    const { validator } = this.#rt;
    const granting = hold.isPlain && --this.#unwatched !== 0 ? grant : this.#watching(hold, grant);
    validator.tracker.mute();
    try {
      const promise = lock.request(wanted, hold, granting);
      if (hold.state === WAITING) {
        tellBeyond(this.#rt, lock, hold, below);
        validator.waits(hold);
      }
      return promise;
    } finally {
      validator.tracker.unmute();
    }
  }

  /** The async function that the caller awaits, so that the stack taken here shows who waits. */
  async #probed<T>(hold: Hold, promise: Promise<T>): Promise<T> {
    await ready;
    await ready;
    this.#refuse(hold, promise, this.#look(hold));
    return await promise;
  }

  /** Its caller is the function that is awaited. */
  #look(hold: Hold): LockdepError | undefined {
    return offenceOf(this.#rt, [hold], this.#look);
  }

  /** In enforce an offending attempt gives up what it has, place or permits, and throws. */
  #refuse(hold: Hold, turn: Promise<unknown> | undefined, error: LockdepError | undefined): void {
    if (error === undefined) return;
    // Nobody else awaits the turn that is given up here.
    turn?.catch(() => undefined);
    const lock = hold.lock as ObservedPermits;
    if (hold.state === WAITING) lock.giveUp(hold.waiter as object, error);
    else if (hold.state === HELD) {
      this.#rt.validator.tracker.ended(hold);
      lock.give(hold.permits);
    }
    throw error;
  }
}

interface NestCheck {
  readonly lock: ObservedPermits;
  readonly validated: LockClass;
  readonly mode: 'exclusive' | 'shared';
  readonly nestLock: NonNullable<PermitRequest['nestLock']>;
}
