/**
 * What a split of a class into subclasses hides: cycles that are there only while subclasses count as the class that they
 * are subclasses of.
 *
 * A split says that two kinds of instances never stand in for each other. Where that is wrong, it hides a deadlock. So for
 * each order that would close a cycle in the folded graph, the shortest such cycle is given, unless its orders form a cycle
 * as they are, which is reported anyway. The nesting of one subclass in another is what subclasses are for, and no cycle.
 *
 * Cost: that of learning all edges anew; nothing while nobody asks. Pure.
 */
import type { Edge, Vertex } from './edge.js';
import { OrderGraph } from './order-graph.js';

/** One order of the folded graph: the orders that it stands for. */
export type Folded<E> = readonly Edge<E>[];

/** The cycles, each as orders that lead from one folded class to the next. `fold` gives the vertex that counts. */
export function splitCycles<E>(edges: Iterable<Edge<E>>, fold: (vertex: Vertex) => Vertex): Folded<E>[][] {
  const folded = new OrderGraph<Edge<E>[]>();
  const found: Folded<E>[][] = [];
  const closing: Edge<Edge<E>[]>[] = [];
  for (const edge of edges) {
    const [from, to] = [fold(edge.from), fold(edge.to)];
    if (Math.floor(from / 2) === Math.floor(to / 2)) continue;
    const added = folded.addEdge(from, to, () => []);
    added.edge.payload.push(edge);
    if (added.kind === 'closing') closing.push(added.edge);
  }
  for (const edge of closing) {
    const chain = folded.shortestChain(edge.to, edge.from) ?? [];
    const cycle = [edge, ...chain].map(({ payload }) => payload);
    if (!isCycle(cycle)) found.push(cycle);
  }
  return found;
}

/** Do some of the orders, one for each step, lead from vertex to vertex and back to where they began? */
function isCycle<E>(steps: readonly Folded<E>[]): boolean {
  return (steps[0] ?? []).some((first) => {
    let reached = new Set([first.to]);
    for (const step of steps.slice(1))
      reached = new Set(step.filter(({ from }) => reached.has(from)).map(({ to }) => to));
    return reached.has(first.from);
  });
}
