/**
 * Breaks up what is left of a component that lost a vertex or an edge: Kosaraju's two searches (Sharir, "A strong-
 * connectivity algorithm and its applications in data flow analysis", 1981). Cost: O(vertices + edges) of the component.
 */
import { Component, type VertexNode } from './component.js';
import type { Edge, Vertex } from './edge.js';

type Nodes<E> = ReadonlyMap<Vertex, VertexNode<E>>;

/**
 * The strongly connected components of `rest`, in topological order; made here, and each of the nodes put into its own.
 * `rest` are all nodes of `component`: one that still names it has not been assigned yet.
 */
export function strongParts<E>(
  nodes: Nodes<E>,
  component: Component<E>,
  rest: readonly VertexNode<E>[],
): Component<E>[] {
  const parts: Component<E>[] = [];
  for (const root of byFinish(nodes, component, rest).reverse()) {
    if (root.component !== component) continue;
    const part = new Component<E>(root);
    root.component = part;
    parts.push(part);
    // The list of members grows while it is walked.
    for (const member of part.members) {
      for (const vertex of member.in.keys()) {
        const node = nodes.get(vertex) as VertexNode<E>;
        if (node.component !== component) continue;
        node.component = part;
        part.members.push(node);
      }
    }
  }
  for (const part of parts) if (part.members.length > 1) collectBorder(nodes, part);
  return parts;
}

/** The nodes in the order in which a depth-first search inside the component leaves them for good. */
function byFinish<E>(nodes: Nodes<E>, component: Component<E>, rest: readonly VertexNode<E>[]): VertexNode<E>[] {
  const finished: VertexNode<E>[] = [];
  const seen = new Set<VertexNode<E>>();
  // A path of its own instead of recursion: a component may be deeper than the stack.
  const path: { readonly node: VertexNode<E>; readonly next: Iterator<Vertex> }[] = [];
  const enter = (node: VertexNode<E>): void => {
    if (node.component !== component || seen.has(node)) return;
    seen.add(node);
    path.push({ node, next: node.out.keys() });
  };
  for (const root of rest) {
    enter(root);
    for (let end = path.at(-1); end !== undefined; end = path.at(-1)) {
      const { done, value } = end.next.next();
      if (done !== true) enter(nodes.get(value) as VertexNode<E>);
      else {
        finished.push(end.node);
        path.pop();
      }
    }
  }
  return finished;
}

function collectBorder<E>(nodes: Nodes<E>, component: Component<E>): void {
  const isOutside = (vertex: Vertex): boolean => nodes.get(vertex)?.component !== component;
  const leaving = new Set<Edge<E>>();
  const entering = new Set<Edge<E>>();
  for (const node of component.members) {
    for (const edge of node.out.values()) if (isOutside(edge.to)) leaving.add(edge);
    for (const edge of node.in.values()) if (isOutside(edge.from)) entering.add(edge);
  }
  component.leaving = leaving;
  component.entering = entering;
}
