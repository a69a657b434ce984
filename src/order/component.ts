/**
 * Vertices, and the strongly connected components that they make up: the parts of the condensation (condensation.ts).
 *
 * Invariant: a component's vertices all reach each other, and every vertex is a member of exactly the component that it
 * names. A component of several vertices has every edge that crosses its border in `leaving` or `entering`.
 *
 * Cost: contraction moves the lighter components into the heaviest, so over all contractions a vertex or an edge is moved
 * O(log n) times. An edge that has become internal is dropped from the border by the next search that meets it.
 */
import type { Edge, Vertex } from './edge.js';
import type { Ranked } from './ranked-list.js';

export class VertexNode<E> {
  readonly vertex: Vertex;
  /** Edges from here, by their other end. */
  readonly out: Map<Vertex, Edge<E>> = new Map<Vertex, Edge<E>>();
  /** Edges to here, by their other end. */
  readonly in: Map<Vertex, Edge<E>> = new Map<Vertex, Edge<E>>();
  component: Component<E> = new Component<E>(this);

  constructor(vertex: Vertex) {
    this.vertex = vertex;
  }
}

export class Component<E> implements Ranked<Component<E>> {
  /** Its place in the topological order, and its neighbours there. */
  rank = 0;
  previous: Component<E> | undefined = undefined;
  next: Component<E> | undefined = undefined;
  /** The last sweep that found it. Sweeps are numbered, so no mark has to be wiped. */
  foundBy = 0;
  /** Edges that leave it, perhaps with some internal ones; undefined for a single vertex, whose own map serves. */
  leaving: Set<Edge<E>> | undefined = undefined;
  /** Edges that enter it, likewise. */
  entering: Set<Edge<E>> | undefined = undefined;
  readonly members: VertexNode<E>[];

  constructor(first: VertexNode<E>) {
    this.members = [first];
  }
}

/** What a vertex's map and a component's border have in common. */
export interface EdgeSet<E> {
  readonly size: number;
  values(): IterableIterator<Edge<E>>;
}

export function edgesOutOf<E>(component: Component<E>): EdgeSet<E> {
  return component.leaving ?? (component.members[0] as VertexNode<E>).out;
}

export function edgesInto<E>(component: Component<E>): EdgeSet<E> {
  return component.entering ?? (component.members[0] as VertexNode<E>).in;
}

/** Sorts components, in place, into their topological order. */
export function inOrder<E>(components: Component<E>[]): Component<E>[] {
  return components.sort((a, b) => a.rank - b.rank);
}

/** Makes one component of several: the heaviest, which takes in the others. */
export function contract<E>(components: readonly Component<E>[]): Component<E> {
  const kept = components.reduce((a, b) => (weight(b) > weight(a) ? b : a));
  const leaving = (kept.leaving ??= new Set(edgesOutOf(kept).values()));
  const entering = (kept.entering ??= new Set(edgesInto(kept).values()));
  for (const component of components) {
    if (component === kept) continue;
    for (const edge of edgesOutOf(component).values()) leaving.add(edge);
    for (const edge of edgesInto(component).values()) entering.add(edge);
    for (const node of component.members) {
      node.component = kept;
      kept.members.push(node);
    }
  }
  return kept;
}

function weight<E>(component: Component<E>): number {
  return component.members.length + edgesOutOf(component).size + edgesInto(component).size;
}
