/**
 * What must hold of an order graph between any two calls, checked from scratch. For tests: walks everything.
 *
 * That no component is too small follows from the ranks: if every edge between two components ascends, no cycle runs
 * through both.
 */
import type { Component, VertexNode } from './component.js';
import type { Edge, Vertex } from './edge.js';

type Nodes<E> = ReadonlyMap<Vertex, VertexNode<E>>;

/** Throws at the first contradiction, else returns how many edges there are, and which components. */
export function checkOrder<E>(nodes: Nodes<E>): { edges: number; components: ReadonlySet<Component<E>> } {
  const components = new Set<Component<E>>();
  const live = new Set<Edge<E>>();
  for (const [vertex, node] of nodes) {
    ensure(node.vertex === vertex, `vertex ${vertex} has its own node`);
    checkEdges(nodes, node, live);
    components.add(node.component);
  }
  const ranks = new Set<number>();
  let members = 0;
  for (const component of components) {
    ranks.add(component.rank);
    members += component.members.length;
    checkComponent(nodes, component);
    checkBorder(nodes, component, live);
  }
  ensure(ranks.size === components.size, 'no two components have the same rank');
  ensure(members === nodes.size, 'every vertex is in one component');
  return { edges: live.size, components };
}

function checkEdges<E>(nodes: Nodes<E>, node: VertexNode<E>, live: Set<Edge<E>>): void {
  const { vertex } = node;
  for (const [to, edge] of node.out) {
    const target = nodes.get(to);
    ensure(edge.from === vertex && edge.to === to, `edge ${vertex} -> ${to} is where it belongs`);
    ensure(target?.in.get(vertex) === edge, `edge ${vertex} -> ${to} is known at both ends`);
    live.add(edge);
    const from = node.component;
    const into = target?.component;
    ensure(into === from || (into !== undefined && from.rank < into.rank), `edge ${vertex} -> ${to} ascends`);
  }
  for (const [from, edge] of node.in) {
    ensure(nodes.get(from)?.out.get(vertex) === edge, `edge ${from} -> ${vertex} is known at both ends`);
  }
}

/** Every member reaches the first one and is reached by it, inside the component. */
function checkComponent<E>(nodes: Nodes<E>, component: Component<E>): void {
  const { members } = component;
  for (const node of members) ensure(node.component === component, `vertex ${node.vertex} knows its component`);
  ensure(new Set(members).size === members.length, 'a component has each member once');
  const down = spread(nodes, component, (node) => node.out.keys());
  const up = spread(nodes, component, (node) => node.in.keys());
  ensure(down === members.length && up === members.length, 'a component is strongly connected');
}

function spread<E>(nodes: Nodes<E>, component: Component<E>, next: (node: VertexNode<E>) => Iterable<Vertex>): number {
  const found = new Set(component.members.slice(0, 1));
  for (const node of found) {
    for (const vertex of next(node)) {
      const other = nodes.get(vertex);
      if (other?.component === component) found.add(other);
    }
  }
  return found.size;
}

/** A border has every crossing edge, and no edge that is gone. It may have internal ones left over. */
function checkBorder<E>(nodes: Nodes<E>, component: Component<E>, live: ReadonlySet<Edge<E>>): void {
  const { members, leaving, entering } = component;
  ensure((leaving === undefined) === (members.length === 1), 'a single vertex has no border, a larger component has');
  ensure((leaving === undefined) === (entering === undefined), 'a border has two sides');
  if (leaving === undefined || entering === undefined) return;
  const isInside = (vertex: Vertex): boolean => nodes.get(vertex)?.component === component;
  for (const node of members) {
    for (const edge of node.out.values()) ensure(isInside(edge.to) || leaving.has(edge), 'a border is complete');
    for (const edge of node.in.values()) ensure(isInside(edge.from) || entering.has(edge), 'a border is complete');
  }
  for (const edge of leaving) ensure(live.has(edge) && isInside(edge.from), 'what leaves comes from inside');
  for (const edge of entering) ensure(live.has(edge) && isInside(edge.to), 'what enters leads inside');
}

function ensure(holds: boolean, invariant: string): void {
  if (!holds) throw new Error(`order graph: not so that ${invariant}`);
}
