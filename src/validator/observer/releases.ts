/**
 * How holds end, as the validator sees it: by their releaser or guard, or by `release()` of the lock itself.
 *
 * Invariant: permits go back exactly as in async-mutex, whatever the validator thinks of it; it only looks on. Cost: O(1) for a
 * releaser; for `release()` of a lock that several may hold, a walk over what the flow holds.
 */
import type { Below, ObservedPermits } from '../../locks/observed.js';
import { HELD, isScope, RELEASED, TRANSFERRED, type Hold } from '../../model/hold.js';
import { captureFrames } from '../../platform/captured-frame.js';
import { isActOfTurn } from '../../platform/turn-function.js';
import { findHold } from '../../flow/hold-list.js';
import { failedAssertion } from '../rules/assertion.js';
import { badUnlockBalance } from '../rules/bad-unlock-balance.js';
import type { LostHandles } from '../lost-handles.js';
import type { ObserverHost } from './host.js';

/** The callback of a scope, and the frame of the scope. */
const OWN_FRAMES = 2;

export class Releases {
  readonly #rt: ObserverHost;
  readonly #lost: LostHandles;

  constructor(runtime: ObserverHost, lost: LostHandles) {
    this.#rt = runtime;
    this.#lost = lost;
  }

  /** Ends a hold and returns its permits. */
  released(lock: ObservedPermits, weight: number, hold: Hold, below: Below): void {
    const { validator } = this.#rt;
    if (hold.state === RELEASED) {
      this.#stale(lock, weight, hold, below);
      return;
    }
    try {
      if (!hold.isPlain) this.#lookAt(hold, lock, below);
      validator.closeHold(hold, below);
    } finally {
      // Whatever became of the judgement, the lock goes on.
      validator.tracker.ended(hold);
      if (lock.isCounted) validator.tracker.endedNow(hold);
      lock.give(weight);
    }
  }

  #lookAt(hold: Hold, lock: ObservedPermits, below: Below): void {
    if (hold.asked.pins > 0)
      this.#rt.report(failedAssertion('the lock is released while it is pinned', lock, [], below));
    this.#rt.validator.closePending(hold, below);
  }

  /** `release()` on the lock: ends a hold of this flow if it has one, else the oldest. */
  releasedByLock(lock: ObservedPermits, weight: number, below: Below): void {
    this.#tellTheft(lock, below);
    this.#lost.releasedByLock(lock);
    if (lock.firstHold === undefined) {
      if (lock.isCounted) this.#rt.freedFromOutside(lock.lockClass);
      this.#unheld(lock, weight, below);
      return;
    }
    const cell = this.#rt.validator.tracker.current();
    // Of a lock that lets one in there is no choice; of a semaphore it is told who returns a permit.
    const own = lock.excludes && !lock.isCounted ? undefined : findHold(cell, (hold) => hold.lock === lock);
    if (own === undefined) {
      this.#endOldest(lock, weight, below);
      return;
    }
    const isOnly = lock.isCounted && findHold(cell, (hold) => hold.lock === lock && hold !== own) === undefined;
    if (isOnly && this.#isHolders(own, below)) {
      own.ask().ownRelease = true;
      if (weight > own.permits - own.asked.returned) this.#tellOverRelease(lock, weight, below);
    }
    this.#endWith(lock, own, weight, below);
  }

  /**
   * A foreign `release()` or a reset has ended this hold already. As in async-mutex the permits are returned again, which
   * may free the next owner's lock: so it is reported, and the next owner's hold ends with it.
   */
  #stale(lock: ObservedPermits, weight: number, hold: Hold, below: Below): void {
    const { foreignRelease, ownRelease, isTheftTold } = hold.asked;
    if (lock.isCounted) {
      // The release() may have been meant for another hold, or to add permits.
      if (foreignRelease && ownRelease) this.#tellOverRelease(lock, weight, below);
      if (foreignRelease) this.#endOldest(lock, weight, below);
      lock.giveMore(weight);
      return;
    }
    if (foreignRelease && !isTheftTold && !this.#rt.off)
      this.#rt.report(badUnlockBalance(lock, 'stale-releaser', below));
    const next = foreignRelease ? this.#endOldest(lock, weight, below) : undefined;
    // What comes of it is told with it.
    if (isTheftTold && next !== undefined) next.ask().isTheftTold = true;
    lock.give(weight);
  }

  /** A mutex that a scope has is nobody's to release: who does so is told, and in enforce refused before anything has changed. */
  #tellTheft(lock: ObservedPermits, below: Below): void {
    const { firstHold: hold } = lock;
    if (lock.isCounted || !lock.excludes || hold?.state !== HELD || !isScope(hold.kind) || this.#rt.off) return;
    const report = this.#rt.report(badUnlockBalance(lock, 'scope', below));
    hold.ask().isTheftTold = true;
    this.#rt.refuse(report);
  }

  /** `release()` of a semaphore that no followed hold is known of. */
  #unheld(lock: ObservedPermits, weight: number, below: Below): void {
    const mayTell = lock.isCounted && !this.#rt.off && lock.value + weight > lock.capacity;
    if (mayTell && this.#rt.validator.tracker.hasJustReturned(lock) && isActOfTurn(below))
      this.#tellOverRelease(lock, weight, below);
  }

  /** Says so where there will be more permits than ever. */
  #tellOverRelease(lock: ObservedPermits, weight: number, below: Below): void {
    if (this.#rt.off || lock.value + weight <= lock.capacity) return;
    this.#rt.report(badUnlockBalance(lock, 'over-release', below));
  }

  /** Is it called by the very function that has the hold? Looked at while its acquisitions are. */
  #isHolders(hold: Hold, below: Below): boolean {
    if (!isScope(hold.kind)) {
      const { tracker } = this.#rt.validator;
      return hold.asked.frames !== undefined && tracker.isOwnNow(hold) && isActOfTurn(below);
    }
    return captureFrames(below, OWN_FRAMES)[OWN_FRAMES - 1]?.scope === hold;
  }

  /** Returns it, where there is one. */
  #endOldest(lock: ObservedPermits, weight: number, below: Below): Hold | undefined {
    if (lock.isCounted) this.#rt.freedFromOutside(lock.lockClass);
    for (let hold = lock.firstHold; hold !== undefined; hold = hold.next) {
      if (hold.state !== HELD && hold.state !== TRANSFERRED) continue;
      this.#endWith(lock, hold, weight, below);
      return hold;
    }
    return undefined;
  }

  #endWith(lock: ObservedPermits, hold: Hold, weight: number, below: Below): void {
    // Its end is not that of the callback then.
    if (isScope(hold.kind)) this.#rt.freedFromOutside(lock.lockClass);
    const asked = hold.ask();
    asked.returned += weight;
    if (lock.capacity > 1) lock.heldPermits -= weight;
    if (asked.returned < hold.permits) return;
    asked.foreignRelease = true;
    try {
      this.#rt.validator.close(hold, below);
    } finally {
      this.#rt.validator.tracker.ended(hold);
    }
  }
}
