/**
 * Is there a cycle through an edge whose flows can all run at once? One gate set is chosen for each of its edges, and no
 * two of them may exclude each other.
 *
 * First a shortest chain of all, with the gate sets as they fit; that settles most. Else a breadth-first search over
 * states: a vertex, and the gates chosen on the way there. A state is dropped for one at the same vertex whose gates are
 * within its own: all that is open to the one is open to the other. So the search misses nothing, and the cycle that it
 * finds is a shortest one. It passes no vertex twice, except where batches force it to: what a loop adds to a walk only
 * makes its gates more.
 *
 * Cost: the chain O(edges); the states grow with the gate sets that differ in what matters to this component, at worst
 * exponentially; after MAX_SEARCH_STATES the answer is 'limit'. Pure, iterative.
 */
import type { Alternative } from './alternatives.js';
import type { Edge, Vertex } from './edge.js';
import { BATCH, combined, contested, excludes, isSharedGate, isWithin, lockOfGate, restricted } from './gates.js';
import type { Gate, GateSet } from './gates.js';
import type { OrderGraph } from './order-graph.js';

/** States that one search may visit: some ten milliseconds. */
export const MAX_SEARCH_STATES = 20_000;

/** What an edge has to offer: its gate sets. */
export interface Gated<F> {
  readonly alternatives: readonly Alternative<F>[];
}

/** One edge of a cycle, and the occurrence of it that takes part. */
export interface Link<P extends Gated<F>, F> {
  readonly edge: Edge<P>;
  readonly alternative: Alternative<F>;
}

/** The gates of an alternative of an edge, as they count now. */
export type GatesOf<P extends Gated<F>, F> = (edge: Edge<P>, alternative: Alternative<F>) => GateSet;

/** gated: every cycle is excluded. limit: none was found among the states that were visited. */
export type SearchResult<P extends Gated<F>, F> = Link<P, F>[] | 'gated' | 'limit';

interface Option<P extends Gated<F>, F> extends Link<P, F> {
  readonly gates: GateSet;
}

interface State<P extends Gated<F>, F> {
  readonly by: Option<P, F>;
  readonly gates: GateSet;
  readonly before: State<P, F> | undefined;
}

/** The first link of the cycle is `edge` with one of `starts`. The edge's end reaches its start. */
export function findOpenCycle<P extends Gated<F>, F>(
  graph: OrderGraph<P>,
  edge: Edge<P>,
  starts: readonly Alternative<F>[],
  gatesOf: GatesOf<P, F>,
  maxStates: number = MAX_SEARCH_STATES,
): SearchResult<P, F> {
  const chain = graph.shortestChain(edge.to, edge.from) ?? [];
  for (const start of starts) {
    const cycle = alongChain([edge, ...chain], start, gatesOf);
    if (cycle !== undefined) return cycle;
  }
  return searchStates(graph, edge, starts, gatesOf, maxStates);
}

/** What keeps the flows of a cycle apart, where it takes the first gate set of each edge; undefined for a batch. */
export function gateOfCycle<P extends Gated<F>, F>(cycle: readonly Edge<P>[], gatesOf: GatesOf<P, F>): number[] {
  const locks = new Set<number>();
  const sets = cycle.map((edge) => gatesOf(edge, edge.payload.alternatives[0] as Alternative<F>));
  for (const [index, one] of sets.entries()) {
    for (const other of sets.slice(index + 1)) {
      const lock = contested(one, other);
      if (lock !== undefined) locks.add(lock);
    }
  }
  if (sets.every((set) => set.includes(BATCH))) locks.add(lockOfGate(BATCH));
  return [...locks].sort((a, b) => a - b);
}

/** The chain with, for each edge in turn, the first of its gate sets that goes with those before. */
function alongChain<P extends Gated<F>, F>(
  chain: readonly Edge<P>[],
  start: Alternative<F>,
  gatesOf: GatesOf<P, F>,
): Link<P, F>[] | undefined {
  const cycle: Link<P, F>[] = [];
  let gates: GateSet | undefined;
  for (const edge of chain) {
    const open = (cycle.length === 0 ? [start] : edge.payload.alternatives).find((alternative) => {
      return gates === undefined || !excludes(gates, gatesOf(edge, alternative));
    });
    if (open === undefined) return undefined;
    const own = gatesOf(edge, open);
    gates = gates === undefined ? own : combined(gates, own);
    cycle.push({ edge, alternative: open });
  }
  return gates?.includes(BATCH) === true ? undefined : cycle;
}

