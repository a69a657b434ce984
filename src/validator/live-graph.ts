/** What flows of this process have learned, as a graph. What was loaded or declared is none of it. */
import type { LockClass } from '../model/lock-class.js';
import { sitePrinter } from '../model/place-class.js';
import { isCovered, type Alternative } from '../order/alternatives.js';
import { isSharedVertex } from '../order/class-order.js';
import { BATCH, isSharedGate, lockOfGate } from '../order/gates.js';
import { gateName } from '../order/named-gates.js';
import type { EdgeKind, GraphClass, GraphEdge, LockGraph } from '../order/snapshot.js';
import type { Tier } from '../report/types.js';
import type { ClassIds } from './class-ids.js';
import { gatesBeside, type Dependencies, type FactsOrder } from './dependencies.js';
import { sitesOf, type EdgeFacts } from './edge-facts.js';

type Edge = ReturnType<FactsOrder['edges']> extends Iterable<infer E> ? E : never;
type Known = readonly Alternative<EdgeFacts>[];

export function liveGraph(dependencies: Dependencies, ids: ClassIds): LockGraph {
  const edges: GraphEdge[] = [];
  for (const edge of dependencies.orders.all.edges()) {
    if (!isSharedVertex(edge.to)) edges.push(...entriesOf(edge, dependencies, ids));
  }
  for (const { from, to, facts } of dependencies.declared()) {
    const sites = [sitesOf(facts)];
    edges.push({ from: from.name, to: to.name, kinds: ['declared'], tier: 'strict', count: 0, sites });
  }
  return { version: 1, classes: [...ids.met()].map(graphClass), edges };
}

/** The class, as graphs name it. */
export function graphClass({ name, site }: LockClass): GraphClass {
  return site === undefined ? { name } : { name, site: sitePrinter.print(site) };
}

/** One for each kind and tier. A kind or tier that says less is left out where another one says as much. */
function entriesOf(edge: Edge, { orders }: Dependencies, ids: ClassIds): GraphEdge[] {
  const held = isSharedVertex(edge.from) ? 'S' : 'E';
  const proven = orders.proven.edge(edge.from, edge.to);
  const [strong, weak] = [orders.all.strongOf(edge), edge.payload.alternatives];
  const provenStrong = proven === undefined ? [] : orders.proven.strongOf(proven);
  const provenWeak = proven?.payload.alternatives ?? [];
  const entries: GraphEdge[] = [];
  const add = (kind: EdgeKind, tier: Tier, found: Known, ...saidBy: Known[]): void => {
    const own = found.filter(({ gates, facts }) => {
      const isOwn = facts.origin === undefined || facts.origin === 'event';
      return isOwn && !saidBy.some((other) => isCovered(other, gates));
    });
    const count = (tier === 'strict' ? proven : edge)?.payload.count ?? 0;
    const counting = own.map(({ gates, facts }) => ({ gates: orders.all.countingGates(gates), facts }));
    if (own.length > 0) entries.push(entry(edge, kind, tier, count, counting, ids));
  };
  add(`${held}N`, 'strict', provenStrong);
  add(`${held}R`, 'strict', provenWeak, provenStrong);
  add(`${held}N`, 'advisory', strong, provenStrong);
  add(`${held}R`, 'advisory', weak, strong, provenWeak);
  return entries;
}

function entry(edge: Edge, kind: EdgeKind, tier: Tier, count: number, found: Known, ids: ClassIds): GraphEdge {
  const { facts } = found[0] as Alternative<EdgeFacts>;
  return {
    from: facts.held.lockClass.name,
    to: facts.wanted.lockClass.name,
    kinds: [kind],
    tier,
    count,
    sites: found.map((alternative) => sitesOf(alternative.facts)),
    gates: found.map(({ gates }) => gatesBeside(edge, gates).map((gate) => nameOfGate(gate, ids))),
  };
}

function nameOfGate(gate: number, ids: ClassIds): string {
  if (gate === BATCH) return '';
  return gateName({ name: ids.nameOfGate(lockOfGate(gate)), shared: isSharedGate(gate) });
}
