/** Attempts that are not judged to the end yet. */
import type { GateSet } from '../order/gates.js';
import type { Report } from '../report/types.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import type { Hold } from '../model/hold.js';
import type { Debt, Doubt } from '../flow/owner.js';
import type { NestingFacts } from './nesting-facts.js';

type Evidence = 'own' | 'proven' | 'suspected';

/** An attempt whose nesting is not settled. */
export interface Pending {
  /** Of the nesting as it was at the attempt; of no nesting once a class in it has changed. */
  facts: NestingFacts;
  /** All that was held at the attempt, outermost first. */
  readonly holds: readonly Hold[];
  /** How often each of those had been returned by then. */
  readonly returned: readonly number[];
  /** The same and what is not checked, innermost first. */
  readonly beside: readonly Hold[];
  /** What may keep other flows out beside that (possible-gates.ts); undefined where it is not known. */
  readonly possible: GateSet | undefined;
  /** Holds beside it that were never seen to be those of somebody who waits: gates for what is strict only. */
  readonly doubted: Hold[];
  /** Those that ended before the wanted lock was granted: gates for nothing. */
  readonly gone: Hold[];
  /** Of other classes than the wanted one, what it was learned to be ordered after. */
  readonly taught: Map<Hold, Evidence>;
  /** May the flow be under the nest lock that it names, though it does not list it? */
  readonly nested: boolean;
  /** Held at the attempt, innermost first, and not proven yet. */
  open: Hold[];
  /** Of those, the ones whose holder has said that it waits (`structured`). */
  readonly vouched: readonly Hold[];
  /** When it was made, in the order of what is derived from turns with tries. */
  readonly branch: number;
  /** The stack of the call. */
  readonly stack: readonly CapturedFrame[];
  /** That of an async function of ours which the caller awaits, where there was one: who is awaited by whom is seen on it. */
  probed?: readonly CapturedFrame[];
  /**
   * The moment that its holds are judged by: that of the attempt, and from when its wait is known to be over, that one. What
   * was downgraded before had become a read by the time that the flow waited.
   */
  moment: number;
  /** Is the wait known to be over, as far as the flow is concerned? */
  had: boolean;
  /** What was found before the attempt had its look at its own stack, which is where it throws. */
  offence?: Report | undefined;
}

/** What all attempts of one kind under one hold ask. */
export interface Question extends Doubt {
  /** Has a class changed since, so that the answer is no part of what is known of the nesting? */
  detached: boolean;
}

/** An attempt that ended before it was proven. */
export interface Due extends Debt {
  readonly doubt: Question;
  readonly wanted: Hold;
  readonly pending: Pending;
  /** The first of its kind, where this is a later one. */
  readonly first?: Due | undefined;
  /** The proof that there is, when only the release of the outer lock is waited for. */
  readonly evidence?: 'own' | 'proven';
}

/** The flow is known to have what it wanted. Only the first such moment counts. */
export function noteHad(pending: Pending, moment: number): void {
  if (pending.had) return;
  pending.had = true;
  pending.moment = moment;
}

/** Is the order of its lock checked? */
export function isChecked(hold: Hold): boolean {
  return hold.lockClass.options.validate !== false;
}
