/**
 * What is still to be judged under one hold, until it is proven or the hold is released.
 *
 * Invariant: of every kind of attempt there is one debt, that of the latest, which knows the first, and one doubt that all of
 * them share: what the others would teach is the same. So a lock that is held for the life of the process gathers no debts, only kinds;
 * past MAX_DEBTS of them the oldest one lapses. O(1) per attempt.
 */
import { RELEASED, type Hold } from '../model/hold.js';
import { NestingFacts } from './nesting-facts.js';
import type { Due, Pending, Question } from './pending.js';

/** Kinds of attempts that may be in question under one hold at once. */
export const MAX_DEBTS = 256;

export class Debts {
  readonly #hold: Hold;
  readonly #doubted = new Map<object, Due>();
  /** Proven, and only the release of the hold is waited for. */
  readonly #proven = new Map<object, Due>();

  constructor(hold: Hold) {
    this.#hold = hold;
  }

  get size(): number {
    return this.#doubted.size + this.#proven.size;
  }

  /** Is it known that something was waited for under the hold? */
  get hasProof(): boolean {
    return this.#proven.size > 0;
  }

  /** Is something that was waited for under the hold still waited for, or held? */
  get outlasted(): boolean {
    for (const { wanted } of this.#proven.values()) if (wanted.state !== RELEASED) return true;
    return false;
  }

  /** It is not known whether the holder has waited for `wanted`. */
  doubt(wanted: Hold, pending: Pending): Due {
    const kind = pending.facts.kindOf(wanted, this.#hold);
    const known = this.#doubted.get(kind);
    const isOver = known === undefined || known.doubt.over;
    const debt: Due = isOver
      ? { doubt: this.#question(), wanted, pending }
      : { doubt: known.doubt, wanted, pending, first: known.first ?? known };
    this.#doubted.set(kind, debt);
    return debt;
  }

  /** It is known, but not whether the hold is the holder's to its end. */
  prove(wanted: Hold, pending: Pending, evidence: 'own' | 'proven'): void {
    const kind = pending.facts.kindOf(wanted, this.#hold);
    if (!this.#proven.has(kind)) this.#proven.set(kind, { doubt: this.#question(), wanted, pending, evidence });
  }

  /** Takes out the oldest debt of too many. */
  takeExcess(): Due | undefined {
    return takeOldest(this.#doubted) ?? takeOldest(this.#proven);
  }

  /** What is still in question. */
  *open(): Generator<Due, void, undefined> {
    for (const debts of [this.#doubted, this.#proven]) {
      for (const debt of debts.values()) if (!debt.doubt.over) yield debt;
    }
  }

  /** A class has changed: what comes of these debts is no part of what is known of their nestings. */
  detach(): void {
    for (const debts of [this.#doubted, this.#proven]) {
      for (const [kind, debt] of Array.from(debts)) {
        debts.delete(kind);
        debt.doubt.detached = true;
        debt.pending.facts = new NestingFacts();
        debts.set(debt.doubt, debt);
      }
    }
  }

  #question(): Question {
    return { hold: this.#hold, over: false, detached: false };
  }
}

function takeOldest(debts: Map<object, Due>): Due | undefined {
  if (debts.size <= MAX_DEBTS) return undefined;
  const [kind, debt] = debts.entries().next().value as [object, Due];
  debts.delete(kind);
  return debt;
}