function searchStates<P extends Gated<F>, F>(
  graph: OrderGraph<P>,
  edge: Edge<P>,
  starts: readonly Alternative<F>[],
  gatesOf: GatesOf<P, F>,
  maxStates: number,
): SearchResult<P, F> {
  const options = optionsWithin(graph, edge, starts, gatesOf);
  const kept = new Map<Vertex, GateSet[]>();
  const states: State<P, F>[] = [];
  for (const by of options.starts) {
    if (keep(kept, edge.to, by.gates)) states.push({ by, gates: by.gates, before: undefined });
  }
  // The list grows while it is walked.
  for (const state of states) {
    const vertex = state.by.edge.to;
    if (vertex === edge.from && !state.gates.includes(BATCH)) return traced(state);
    for (const by of options.from.get(vertex) ?? []) {
      if (excludes(state.gates, by.gates)) continue;
      const gates = combined(state.gates, by.gates);
      if (!keep(kept, by.edge.to, gates)) continue;
      if (states.length >= maxStates) return 'limit';
      states.push({ by, gates, before: state });
    }
  }
  return 'gated';
}

/** Notes the gates with which a vertex was reached, unless it was reached with no more than those. */
function keep(kept: Map<Vertex, GateSet[]>, vertex: Vertex, gates: GateSet): boolean {
  const known = kept.get(vertex) ?? [];
  if (known.some((other) => isWithin(other, gates))) return false;
  kept.set(vertex, [...known.filter((other) => !isWithin(gates, other)), gates]);
  return true;
}

interface Options<P extends Gated<F>, F> {
  readonly starts: Option<P, F>[];
  readonly from: Map<Vertex, Option<P, F>[]>;
}

/** All edges inside the component with their gate sets, cut down to what may exclude anything there. */
function optionsWithin<P extends Gated<F>, F>(
  graph: OrderGraph<P>,
  edge: Edge<P>,
  starts: readonly Alternative<F>[],
  gatesOf: GatesOf<P, F>,
): Options<P, F> {
  const whole: Option<P, F>[] = [];
  for (const inner of graph.edgesInComponent(edge.from)) {
    for (const alternative of inner.payload.alternatives) {
      whole.push({ edge: inner, alternative, gates: gatesOf(inner, alternative) });
    }
  }
  const first = starts.map((alternative) => ({ edge, alternative, gates: gatesOf(edge, alternative) }));
  const matters = contestedLocks([...whole, ...first]);
  const cut = (option: Option<P, F>): Option<P, F> => ({ ...option, gates: restricted(option.gates, matters) });
  const from = new Map<Vertex, Option<P, F>[]>();
  for (const option of whole) {
    const there = from.get(option.edge.from);
    if (there === undefined) from.set(option.edge.from, [cut(option)]);
    else there.push(cut(option));
  }
  return { starts: first.map(cut), from };
}

/**
 * A lock that is held beside edges out of one vertex only, or always shared, keeps no two flows of a cycle apart. Where
 * there are batches a cycle may have to pass a vertex twice, so there all count.
 */
function contestedLocks<P extends Gated<F>, F>(options: readonly Option<P, F>[]): (lock: number) => boolean {
  const seen = new Map<number, { from: Vertex; several: boolean; exclusive: boolean }>();
  let batches = false;
  const note = (gate: Gate, from: Vertex): void => {
    batches ||= gate === BATCH;
    const exclusive = !isSharedGate(gate);
    const lock = lockOfGate(gate);
    const known = seen.get(lock);
    if (known === undefined) seen.set(lock, { from, several: false, exclusive });
    else {
      known.several ||= known.from !== from;
      known.exclusive ||= exclusive;
    }
  };
  for (const { edge, gates } of options) for (const gate of gates) note(gate, edge.from);
  return (lock) => {
    const known = seen.get(lock);
    return batches || (known !== undefined && known.several && known.exclusive);
  };
}

function traced<P extends Gated<F>, F>(last: State<P, F>): Link<P, F>[] {
  const links: Link<P, F>[] = [];
  for (let state: State<P, F> | undefined = last; state !== undefined; state = state.before) {
    links.push({ edge: state.by.edge, alternative: state.by.alternative });
  }
  return links.reverse();
}
