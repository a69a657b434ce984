/**
 * The learned order of lock classes, with the modes in which they are held and wanted.
 *
 * Vertices are (class, exclusive) and (class, shared). A hold owes the vertex of its mode. What it is in the way of: an
 * exclusive hold of every wait, a shared one of a wait for exclusive use, and of a queued reader, which may stand behind a
 * writer. So a wait needs both vertices of its class (`strong`), except for a reader that passes waiting writers: that one
 * needs the exclusive vertex only. An edge leads from each held vertex to each needed one, and a possible deadlock is a
 * cycle. Each edge keeps the minimal gate sets of its occurrences; a cycle counts only if its flows can all run at once
 * (open-cycle.ts).
 *
 * Invariant: the shared vertex of a class is there from the first time that the class is held shared; then every edge into
 * the class that is strong leads to both vertices. What was a cycle through it before it was there can not have been one.
 * `gated` has the edges through which all cycles are excluded by gates, as far as they were looked at.
 *
 * Cost: a known order with nothing new is one or two lookups and a comparison of gate sets. A new edge costs an
 * incremental topological order (order-graph.ts), and only one on a cycle a search. The first shared hold of a class
 * copies the edges into it.
 */
import { isCovered, mapGates, type Alternative, type WhenFull } from './alternatives.js';
import type { Edge, Vertex } from './edge.js';
import { combined, gateOf, lockOfGate, NO_GATES, restricted, type GateSet } from './gates.js';
import { findOpenCycle, gateOfCycle, MAX_SEARCH_STATES, type Link } from './open-cycle.js';
import { OrderFacts, type Reported } from './order-facts.js';
import { checkClassOrder } from './class-order-invariants.js';
import { OrderGraph } from './order-graph.js';

export type OrderEdge<F, R> = Edge<OrderFacts<F, R>>;
export type OrderLink<F, R> = Link<OrderFacts<F, R>, F>;

export function vertexOfClass(lockClass: number, shared: boolean): Vertex {
  return lockClass * 2 + (shared ? 1 : 0);
}

export function classOfVertex(vertex: Vertex): number {
  // Not a shift: classes may be made and disposed of for years, and ids are never given again.
  return Math.floor(vertex / 2);
}

export function isSharedVertex(vertex: Vertex): boolean {
  return (vertex & 1) === 1;
}

/** One attempt against one hold. */
export interface Occurrence<F> {
  readonly held: Vertex;
  /** The wanted class. */
  readonly wanted: number;
  /** Does a shared holder of the wanted class stand in the way too? */
  readonly strong: boolean;
  /** All that the flow held, as gates, the hold itself included. */
  readonly gates: GateSet;
  /** Called when the occurrence says something new. */
  readonly facts: () => F;
  /** Attempts that it stands for; 1 unless it says otherwise. */
  readonly count?: number;
}

/** What learning an occurrence came to. */
export interface Lesson<F, R> {
  /** The edge that it is about: the one that closes the cycle, or that closed one before, else the first. */
  readonly edge: OrderEdge<F, R>;
  /** A cycle that is possible since now; `edge` with its occurrence comes first. */
  readonly cycle: readonly OrderLink<F, R>[] | undefined;
}

/** A cycle that gates keep from happening. */
export interface GatedCycle<F, R> {
  readonly cycle: readonly OrderEdge<F, R>[];
  /** The locks that do; lock 0 for flows that take all their locks in one turn. */
  readonly gates: readonly number[];
}

export class ClassOrder<F, R> {
  readonly #graph = new OrderGraph<OrderFacts<F, R>>();
  readonly #heldShared = new Set<number>();
  readonly #gated = new Set<OrderEdge<F, R>>();
  /** Locks that occur as gates. */
  readonly #gates = new Set<number>();
  /** Those that are none any more, and whether they had occurred by then. */
  readonly #retired = new Map<number, boolean>();
  /** Pairs of classes whose inversion is accepted, as the gates that stand for that: negative. */
  readonly #blessed = new Map<string, number>();
  #blessings = 0;
  #declared: { readonly from: number; readonly to: number; readonly facts: F }[] = [];
  /** Edges for which a cycle was reported. */
  readonly #reported = new Set<OrderEdge<F, R>>();
  readonly #fold: (id: number) => number;
  readonly #maxStates: number;
  readonly #whenFull: WhenFull;
  /** Has a search been given up, and its cycle left unreported? */
  limited = false;

