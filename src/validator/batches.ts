/**
 * Locks that one flow requested in one synchronous turn and got as one. Each was held while any other one may have been
 * waited for, so there is an order both ways between any two. Such requests are queued all at once, and cannot deadlock among
 * themselves: the batch is the gate of these orders (order/gates.ts).
 *
 * Those of one class and mode under the same holds teach the same, so one of them stands for all. Of more than
 * MAX_BATCH_KINDS the further ones teach nothing: each of their orders, of which there are as many as the square, would have to
 * be looked at for cycles.
 *
 * Cost: O(1) for each lock, two lookups for each pair of those that stand for others, and for an order that is not known a look
 * at the live holds (possible-gates.ts).
 */
import { BATCH, gateSet, type GateSet } from '../order/gates.js';
import type { LockClass } from '../model/lock-class.js';
import type { Violation } from '../report/types.js';
import type { Hold } from '../model/hold.js';
import { listHolds, nearestHeld } from '../flow/hold-list.js';
import type { ClassIds } from './class-ids.js';
import type { Dependencies } from './dependencies.js';
import { MAX_HELD_DEPTH, type Limits } from './host.js';
import type { PossibleGates } from './possible-gates.js';
import type { NestedAttempt } from './rules/rule.js';

/** Classes of one batch between which orders are learned. */
export const MAX_BATCH_KINDS = 32;

/** Stands for those of a batch that teach the same. */
interface Kind {
  readonly node: Hold;
  /** All that the flow holds, outermost first, the others of the batch apart. */
  readonly holds: readonly Hold[];
  readonly gates: GateSet;
}

export class Batches {
  readonly #ids: ClassIds;
  readonly #possible: PossibleGates;
  readonly #dependencies: Dependencies;
  readonly #limits: Limits;

  constructor(ids: ClassIds, possible: PossibleGates, dependencies: Dependencies, limits: Limits) {
    this.#ids = ids;
    this.#possible = possible;
    this.#dependencies = dependencies;
    this.#limits = limits;
  }

  /** The cycles that the orders among `nodes` close, now or when they were learned. */
  *arrived(nodes: readonly Hold[]): Generator<Violation, void, undefined> {
    const kinds = this.#kindsOf(nodes);
    for (const held of kinds) {
      for (const wanted of kinds) {
        // The order of two of one class is no matter of the order of classes.
        if (held.node.lockClass === wanted.node.lockClass) continue;
        const known = this.#dependencies.known(held.node, wanted.node, held.gates);
        const { violation } = known ?? this.#dependencies.learn(this.#attempt(held, wanted, nodes));
        if (violation !== undefined) yield violation;
      }
    }
  }

  /** `together`: all of the batch. */
  #attempt({ node: held, holds, gates }: Kind, { node: wanted }: Kind, together: readonly Hold[]): NestedAttempt {
    const others = this.#possible.of([...holds, ...together], wanted);
    return {
      held,
      wanted,
      holds,
      gates,
      protection: others && gateSet([...gates, ...others]),
      evidence: 'own',
      tier: 'strict',
      stack: wanted.asked.frames ?? [],
    };
  }

  /** The first of each class and mode, under each list of holds: a flow may have taken more at once between two requests. */
  #kindsOf(nodes: readonly Hold[]): Kind[] {
    const kinds: Kind[] = [];
    const known = new Map<Hold | undefined, Map<LockClass, Set<string>>>();
    for (const node of nodes) {
      const outer = nearestHeld(node.parent);
      const classes = ensure(known, outer, () => new Map<LockClass, Set<string>>());
      const modes = ensure(classes, node.lockClass, () => new Set<string>());
      if (modes.has(node.wait)) continue;
      if (kinds.length === MAX_BATCH_KINDS) {
        this.#limits.reached('MAX_BATCH_KINDS', 'the order of further classes that are taken together is not learned');
        break;
      }
      modes.add(node.wait);
      const holds = listHolds(outer, MAX_HELD_DEPTH);
      if (holds.length === MAX_HELD_DEPTH) continue;
      holds.reverse().push(node);
      kinds.push({ node, holds, gates: gateSet([...this.#ids.gatesOf(holds), BATCH]) });
    }
    return kinds;
  }
}

function ensure<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = make()));
  return value;
}
