/**
 * The learned order as a directed graph: keeps every edge, and says of each new one whether it closes a cycle.
 *
 * Invariant: an edge is called closing exactly if, when it was added, its end reached its start over the edges that were
 * there, those that had closed cycles themselves included. A tolerated cycle therefore hides no later one, and does not
 * make an innocent edge guilty. An edge from a vertex to itself is closing.
 *
 * Cost: a known edge is two map lookups. Of a new one an incremental topological order over the strongly connected
 * components (Pearce and Kelly 2006; condensation.ts) says yes or no. The chain to show is a breadth-first search of its
 * own, O(edges) at worst, for when there is something to report. Memory: O(vertices + edges).
 *
 * Calls are serial, except that a payload thunk may call back: the edge it is asked for is not yet there then. If it
 * throws, or adds that edge itself, nothing is added for it. No edge is ever refused for what it closes.
 */
import type { VertexNode } from './component.js';
import { Condensation } from './condensation.js';
import type { Edge, Vertex } from './edge.js';
import { checkOrder } from './order-invariants.js';

export type { Edge, Vertex } from './edge.js';

export interface EdgeResult<E> {
  /** known: was there before. added: new, and closes no cycle. closing: new, and closes at least one. */
  readonly kind: 'known' | 'added' | 'closing';
  readonly edge: Edge<E>;
}

export class OrderGraph<E> {
  readonly #nodes = new Map<Vertex, VertexNode<E>>();
  #order = new Condensation<E>(this.#nodes);
  #edgeCount = 0;

  /** Vertices that had an edge at some time and were not removed since. */
  get vertexCount(): number {
    return this.#nodes.size;
  }

  get edgeCount(): number {
    return this.#edgeCount;
  }

  /** @internal Edges that the order's searches have looked at so far. */
  get searchSteps(): number {
    return this.#order.steps;
  }

  /** Adds an edge and the vertices it needs. `payload` is called for a new edge only. */
  addEdge(from: Vertex, to: Vertex, payload: () => E): EdgeResult<E> {
    const known = this.edge(from, to);
    if (known !== undefined) return { kind: 'known', edge: known };
    const facts = payload();
    const meanwhile = this.edge(from, to);
    if (meanwhile !== undefined) return { kind: 'known', edge: meanwhile };
    const source = this.#ensure(from);
    const target = this.#ensure(to);
    const closing = this.#order.connect(source, target);
    const edge: Edge<E> = { from, to, payload: facts, closing };
    source.out.set(to, edge);
    target.in.set(from, edge);
    this.#order.attached(edge, source, target);
    this.#edgeCount += 1;
    return { kind: closing ? 'closing' : 'added', edge };
  }

  /** Had the vertex an edge at some time, and was not removed since? */
  has(vertex: Vertex): boolean {
    return this.#nodes.has(vertex);
  }

  edge(from: Vertex, to: Vertex): Edge<E> | undefined {
    return this.#nodes.get(from)?.out.get(to);
  }

