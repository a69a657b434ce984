/** Attempts that are not judged to the end yet. */
import type { GateSet } from '../order/gates.js';
import type { CapturedFrame } from '../tracker/captured-frame.js';
import type { Debt, Doubt, HeldNode } from '../tracker/held-node.js';
import type { NestingFacts } from './nesting-facts.js';

/** An attempt whose nesting is not settled. */
export interface Pending {
  /** Of the nesting as it was at the attempt; of no nesting once a class in it has changed. */
  facts: NestingFacts;
  /** All that was held at the attempt, outermost first. */
  readonly holds: readonly HeldNode[];
  /** All of it that keeps other flows out, what is not checked included. */
  readonly gates: GateSet;
  /** Held at the attempt, innermost first, and not proven yet. */
  open: HeldNode[];
  /** Of those, the ones whose holder has said that it waits (`structured`). */
  readonly vouched: readonly HeldNode[];
  /** The stack of the call. */
  readonly stack: readonly CapturedFrame[];
}

/** What all attempts of one kind under one hold ask. */
export interface Question extends Doubt {
  /** Has a class changed since, so that the answer is no part of what is known of the nesting? */
  detached: boolean;
}

/** An attempt that ended before it was proven. */
export interface Due extends Debt {
  readonly doubt: Question;
  readonly wanted: HeldNode;
  readonly pending: Pending;
  /** The proof that there is, when only the release of the outer lock is waited for. */
  readonly evidence?: 'own' | 'proven';
}
