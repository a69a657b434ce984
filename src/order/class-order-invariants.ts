/** What must be so of the order of classes at every moment, found out the slow way. For tests: walks everything. */
import { checkAlternatives, isCovered } from './alternatives.js';
import type { Edge } from './edge.js';
import type { OrderFacts } from './order-facts.js';
import type { OrderGraph } from './order-graph.js';

/** Throws at the first contradiction. */
export function checkClassOrder<F, R>(
  graph: OrderGraph<OrderFacts<F, R>>,
  heldShared: ReadonlySet<number>,
  gated: ReadonlySet<Edge<OrderFacts<F, R>>>,
): void {
  for (const edge of graph.edges()) {
    const { from, to, payload } = edge;
    ensure(Math.floor(from / 2) !== Math.floor(to / 2), `no edge leads from class ${Math.floor(from / 2)} to itself`);
    checkAlternatives(payload.alternatives);
    if (payload.strong !== undefined) checkAlternatives(payload.strong);
    const hasShared = heldShared.has(Math.floor(to / 2));
    ensure(
      payload.strong === undefined || (!hasShared && (to & 1) === 0),
      'strong sets are kept for a shared vertex to come',
    );
    for (const vertex of [from, to])
      ensure((vertex & 1) === 0 || heldShared.has(Math.floor(vertex / 2)), 'no shared vertex too early');
    checkRepeated(graph, edge);
  }
  for (const edge of gated) {
    ensure(graph.edge(edge.from, edge.to) === edge, 'a gated edge is in the graph');
    ensure(graph.isOnCycle(edge), 'a gated edge is on a cycle');
  }
}

/**
 * What is needed shared is needed exclusively too: every strong set covers one at the edge to the exclusive vertex. The
 * empty set may stand for too many of them.
 */
function checkRepeated<F, R>(graph: OrderGraph<OrderFacts<F, R>>, { from, to, payload }: Edge<OrderFacts<F, R>>): void {
  const strong = (to & 1) === 1 ? payload.alternatives : (payload.strong ?? []);
  const whole = graph.edge(from, to - (to & 1))?.payload.alternatives ?? [];
  ensure(whole.length > 0, 'a strong order is an order');
  for (const { gates } of strong)
    ensure(gates.length === 0 || isCovered(whole, gates), 'so is every strong occurrence');
}

function ensure(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`class order: not so that ${invariant}`);
}