  /** By vertex in the order of their first edges, then by age. */
  *edges(): Generator<Edge<E>, void, undefined> {
    for (const node of this.#nodes.values()) yield* node.out.values();
  }

  /** The edges that leave `vertex`, oldest first; none for a vertex that is not there. */
  successors(vertex: Vertex): Iterable<Edge<E>> {
    return this.#nodes.get(vertex)?.out.values() ?? [];
  }

  /** The edges that lead to `vertex`, oldest first; none for a vertex that is not there. */
  predecessors(vertex: Vertex): Iterable<Edge<E>> {
    return this.#nodes.get(vertex)?.in.values() ?? [];
  }

  /** Is the edge, which is in the graph, part of a cycle? */
  isOnCycle(edge: Edge<E>): boolean {
    return this.#nodes.get(edge.from)?.component === this.#nodes.get(edge.to)?.component;
  }

  /** All edges that cycles through `vertex` may consist of. */
  *edgesInComponent(vertex: Vertex): Generator<Edge<E>, void, undefined> {
    const component = this.#nodes.get(vertex)?.component;
    for (const node of component?.members ?? []) {
      for (const edge of node.out.values()) if (this.#nodes.get(edge.to)?.component === component) yield edge;
    }
  }

  /** Do edges lead from `from` to `to`? Every vertex reaches itself: an edge would close a cycle. */
  reaches(from: Vertex, to: Vertex): boolean {
    if (from === to) return true;
    const source = this.#nodes.get(from);
    const target = this.#nodes.get(to);
    return source !== undefined && target !== undefined && this.#order.reaches(source, target);
  }

  /**
   * The fewest edges that lead from `from` to `to`, in their order; undefined if none do, empty if both are the same.
   * After a closing edge, `[edge, ...shortestChain(edge.to, edge.from)]` is a shortest cycle through it.
   */
  shortestChain(from: Vertex, to: Vertex): Edge<E>[] | undefined {
    return this.shortestChainOf([from], new Set([to]));
  }

  /** The same from any of some vertices to any of others. */
  shortestChainOf(from: readonly Vertex[], to: ReadonlySet<Vertex>): Edge<E>[] | undefined {
    if (from.some((vertex) => to.has(vertex))) return [];
    let limit = -Infinity;
    for (const vertex of to) limit = Math.max(limit, this.#nodes.get(vertex)?.component.rank ?? -Infinity);
    const cameBy = new Map<Vertex, Edge<E> | undefined>(from.map((vertex) => [vertex, undefined]));
    // The keys of a map that grows while it is walked: visited in the order in which they were found.
    for (const vertex of cameBy.keys()) {
      for (const edge of this.successors(vertex)) {
        if (cameBy.has(edge.to) || this.#rank(edge.to) > limit) continue;
        cameBy.set(edge.to, edge);
        if (to.has(edge.to)) return chainTo(edge, cameBy);
      }
    }
    return undefined;
  }

  /**
   * Forgets a vertex with its edges; false if it is not there. Cycles that ran through it are gone: what they had
   * joined is told apart again.
   */
  removeVertex(vertex: Vertex): boolean {
    const node = this.#nodes.get(vertex);
    if (node === undefined) return false;
    for (const edge of [...node.out.values(), ...node.in.values()]) this.#detach(edge);
    this.#nodes.delete(vertex);
    this.#order.removed(node);
    return true;
  }

  clear(): void {
    this.#nodes.clear();
    this.#order = new Condensation<E>(this.#nodes);
    this.#edgeCount = 0;
  }

  /** Throws if the graph contradicts itself. Costs O(vertices + edges) and more: for tests. */
  checkInvariants(): void {
    const { edges, components } = checkOrder(this.#nodes);
    this.#order.checkInvariants(components);
    if (edges !== this.#edgeCount) throw new Error(`order graph: ${edges} edges, but counted ${this.#edgeCount}`);
  }

  #ensure(vertex: Vertex): VertexNode<E> {
    let node = this.#nodes.get(vertex);
    if (node === undefined) {
      node = this.#order.newNode(vertex);
      this.#nodes.set(vertex, node);
    }
    return node;
  }

  /** An edge from a vertex to itself comes here twice. */
  #detach(edge: Edge<E>): void {
    const source = this.#nodes.get(edge.from) as VertexNode<E>;
    const target = this.#nodes.get(edge.to) as VertexNode<E>;
    if (!source.out.delete(edge.to)) return;
    target.in.delete(edge.from);
    this.#order.detached(edge, source, target);
    this.#edgeCount -= 1;
  }

  #rank(vertex: Vertex): number {
    return (this.#nodes.get(vertex) as VertexNode<E>).component.rank;
  }
}

function chainTo<E>(last: Edge<E>, cameBy: ReadonlyMap<Vertex, Edge<E> | undefined>): Edge<E>[] {
  const chain: Edge<E>[] = [];
  for (let edge: Edge<E> | undefined = last; edge !== undefined; edge = cameBy.get(edge.from)) chain.push(edge);
  return chain.reverse();
}
