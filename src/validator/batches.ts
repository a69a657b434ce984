/**
 * Locks that one flow requested in one synchronous turn and got as one. Each was held while any other one may have been
 * waited for, so there is an order both ways between any two. Such requests are queued all at once, and cannot deadlock among
 * themselves: the batch is the gate of these orders (order/gates.ts).
 *
 * Cost: two lookups for each pair, and a look at the live holds (possible-gates.ts).
 */
import { BATCH, gateSet } from '../order/gates.js';
import type { HeldNode } from '../tracker/held-node.js';
import { listHolds } from '../tracker/held-tracker.js';
import type { ClassIds } from './class-ids.js';
import type { PossibleGates } from './possible-gates.js';
import type { NestedAttempt } from './rules/rule.js';

/** Two of one class are left out: their order is no matter of the order of classes. */
export function* batchAttempts(
  nodes: readonly HeldNode[],
  ids: ClassIds,
  possible: PossibleGates,
): Generator<NestedAttempt, void, undefined> {
  for (const held of nodes) {
    const holds = [...listHolds(held.parent).toReversed(), held];
    const gates = gateSet([...ids.gatesOf(holds), BATCH]);
    for (const wanted of nodes) {
      if (held.lockClass === wanted.lockClass) continue;
      const stack = wanted.asked.frames ?? [];
      const others = possible.of([...holds, ...nodes], wanted);
      const protection = others === undefined ? undefined : gateSet([...gates, ...others]);
      yield { held, wanted, holds, gates, protection, evidence: 'own', tier: 'strict', stack };
    }
  }
}
