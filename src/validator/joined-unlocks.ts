/**
 * `Promise.all([m.acquire(), m.waitForUnlock()])`: a lock and its unlock that one flow asked for in one turn and joins.
 *
 * Where the lock is granted first, its releaser goes into the combinator, and as far as anybody has asked for it by then,
 * nowhere else. Somebody may have kept the promise of the lock all the same, to ask for it later: so this is advisory.
 * It is told while both are waited for, when the lock is granted and the unlock has not come, or where the unlock came first,
 * since the lock was free, and both came through: had it been held, it would have been granted before its unlock.
 *
 * Cost: a comparison for every two elements of such a combinator; one microtask where the lock is waited for.
 */
import { HELD, WAITING, type Hold } from '../model/hold.js';
import { inMicrotask } from '../platform/clock.js';
import type { ValidatorHost } from './host.js';
import { joinedUnlock } from './rules/joined-unlock.js';

export class JoinedUnlocks {
  readonly #host: ValidatorHost;

  constructor(host: ValidatorHost) {
    this.#host = host;
  }

  /** The two are elements of one combinator; or both have come through it. */
  joined(hold: Hold, unlock: Hold, both: boolean): void {
    if (!excludeEachOther(hold, unlock)) return;
    if (both) this.#passed(hold, unlock);
    else if (unlock.state === WAITING) this.#pending(hold, unlock);
  }

  /** `hold` has come to the combinator. */
  granted(hold: Hold, unlock: Hold): void {
    if (hold.state !== HELD || unlock.state !== WAITING || !isUntouched(hold)) return;
    this.#host.report(joinedUnlock(hold, unlock));
  }

  /** Who else asks for the lock does so in this turn, as a rule. */
  #pending(hold: Hold, unlock: Hold): void {
    hold.ask().joined = unlock;
    if (hold.state !== WAITING) return;
    inMicrotask(() => {
      if (hold.state !== WAITING || unlock.state !== WAITING || !isUntouched(hold)) return;
      this.#host.report(joinedUnlock(hold, unlock));
    });
  }

  /** An unlock that had to be waited for has come although the lock was asked for: somebody else has released it. */
  #passed(hold: Hold, unlock: Hold): void {
    if (hold.state === HELD && !unlock.hasQueued && isUntouched(hold)) {
      this.#host.report(joinedUnlock(hold, unlock));
    }
  }
}

/** Can the unlock not come while the hold lasts, and are both looked at? */
function excludeEachOther(hold: Hold, unlock: Hold): boolean {
  if (hold.lockClass.options.validate === false) return false;
  return hold.permits + unlock.permits > hold.lock.capacity;
}

/** Has nobody but the combinator asked for it? */
function isUntouched(hold: Hold): boolean {
  return hold.takers === 1 && !hold.asked.unsure;
}
