/**
 * The topological order of the graph's strongly connected components, kept up to date edge by edge.
 *
 * Invariant: an edge between two components leads to the higher rank. So an edge that ascends closes no cycle, and that
 * takes no search. The order is one of components, not of vertices: a cycle that is tolerated becomes one component, and
 * the answers after it stay right.
 *
 * An edge x -> y that descends is searched for only between rank[y] and rank[x], the affected region of Pearce and Kelly,
 * "A dynamic topological sort algorithm for directed acyclic graphs", ACM JEA 11, 2006:
 *   1. Two sweeps take turns: ahead from y, behind from x. If they meet, y reaches x, and the edge closes a cycle.
 *   2. If one ends first, no cycle: all that it found moves, in its order, to the other side of the edge.
 *   3. After a cycle, all components on a path from y to x are contracted into one in the place of x; what else y reaches
 *      moves behind it.
 * Other than in that paper, step 2 needs only the smaller of the two sweeps, as in Haeupler, Kavitha, Mathew, Sen and
 * Tarjan, "Incremental cycle detection, topological ordering, and strong component maintenance", ACM TALG 8, 2012. For
 * that, ranks have gaps to insert into (ranked-list.ts). On orders as programs have them, where classes nest with near
 * ones, it looks at a few edges where the paper's looks at hundreds.
 *
 * Cost: an ascending edge O(1), another O(r log r), r being twice the smaller sweep; a closing one all that y reaches in the
 * region. Taking a vertex out of a larger component costs that component's vertices and edges.
 *
 * The calls come from OrderGraph alone, one after the other; nothing here calls out, and nothing is refused.
 */
import { contract, edgesInto, inOrder, VertexNode, type Component } from './component.js';
import type { Edge, Vertex } from './edge.js';
import { RankedList } from './ranked-list.js';
import { strongParts } from './strong-parts.js';
import { race, Sweep } from './sweep.js';

export class Condensation<E> {
  readonly #nodes: ReadonlyMap<Vertex, VertexNode<E>>;
  readonly #order = new RankedList<Component<E>>();
  #sweeps = 0;
  /** Edges that searches have looked at: the work done, for tests. */
  steps = 0;

  /** `nodes` is the caller's, who adds and deletes. */
  constructor(nodes: ReadonlyMap<Vertex, VertexNode<E>>) {
    this.#nodes = nodes;
  }

  /** A node for a vertex that has no edges yet. */
  newNode(vertex: Vertex): VertexNode<E> {
    const node = new VertexNode<E>(vertex);
    this.#order.insertAfter(this.#order.last, [node.component]);
    return node;
  }

  /** Makes the order fit an edge that is about to be attached. True if the edge closes a cycle. */
  connect(source: VertexNode<E>, target: VertexNode<E>): boolean {
    const from = source.component;
    const to = target.component;
    if (from === to) return true;
    if (from.rank < to.rank) return false;
    const ahead = this.#sweepAhead(to, from.rank);
    const behind = this.#sweepBehind(from, to.rank);
    const ended = race(ahead, behind);
    this.steps += ahead.steps + behind.steps;
    if (ended === undefined) {
      this.#contractCycle(from, to);
      return true;
    }
    this.#order.moveAfter(ended === ahead ? from : to.previous, inOrder(ended.found));
    return false;
  }

  /** The edge is now in the maps of both its ends, which were connected before. */
  attached(edge: Edge<E>, source: VertexNode<E>, target: VertexNode<E>): void {
    if (source.component === target.component) return;
    source.component.leaving?.add(edge);
    target.component.entering?.add(edge);
  }

  /** The edge is no longer in the maps of its ends. */
  detached(edge: Edge<E>, source: VertexNode<E>, target: VertexNode<E>): void {
    source.component.leaving?.delete(edge);
    target.component.entering?.delete(edge);
  }

  /** The node has lost its edges and has left the graph. */
  removed(node: VertexNode<E>): void {
    const { component } = node;
    const rest = component.members.filter((member) => member !== node);
    this.#order.insertAfter(component, strongParts(this.#nodes, component, rest));
    this.#order.remove(component);
  }

  /** Does a path lead from one to the other, or are they the same? */
  reaches(source: VertexNode<E>, target: VertexNode<E>): boolean {
    const from = source.component;
    const to = target.component;
    if (from === to) return true;
    if (from.rank > to.rank) return false;
    const ahead = this.#sweepAhead(from, to.rank);
    const behind = this.#sweepBehind(to, from.rank);
    const ended = race(ahead, behind);
    this.steps += ahead.steps + behind.steps;
    return ended === undefined;
  }

  /** Throws if the order is not one of exactly these components, or one of them has a mark from nowhere: for tests. */
  checkInvariants(components: ReadonlySet<Component<E>>): void {
    this.#order.checkInvariants();
    if (this.#order.size !== components.size) throw new Error('order graph: a component is missing, or left over');
    for (const component of this.#order) {
      if (!components.has(component)) throw new Error('order graph: a component without vertices is in the order');
      if (component.foundBy > this.#sweeps) throw new Error('order graph: a mark is left from no sweep');
    }
  }

  /** `to` reaches `from`, and an edge back is coming. */
  #contractCycle(from: Component<E>, to: Component<E>): void {
    const ahead = this.#sweepAhead(to, from.rank);
    while (ahead.step() !== 'done');
    this.steps += ahead.steps;
    const cycle = this.#backWithin(ahead, from);
    const beyond = inOrder(ahead.found.filter((component) => ahead.has(component)));
    const one = contract(cycle);
    // In the place of `from` it is above all that leads to it; what it leads to and was lower has just been collected.
    this.#order.moveAfter(from, one === from ? beyond : [one, ...beyond]);
    for (const component of cycle) if (component !== one) this.#order.remove(component);
  }

  /** What reaches `start` among all that `within` has found, `start` included. Takes their marks away from `within`. */
  #backWithin(within: Sweep<E>, start: Component<E>): Component<E>[] {
    this.#sweeps += 1;
    const found = [start];
    start.foundBy = this.#sweeps;
    // `found` grows while it is walked.
    for (const component of found) {
      for (const edge of edgesInto(component).values()) {
        this.steps += 1;
        const before = (this.#nodes.get(edge.from) as VertexNode<E>).component;
        if (before === component) component.entering?.delete(edge);
        else if (within.has(before)) {
          before.foundBy = this.#sweeps;
          found.push(before);
        }
      }
    }
    return found;
  }

  #sweepAhead(start: Component<E>, limit: number): Sweep<E> {
    this.#sweeps += 1;
    return new Sweep(this.#nodes, this.#sweeps, start, limit, true);
  }

  #sweepBehind(start: Component<E>, limit: number): Sweep<E> {
    this.#sweeps += 1;
    return new Sweep(this.#nodes, this.#sweeps, start, limit, false);
  }
}
