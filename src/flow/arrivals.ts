/** What the promise hooks tell the validator: what has come to whom. None of these calls may throw. */
import type { Hold } from '../model/hold.js';
import type { Debt, Owner } from './owner.js';

export interface Arrivals {
  /** A hold of which something is in question, or the end of a wait, has arrived in the function instance that awaited it; or that one begins to wait. */
  onHold(node: Hold, owner: Owner): void;
  /** A function with a debt has returned to one that awaited it. */
  onDebt(debt: Debt, owner: Owner): void;
  /** Holds that were requested in one turn have arrived in one function instance, all at once. */
  onBatch(nodes: readonly Hold[]): void;
  /** A lock and its unlock, requested in one turn, are elements of one `Promise.all`; or `both` have come through it. */
  onJoin(hold: Hold, unlock: Hold, both: boolean): void;
  /** The program has replaced the promises of the language: whether they are followed is to be tried out. */
  onReplacement(): void;
  /** Promises can not be followed any further. */
  onFault(error: unknown): void;
}
