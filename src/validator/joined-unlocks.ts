/**
 * `Promise.all([m.acquire(), m.waitForUnlock()])`: a lock and its unlock that one flow asked for in one turn and joins.
 *
 * While others hold the lock that is a suspicion. It is certain once the lock has been granted and the unlock has not come:
 * then the releaser has gone into the combinator and, as far as anybody has asked for it by then, nowhere else. It is
 * certain too where the unlock came first, since the lock was free, and both came through: had the lock been held, it
 * would have been granted before its unlock.
 *
 * Cost: a comparison for every two elements of such a combinator; one microtask where the lock is waited for.
 */
import { errorCode, LockdepError } from './errors.js';
import { HELD, WAITING, type HeldNode } from '../tracker/held-node.js';
import type { ValidatorHost } from './host.js';
import { joinedUnlock } from './rules/joined-unlock.js';

/** Captured at load, so that fake timers of a test leave it alone. */
const enqueue = queueMicrotask;

/** A wait that can be made to fail. */
export interface Refusable {
  /** False when it is over already. */
  refuse(error: unknown): boolean;
}

export class JoinedUnlocks {
  readonly #host: ValidatorHost;

  constructor(host: ValidatorHost) {
    this.#host = host;
  }

  /** The two are elements of one combinator; or both have come through it. */
  joined(hold: HeldNode, unlock: HeldNode, both: boolean): void {
    if (!excludeEachOther(hold, unlock)) return;
    if (both) this.#passed(hold, unlock);
    else if (unlock.state === WAITING) this.#pending(hold, unlock);
  }

  /** `hold` has come to the combinator. */
  granted(hold: HeldNode, unlock: HeldNode): void {
    if (hold.state !== HELD || unlock.state !== WAITING || !isUntouched(hold)) return;
    const report = this.#host.report(joinedUnlock(hold, unlock, 'strict'));
    if (!this.#host.enforce) return;
    const error = new LockdepError(report.message, errorCode(report.kind), report);
    (unlock.waiter as Refusable).refuse(error);
  }

  /** Who else asks for the lock does so in this turn, as a rule. */
  #pending(hold: HeldNode, unlock: HeldNode): void {
    hold.ask().joined = unlock;
    if (hold.state !== WAITING) return;
    enqueue(() => {
      if (hold.state !== WAITING || unlock.state !== WAITING || !isUntouched(hold)) return;
      this.#host.report(joinedUnlock(hold, unlock, 'advisory'));
    });
  }

  /** An unlock that had to be waited for has come although the lock was asked for: somebody else has released it. */
  #passed(hold: HeldNode, unlock: HeldNode): void {
    if (hold.state === HELD && unlock.waiter === undefined && isUntouched(hold)) {
      this.#host.report(joinedUnlock(hold, unlock, 'strict'));
    }
  }
}

/** Can the unlock not come while the hold lasts, and are both looked at? */
function excludeEachOther(hold: HeldNode, unlock: HeldNode): boolean {
  if (hold.lockClass.options.validate === false) return false;
  return hold.permits + unlock.permits > hold.lock.capacity;
}

/** Has nobody but the combinator asked for it? */
function isUntouched(hold: HeldNode): boolean {
  return hold.takers === 1 && !hold.asked.unsure;
}