  /** `fold`: the id under which a pair is blessed, where single locks have ids of their own beside their class. */
  constructor(
    maxStates: number = MAX_SEARCH_STATES,
    whenFull: WhenFull = 'open',
    fold: (id: number) => number = (id) => id,
  ) {
    this.#maxStates = maxStates;
    this.#whenFull = whenFull;
    this.#fold = fold;
  }

  learn(occurrence: Occurrence<F>): Lesson<F, R> {
    const { held, wanted, strong } = occurrence;
    if (isSharedVertex(held)) this.#ensureShared(classOfVertex(held));
    let facts: { readonly value: F } | undefined;
    const once = (): F => (facts ??= { value: occurrence.facts() }).value;
    const gates = this.countingGates(occurrence.gates);
    for (const gate of gates) this.#gates.add(lockOfGate(gate));
    const count = occurrence.count ?? 1;
    const lesson = this.#learnEdge(held, vertexOfClass(wanted, false), gates, strong, count, once);
    if (!strong || !this.#heldShared.has(wanted)) return lesson;
    const other = this.#learnEdge(held, vertexOfClass(wanted, true), gates, true, count, once);
    if (lesson.cycle === undefined) return other.cycle === undefined && !isReported(other) ? lesson : other;
    return other.cycle !== undefined && other.cycle.length < lesson.cycle.length ? other : lesson;
  }

  /** `to` comes after `from`, in whatever mode either is held: learned as if it had been seen with no gate. */
  declare(from: number, to: number, facts: F): Lesson<F, R>[] {
    this.#declared.push({ from, to, facts });
    const modes = this.#heldShared.has(from) ? [false, true] : [false];
    return modes.map((shared) => this.#learnDeclared(from, shared, to, facts));
  }

  /** Is this occurrence known, and nothing to be said of it? Then the report that its edge repeats, if any. */
  known(held: Vertex, wanted: number, strong: boolean, gates: GateSet): { reported: R | undefined } | undefined {
    let reported: R | undefined;
    for (const shared of strong && this.#heldShared.has(wanted) ? [false, true] : [false]) {
      const facts = this.#graph.edge(held, vertexOfClass(wanted, shared))?.payload;
      if (facts === undefined || facts.unchecked || !isCovered(facts.alternatives, gates)) return undefined;
      if (strong && !this.#heldShared.has(wanted) && !isCovered(facts.strong ?? [], gates)) return undefined;
      reported ??= facts.reported?.report;
    }
    return { reported };
  }

  /** Remembers what was reported of the edge. */
  setReported(edge: OrderEdge<F, R>, reported: Reported<R>): void {
    edge.payload.reported = reported;
    this.#reported.add(edge);
  }

  /** Would an edge from `held` to what `wanted` needs close a cycle, gates aside? */
  wouldClose(held: Vertex, wanted: number, strong: boolean): boolean {
    if (this.#graph.reaches(vertexOfClass(wanted, false), held)) return true;
    return strong && this.#heldShared.has(wanted) && this.#graph.reaches(vertexOfClass(wanted, true), held);
  }

  /** The fewest orders that lead from one of the classes to one of the others, in whatever modes. */
  chain(from: Iterable<number>, to: Iterable<number>): OrderEdge<F, R>[] | undefined {
    return this.#graph.shortestChainOf(verticesOf(from), new Set(verticesOf(to)));
  }

  edge(from: Vertex, to: Vertex): OrderEdge<F, R> | undefined {
    return this.#graph.edge(from, to);
  }

  /** Every edge, those into shared vertices too, which repeat the strong part of one into the exclusive vertex. */
  edges(): Iterable<OrderEdge<F, R>> {
    return this.#graph.edges();
  }

  /** Of an edge into an exclusive vertex: the occurrences that a shared holder of the wanted class is in the way of too. */
  strongOf({ from, to, payload }: OrderEdge<F, R>): readonly Alternative<F>[] {
    const strong = this.#heldShared.has(classOfVertex(to))
      ? this.#graph.edge(from, to + 1)?.payload.alternatives
      : payload.strong;
    return strong ?? [];
  }

  get edgeCount(): number {
    return this.#graph.edgeCount;
  }

  /** Distinct ordered pairs of classes. Walks all edges. */
  get pairCount(): number {
    let count = 0;
    for (const { from, to } of this.#graph.edges()) {
      if (isSharedVertex(to)) continue;
      if (!isSharedVertex(from) || this.#graph.edge(from - 1, to) === undefined) count += 1;
    }
    return count;
  }

  /** The gates without those that are none any more. */
  countingGates(gates: GateSet): GateSet {
    return this.#retired.size === 0 ? gates : restricted(gates, (lock) => !this.#retired.has(lock));
  }

  /** The cycles that gates keep from happening, one for each edge that would have closed one. */
  gatedCycles(): GatedCycle<F, R>[] {
    const found: GatedCycle<F, R>[] = [];
    for (const edge of this.#gated) {
      const chain = this.#graph.shortestChain(edge.to, edge.from);
      if (chain === undefined || this.#search(edge, edge.payload.alternatives) !== undefined) continue;
      const cycle = [edge, ...chain];
      found.push({ cycle, gates: gateOfCycle<OrderFacts<F, R>, F>(cycle, this.#gatesOf) });
    }
    return found;
  }

  /** The lock is not the only one of its kind any more. The cycles that it alone had kept from happening. */
  retireGate(lock: number): Lesson<F, R>[] {
    const wasGate = this.#gates.delete(lock);
    this.#retired.set(lock, wasGate || this.#retired.get(lock) === true);
    return wasGate ? this.recheck([...this.#gated]) : [];
  }

  /** Looks at edges again; the cycles that are possible now. */
  recheck(edges: Iterable<OrderEdge<F, R>>): Lesson<F, R>[] {
    const found: Lesson<F, R>[] = [];
    for (const edge of edges) {
      if (edge.payload.reported !== undefined) continue;
      const lesson = this.#judge(edge, edge.payload.alternatives);
      if (lesson.cycle !== undefined) found.push(lesson);
    }
    return found;
  }

  /** Cycles that need an order of the two classes and its reverse are accepted from now on. */
  bless(a: number, b: number): void {
    if (this.#blessed.has(pairKey(a, b))) return;
    this.#blessings += 1;
    this.#blessed.set(pairKey(a, b), -this.#blessings);
    const pair = new Set([a, b]);
    this.#withdraw((through) => through.every((vertex) => pair.has(this.#fold(classOfVertex(vertex)))));
  }

  /** Forgets a class with its edges, and all reports that it took part in. */
  remove(lockClass: number): void {
    for (const [key] of this.#blessed) if (key.split(' ').includes(String(lockClass))) this.#blessed.delete(key);
    this.#declared = this.#declared.filter(({ from, to }) => from !== lockClass && to !== lockClass);
    this.removeEdges(lockClass);
  }

  /** The edges from and to a class, without those that repeat the strong part of another one. */
  edgesOf(lockClass: number): OrderEdge<F, R>[] {
    const found = new Set<OrderEdge<F, R>>();
    for (const vertex of [vertexOfClass(lockClass, false), vertexOfClass(lockClass, true)]) {
      for (const edge of this.#graph.predecessors(vertex)) found.add(edge);
      for (const edge of this.#graph.successors(vertex)) found.add(edge);
    }
    return [...found].filter(({ to }) => !isSharedVertex(to));
  }

  /** Forgets the edges of a class and the reports that it took part in; what was declared or accepted of it stays. */
  removeEdges(lockClass: number): void {
    const vertices = [vertexOfClass(lockClass, false), vertexOfClass(lockClass, true)];
    let known = false;
    for (const vertex of vertices) known = this.#graph.removeVertex(vertex) || known;
    this.#heldShared.delete(lockClass);
    this.#gates.delete(lockClass);
    this.#forgetRetired(lockClass);
    if (!known) return;
    for (const edge of this.#gated) {
      if (this.#graph.edge(edge.from, edge.to) !== edge || !this.#graph.isOnCycle(edge)) this.#gated.delete(edge);
    }
    this.#withdraw((through) => through.some((vertex) => vertices.includes(vertex)));
  }

  /** A lock that is gone needs no remembering that it was a gate once, where no edge does so. */
  #forgetRetired(lock: number): void {
    if (this.#retired.get(lock) === true) for (const { payload } of this.#graph.edges()) this.#dropRetired(payload);
    this.#retired.delete(lock);
  }

  /** Orders that are kept, by vertices. */
  get size(): number {
    return this.#graph.edgeCount;
  }

  /** Throws if the order contradicts itself. Walks all of it: for tests. */
  checkInvariants(): void {
    this.#graph.checkInvariants();
    checkClassOrder(this.#graph, this.#heldShared, this.#gated);
  }

  /** Forgets the reports of those cycles; their edges are looked at again when they are next met. */
  #withdraw(isMeant: (through: readonly Vertex[]) => boolean): void {
    for (const edge of this.#reported) {
      const { payload } = edge;
      if (payload.reported === undefined || !isMeant(payload.reported.through)) continue;
      this.#reported.delete(edge);
      payload.reported = undefined;
      payload.unchecked = true;
    }
  }

  #learnEdge(from: Vertex, to: Vertex, gates: GateSet, strong: boolean, count: number, facts: () => F): Lesson<F, R> {
    const keepsStrong = !isSharedVertex(to) && !this.#heldShared.has(classOfVertex(to));
    const found = this.#graph.addEdge(from, to, () => {
      const alternatives = [{ gates, facts: facts() }];
      return new OrderFacts<F, R>(alternatives, strong && keepsStrong ? alternatives : undefined);
    });
    const { payload } = found.edge;
    payload.count += count;
    if (found.kind === 'known') {
      this.#dropRetired(payload);
      const { unchecked } = payload;
      if (!this.#addOccurrence(payload, gates, strong && keepsStrong, facts) && !unchecked) {
        return { edge: found.edge, cycle: undefined };
      }
      const news = payload.alternatives.slice(-1);
      return this.#judge(found.edge, unchecked ? payload.alternatives : news);
    }
    return this.#judge(found.edge, payload.alternatives);
  }

  #addOccurrence(payload: OrderFacts<F, R>, gates: GateSet, strong: boolean, facts: () => F): boolean {
    const isKnown = isCovered(payload.alternatives, gates);
    if (isKnown && (!strong || isCovered(payload.strong ?? [], gates))) return false;
    return payload.add({ gates, facts: facts() }, strong, this.#whenFull);
  }

  /** Is a cycle through this edge possible, with one of these occurrences of it? */
  #judge(edge: OrderEdge<F, R>, starts: readonly Alternative<F>[]): Lesson<F, R> {
    edge.payload.unchecked = false;
    if (!this.#graph.isOnCycle(edge)) return { edge, cycle: undefined };
    const cycle = this.#search(edge, starts);
    if (cycle !== undefined) this.#gated.delete(edge);
    else if (edge.payload.reported === undefined) this.#gated.add(edge);
    return { edge, cycle };
  }

  #search(edge: OrderEdge<F, R>, starts: readonly Alternative<F>[]): OrderLink<F, R>[] | undefined {
    const found = findOpenCycle<OrderFacts<F, R>, F>(this.#graph, edge, starts, this.#gatesOf, this.#maxStates);
    if (found === 'limit') this.limited = true;
    return typeof found === 'string' ? undefined : found;
  }

  readonly #gatesOf = (edge: OrderEdge<F, R>, alternative: Alternative<F>): GateSet => {
    const gates = this.countingGates(alternative.gates);
    if (this.#blessed.size === 0) return gates;
    const pair = pairKey(this.#fold(classOfVertex(edge.from)), this.#fold(classOfVertex(edge.to)));
    const blessed = this.#blessed.get(pair);
    return blessed === undefined ? gates : combined([gateOf(blessed, false)], gates);
  };

  #dropRetired(payload: OrderFacts<F, R>): void {
    if (this.#retired.size === 0) return;
    const same = payload.strong === payload.alternatives;
    payload.alternatives = mapGates(payload.alternatives, (gates) => this.countingGates(gates));
    if (same) payload.strong = payload.alternatives;
    else if (payload.strong !== undefined) {
      payload.strong = mapGates(payload.strong, (gates) => this.countingGates(gates));
    }
  }

  #learnDeclared(from: number, shared: boolean, to: number, facts: F): Lesson<F, R> {
    return this.learn({
      held: vertexOfClass(from, shared),
      wanted: to,
      strong: true,
      gates: NO_GATES,
      facts: () => facts,
      count: 0,
    });
  }

  /** From now on the class has a shared vertex. Nothing leads out of it yet, so what is copied closes no cycle. */
  #ensureShared(lockClass: number): void {
    if (this.#heldShared.has(lockClass)) return;
    const exclusive = vertexOfClass(lockClass, false);
    for (const { from, payload } of this.#graph.predecessors(exclusive)) {
      const { strong } = payload;
      payload.strong = undefined;
      if (strong === undefined) continue;
      const { edge } = this.#graph.addEdge(from, exclusive + 1, () => new OrderFacts<F, R>(strong, undefined));
      edge.payload.count = payload.count;
    }
    this.#heldShared.add(lockClass);
    for (const { from, to, facts } of this.#declared)
      if (from === lockClass) this.#learnDeclared(from, true, to, facts);
  }
}

function isReported<F, R>({ edge }: Lesson<F, R>): boolean {
  return edge.payload.reported !== undefined;
}

function verticesOf(classes: Iterable<number>): Vertex[] {
  return Array.from(classes).flatMap((id) => [vertexOfClass(id, false), vertexOfClass(id, true)]);
}

/** Whichever way round they are given. */
function pairKey(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
