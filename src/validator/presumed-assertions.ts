/**
 * Assertions that seem broken by a hold of which it is not certain yet who has it: what a helper has returned, for one, as several may
 * wait for that. They are decided when it is released: broken, for certain, where the very function instance releases it that had it at
 * the assertion.
 *
 * States of one: presumed -> told at the release, or dropped with the hold. Invariant: nothing is told of a hold that was handed on.
 * Cost: nothing until there is one; then a look for each hold that is released. A caller must ask for a violation only where the
 * running function is on record for the hold.
 */
import type { Hold, HoldOwner } from '../model/hold.js';
import type { Violation } from '../report/types.js';

interface Presumed {
  readonly owner: HoldOwner;
  readonly violation: Violation;
}

/** Of one hold, those that are kept: each is another place of the program. */
const MAX_OF_A_HOLD = 8;

export class PresumedAssertions {
  #byHold: WeakMap<Hold, Presumed[]> | undefined;

  add(hold: Hold, owner: HoldOwner, violation: Violation): void {
    this.#byHold ??= new WeakMap();
    const all = this.#byHold.get(hold) ?? [];
    if (all.length < MAX_OF_A_HOLD) this.#byHold.set(hold, [...all, { owner, violation }]);
  }

  /** `owner` releases the hold, which it had for certain. Returns what it has broken. */
  decide(hold: Hold, owner: HoldOwner | undefined): readonly Violation[] {
    const all = this.#byHold?.get(hold);
    if (all === undefined) return [];
    this.#byHold?.delete(hold);
    return all.flatMap((presumed) => (presumed.owner === owner ? presumed.violation : []));
  }
}
