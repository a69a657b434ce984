/** The words of the order graph. */

/** A node of the graph: a small non-negative integer that the caller hands out. */
export type Vertex = number;

/** The one edge from a vertex to another. */
export interface Edge<E> {
  readonly from: Vertex;
  readonly to: Vertex;
  /** What the caller knows of this edge. */
  payload: E;
  /** Did it close a cycle when it was added? Stays as it is, even if that cycle is broken up by a removal. */
  readonly closing: boolean;
}
