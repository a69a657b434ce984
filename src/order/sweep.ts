/**
 * A breadth-first search over components that is done one edge at a time, so that two of them can take turns.
 *
 * Invariant: `found` has every component that was found, once, each marked with the sweep's number. A component further on
 * than the limit is not found: no path to what is being looked for leads through it. Cost: O(1) per step.
 */
import { edgesInto, edgesOutOf, type Component, type VertexNode } from './component.js';
import type { Edge, Vertex } from './edge.js';

/** More to do; all found; or just came upon what the other sweep has found. */
export type Progress = 'more' | 'done' | 'met';

export class Sweep<E> {
  /** What was found: the start, then all else by distance. The tail of it is still to be visited. */
  readonly found: Component<E>[];
  readonly #nodes: ReadonlyMap<Vertex, VertexNode<E>>;
  readonly #number: number;
  readonly #forward: boolean;
  readonly #limit: number;
  #at = 0;
  #edges: Iterator<Edge<E>>;
  /** Edges looked at. */
  steps = 0;

  /** `limit`: the highest rank to visit when going forward, the lowest when not. */
  constructor(
    nodes: ReadonlyMap<Vertex, VertexNode<E>>,
    number: number,
    start: Component<E>,
    limit: number,
    forward: boolean,
  ) {
    this.#nodes = nodes;
    this.#number = number;
    this.#limit = limit;
    this.#forward = forward;
    this.#edges = this.#edgesOf(start);
    this.found = [start];
    start.foundBy = number;
  }

  /** Was this the last sweep to find `component`? */
  has(component: Component<E>): boolean {
    return component.foundBy === this.#number;
  }

  /** Looks at one edge. After 'met' the sweep is of no more use. */
  step(other?: Sweep<E>): Progress {
    const edge = this.#nextEdge();
    if (edge === undefined) return 'done';
    this.steps += 1;
    const here = this.found[this.#at] as Component<E>;
    const next = (this.#nodes.get(this.#forward ? edge.to : edge.from) as VertexNode<E>).component;
    if (next === here) this.#dropInternal(here, edge);
    else if (!this.has(next) && this.#isWithin(next.rank)) {
      if (other?.has(next) === true) return 'met';
      next.foundBy = this.#number;
      this.found.push(next);
    }
    return 'more';
  }

  #nextEdge(): Edge<E> | undefined {
    for (;;) {
      const next = this.#edges.next();
      if (next.done !== true) return next.value;
      const component = this.found[this.#at + 1];
      if (component === undefined) return undefined;
      this.#at += 1;
      this.#edges = this.#edgesOf(component);
    }
  }

  #edgesOf(component: Component<E>): Iterator<Edge<E>> {
    return (this.#forward ? edgesOutOf(component) : edgesInto(component)).values();
  }

  #isWithin(rank: number): boolean {
    return this.#forward ? rank <= this.#limit : rank >= this.#limit;
  }

  /** The edge crossed a border once, which a contraction has moved since. */
  #dropInternal(component: Component<E>, edge: Edge<E>): void {
    (this.#forward ? component.leaving : component.entering)?.delete(edge);
  }
}

/** Lets two sweeps take turns until they meet (undefined), or one has found all there is for it (that one). */
export function race<E>(ahead: Sweep<E>, behind: Sweep<E>): Sweep<E> | undefined {
  for (;;) {
    let progress = ahead.step(behind);
    if (progress !== 'more') return progress === 'done' ? ahead : undefined;
    progress = behind.step(ahead);
    if (progress !== 'more') return progress === 'done' ? behind : undefined;
  }
}
