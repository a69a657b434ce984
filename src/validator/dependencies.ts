/**
 * The learned order of the classes: edges A -> B, "B was wanted while A was held".
 *
 * Two orders over the same classes: `proven` has the edges whose holder is known to have waited, `all` also the
 * suspected ones. A cycle in the first is a strict report, one that needs an edge of the second an advisory one; an
 * edge that gains proof moves up, and may turn an advisory cycle strict, once.
 *
 * The two differ in their gates too. What is strict has to be certain, so in `proven` everything counts as a gate that may
 * protect the flow: all that it lists, and the possible gates (possible-gates.ts). In `all` only what it lists counts, and
 * of that not what was never seen to be the hold of somebody who waits.
 *
 * Of a class whose locks are told apart (locks-apart.ts), `proven` knows the single locks, and `all` the class. `stuck` has
 * what is suspected of single locks of one class while they are waited for, for as long as there is room.
 *
 * Cost: a known edge is two lookups. A new one costs an incremental topological order (class-order.ts).
 */
import type { LockClass } from '../model/lock-class.js';
import {
  ClassOrder,
  classOfVertex,
  isSharedVertex,
  vertexOfClass,
  type Lesson,
  type Occurrence,
  type OrderEdge,
} from '../order/class-order.js';
import type { Alternative } from '../order/alternatives.js';
import type { Vertex } from '../order/edge.js';
import { isSharedGate, lockOfGate, type Gate, type GateSet } from '../order/gates.js';
import type { Tier, Violation } from '../report/types.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { WAITING, WANTED, type Hold } from '../model/hold.js';
import { Blessings, type Blessing } from './blessings.js';
import type { ClassIds } from './class-ids.js';
import { CountedNestings } from './counted-nestings.js';
import { circularDependency, withoutFacts } from './cycle-report.js';
import { declaredFacts, learnedFacts, sitesOf, type EdgeFacts } from './edge-facts.js';
import type { ValidatorHost } from './host.js';
import type { UseFacts } from './lock-use.js';
import { OrdersApart } from './orders-apart.js';
import type { NestedAttempt } from './rules/rule.js';

/** The learned order as the pure layer keeps it. */
export type FactsOrder = ClassOrder<EdgeFacts, Violation>;
export type FactsLesson = Lesson<EdgeFacts, Violation>;

/** What learning one edge came to. */
export interface Learned {
  /** The cycle that the edge closes, now or when it was learned. */
  readonly violation?: Violation;
}

/** A cycle that gates keep from happening. */
export interface GatedCycle {
  /** Printed names, each followed by the next one, and the last by the first. */
  readonly classes: readonly string[];
  /** Names of the classes whose only lock is the gate; '' for locks that are requested together. */
  readonly gates: readonly string[];
  readonly tier: Tier;
}

/** Orders of two classes, or of two locks that are told apart, that are learned: about 2 kB each (the kernel: half as many). */
export const MAX_ORDERS = 65_536;

/** Suspected orders of locks that are told apart which are kept for flows that are stuck at once. With more, all are forgotten. */
const MAX_STUCK = 1024;

/** What is asked of the host of the validator. */
type Host = Pick<ValidatorHost, 'keeps' | 'events'>;

export class Dependencies {
  readonly #ids: ClassIds;
  readonly #host: () => Host;
  #proven: FactsOrder;
  #all: FactsOrder = new ClassOrder();
  #stuck: FactsOrder;
  /** What keeps flows from hanging on permits of one class. */
  readonly counted: CountedNestings = new CountedNestings();
  readonly #blessings = new Blessings();
  /** Declared orders, which are not learned and so outlive what is. */
  #declared: { readonly from: LockClass; readonly to: LockClass; readonly facts: EdgeFacts }[] = [];
  readonly #room: OrdersApart;

  /** `host` is asked for when something is learned, not before. */
  constructor(ids: ClassIds, host: () => Host) {
    this.#ids = ids;
    this.#host = host;
    this.#room = new OrdersApart(ids.apart);
    this.#proven = this.#provenOrder();
    this.#stuck = this.#provenOrder();
    ids.apart.listen({
      added: (id, lockClass) => this.#declareFor(id, lockClass),
      gone: (id) => {
        this.#proven.remove(id);
        this.#stuck.remove(id);
      },
    });
  }

  /** Learns the edge of one nested attempt, and tells of it if it is new. */
  learn(attempt: NestedAttempt): Learned {
    const { events } = this.#host();
    if (!events.isWanted('edge')) return this.#learn(attempt);
    const [from, to] = [attempt.held.lockClass, attempt.wanted.lockClass];
    const before = this.#tierOf(from, to);
    const learned = this.#learn(attempt);
    const tier = this.#tierOf(from, to);
    if (tier !== undefined && tier !== before) {
      const sites = sitesOf(learnedFacts(attempt));
      events.tell({ type: 'edge', from: from.name, to: to.name, tier, sites });
    }
    return learned;
  }

  /** How certain the order of the classes is, in whatever modes; undefined: there is none. */
  #tierOf(from: LockClass, to: LockClass): Tier | undefined {
    const wanted = vertexOfClass(this.#ids.idOf(to), false);
    const has = (order: FactsOrder): boolean =>
      [false, true].some((shared) => order.edge(vertexOfClass(this.#ids.idOf(from), shared), wanted) !== undefined);
    if (has(this.#proven)) return 'strict';
    return has(this.#all) ? 'advisory' : undefined;
  }

  #learn(attempt: NestedAttempt): Learned {
    const facts = once(() => learnedFacts(attempt));
    const pair = classPair(attempt, this.#ids);
    const hasRoom = this.#hasRoom(this.#all, pair);
    const all = hasRoom ? this.#all.learn(this.#occurrence(attempt, pair, attempt.gates, facts)) : undefined;
    const proven = this.#learnProven(attempt, facts);
    if (all === undefined || proven?.violation !== undefined) return proven ?? {};
    return this.#verdict('advisory', all, attempt, this.#all);
  }

  /** Is the order of this pair known, or is there room for it? */
  #hasRoom(order: FactsOrder, { held, wanted }: Pair): boolean {
    if (order.size < MAX_ORDERS || order.edge(held, vertexOfClass(wanted, false)) !== undefined) return true;
    this.full = true;
    return false;
  }

  /** Learns the order of two locks of one class that are told apart; the strict cycle that they close. */
  learnApart(attempt: NestedAttempt): Violation | undefined {
    if (!this.#ids.toldApart(attempt.held, attempt.wanted)) return undefined;
    const facts = once(() => learnedFacts(attempt));
    return this.#learnProven(attempt, facts)?.violation ?? this.learnStuck(attempt);
  }

  /** Does a wait that may never end close a cycle of two locks or more that are told apart, if what is suspected of it is so? */
  learnStuck(attempt: NestedAttempt): Violation | undefined {
    if (attempt.wanted.state !== WAITING) return undefined;
    if (this.#stuck.size >= MAX_STUCK) this.#stuck = this.#provenOrder();
    const pair = certainPair(attempt, this.#ids);
    for (const edge of this.#proven.chain([pair.wanted], [classOfVertex(pair.held)]) ?? []) this.#copyStuck(edge);
    const facts = once(() => learnedFacts(attempt));
    const lesson = this.#stuck.learn(this.#occurrence(attempt, pair, attempt.gates, facts));
    return lesson.cycle === undefined ? undefined : this.#verdict('advisory', lesson, attempt, this.#stuck).violation;
  }

  /** What is proven leads on from what is suspected. */
  #copyStuck(edge: OrderEdge<EdgeFacts, Violation>): void {
    const strong = this.#proven.strongOf(edge);
    for (const alternative of edge.payload.alternatives) {
      this.#stuck.learn({
        held: edge.from,
        wanted: classOfVertex(edge.to),
        strong: strong.includes(alternative),
        gates: alternative.gates,
        facts: () => alternative.facts,
        count: 0,
      });
    }
  }

  /** Is the nesting, as of that moment, known and proven, with no more than these gates? Then the report that it repeats, if any. */
  known(held: Hold, wanted: Hold, gates: GateSet, moment?: number): Learned | undefined {
    const certain = certainPair({ held, wanted, moment }, this.#ids);
    const strong = isStrong(wanted);
    const proven = this.#proven.known(certain.held, certain.wanted, strong, gates);
    if (proven === undefined) return undefined;
    const pair = classPair({ held, wanted, moment }, this.#ids);
    const violation = proven.reported ?? this.#all.known(pair.held, pair.wanted, strong, gates)?.reported;
    return violation === undefined ? {} : { violation };
  }

  /**
   * Would this nesting close a cycle, if all that is suspected were so and nothing kept it apart? Where locks are told apart,
   * suspicions among their classes do not count. Changes nothing.
   */
  wouldClose(held: Hold, wanted: Hold): boolean {
    const { apart } = this.#ids;
    if (!apart.isApart(held.lockClass) && !apart.isApart(wanted.lockClass)) {
      const pair = classPair({ held, wanted }, this.#ids);
      return this.#all.wouldClose(pair.held, pair.wanted, isStrong(wanted));
    }
    const pair = certainPair({ held, wanted }, this.#ids);
    return this.#proven.wouldClose(pair.held, pair.wanted, isStrong(wanted));
  }

  /** From now on the locks of the class are told apart: what is known of it is known of those that taught it. */
  tellApart(lockClass: LockClass): void {
    const id = this.#ids.idOf(lockClass);
    const proven = this.#proven;
    const edges = proven.edgesOf(id).map((edge) => ({ edge, strong: proven.strongOf(edge) }));
    proven.removeEdges(id);
    this.#ids.apart.add(lockClass);
    for (const { edge, strong } of edges) this.#teachAgain(edge, strong, lockClass);
    this.#room.makeRoom(this.#proven);
  }

  /** The proven orders, as few as possible, by which `to` comes after `from`. */
  chain(from: LockClass, to: LockClass): EdgeFacts[] | undefined {
    const chain = this.#proven.chain(this.#ids.certainIdsIn(from), this.#ids.certainIdsIn(to));
    return chain?.map(({ payload }) => (payload.alternatives[0] as { readonly facts: EdgeFacts }).facts);
  }

  /** Declares that `to` comes after `from`. Returns the cycles which that closes. */
  declare(from: LockClass, to: LockClass, stack: readonly CapturedFrame[]): Violation[] {
    if (this.#declared.some((known) => known.from === from && known.to === to)) return [];
    const facts = declaredFacts(from, to, stack);
    this.#declared.push({ from, to, facts });
    return this.#declare(from, to, facts);
  }

  /** The declarations of this process. */
  declared(): readonly { readonly from: LockClass; readonly to: LockClass; readonly facts: EdgeFacts }[] {
    return this.#declared;
  }

  isDeclared(from: number, to: number): boolean {
    return this.#declared.some((known) => this.#ids.idOf(known.from) === from && this.#ids.idOf(known.to) === to);
  }

  /** Cycles that need an order of both classes in both ways are accepted from now on. */
  bless(a: LockClass, b: LockClass, reason: string): void {
    const [one, other] = [this.#ids.idOf(a), this.#ids.idOf(b)];
    this.#blessings.add({ a, b, reason }, one, other);
    this.#proven.bless(one, other);
    this.#all.bless(one, other);
  }

  blessings(): readonly Blessing[] {
    return this.#blessings.all();
  }

  /** The class has more than one lock: it is no gate any more. Returns the cycles that it had kept from happening. */
  retireGate(id: number): Violation[] {
    this.counted.retire(id);
    const all = this.#all.retireGate(id);
    const proven = this.#proven.retireGate(id);
    return this.verdicts(
      proven,
      all,
      `${this.#ids.nameOfGate(id)} kept these flows apart, and is not the only lock of its class any more.`,
    );
  }

  /** The cycles that gates keep from happening, those between proven orders first. */
  gatedCycles(): GatedCycle[] {
    const found = new Map<string, GatedCycle>();
    for (const [tier, order] of [
      ['strict', this.#proven],
      ['advisory', this.#all],
    ] as const) {
      for (const { cycle, gates } of order.gatedCycles()) {
        // Kept from being strict only: it is told as a suspicion.
        if (cycle.some(({ from, to }) => this.#all.edge(from, to)?.payload.reported !== undefined)) continue;
        const classes = cycle.map((edge) => nameOf(edge, 'held'));
        const key = cycle
          .map(({ from }) => from)
          .toSorted((a, b) => a - b)
          .join(' ');
        const names = gates.map((id) => this.#ids.nameOfGate(id));
        if (!found.has(key)) found.set(key, { classes, gates: names, tier });
      }
    }
    return [...found.values()];
  }

  /** The learned edges, by printed names. */
  *edges(): Generator<{ from: string; to: string; tier: Tier }, void, undefined> {
    const seen = new Set<string>();
    for (const edge of this.#all.edges()) {
      const { from, to } = edge;
      const tier = this.#proven.edge(from, to) === undefined ? 'advisory' : 'strict';
      const key = `${classOfVertex(from)} ${classOfVertex(to)} ${tier}`;
      if (!seen.has(key)) yield { from: nameOf(edge, 'held'), to: nameOf(edge, 'wanted'), tier };
      seen.add(key);
    }
  }

  /** The two orders: what is proven, and all. */
  get orders(): { readonly proven: FactsOrder; readonly all: FactsOrder } {
    return { proven: this.#proven, all: this.#all };
  }

  /** Distinct ordered pairs of classes. */
  get edgeCount(): number {
    return this.#all.pairCount;
  }

  /** Was an order left out because there were too many? */
  full = false;

  /** Has a search among gates been given up, and a cycle perhaps been left out? */
  get limited(): boolean {
    return this.#proven.limited || this.#all.limited;
  }

  /** Forgets a class and its edges. */
  remove(lockClass: LockClass): void {
    const id = this.#ids.idOf(lockClass);
    this.#proven.remove(id);
    this.#all.remove(id);
    this.counted.forget(lockClass);
    this.#blessings.forget(lockClass);
    this.#declared = this.#declared.filter(({ from, to }) => from !== lockClass && to !== lockClass);
  }

  /** Forgets what was learned. What was declared or accepted stays. */
  clear(): void {
    this.full = false;
    this.counted.clear();
    this.#proven = this.#provenOrder();
    this.#all = new ClassOrder();
    this.#stuck = this.#provenOrder();
    const accepted = this.#blessings.all();
    this.#blessings.clear();
    for (const { a, b, reason } of accepted) this.bless(a, b, reason);
    for (const { from, to, facts } of this.#declared) this.#declare(from, to, facts);
  }

  checkInvariants(): void {
    this.#proven.checkInvariants();
    this.#all.checkInvariants();
    this.#stuck.checkInvariants();
  }

  /** The violations of cycles that came to light without an attempt, for that reason; one that is strict is not told twice. */
  verdicts(proven: readonly FactsLesson[], all: readonly FactsLesson[], reason: string): Violation[] {
    const found = new Map<string, Violation>();
    for (const [tier, lessons, order] of [
      ['strict', proven, this.#proven],
      ['advisory', all, this.#all],
    ] as const) {
      for (const lesson of lessons) {
        if (lesson.cycle === undefined) continue;
        const { violation } = this.#verdict(tier, lesson, undefined, order, reason);
        if (violation !== undefined && !found.has(violation.id)) found.set(violation.id, violation);
      }
    }
    return [...found.values()];
  }

  #declare(from: LockClass, to: LockClass, facts: EdgeFacts): Violation[] {
    const [one, other] = [this.#ids.idOf(from), this.#ids.idOf(to)];
    const all = this.#all.declare(one, other, facts);
    const proven: FactsLesson[] = [];
    for (const held of this.#ids.certainIdsIn(from)) {
      for (const wanted of this.#ids.certainIdsIn(to)) proven.push(...this.#declareProven(held, wanted, facts));
    }
    return this.verdicts(proven, all, 'An order that is declared now closes the cycle.');
  }

  /** A lock of a class that is apart has got an id: what is declared of the class holds for it. */
  #declareFor(id: number, lockClass: LockClass): void {
    for (const { from, to, facts } of this.#declared) {
      if (from === lockClass) for (const other of this.#ids.certainIdsIn(to)) this.#declareProven(id, other, facts);
      if (to === lockClass) for (const other of this.#ids.certainIdsIn(from)) this.#declareProven(other, id, facts);
    }
  }

  #declareProven(from: number, to: number, facts: EdgeFacts): FactsLesson[] {
    const lessons = this.#proven.declare(from, to, facts);
    this.#room.makeRoom(this.#proven);
    return lessons;
  }

  #occurrence(
    { wanted, again }: NestedAttempt,
    pair: Pair,
    gates: GateSet,
    facts: () => EdgeFacts,
  ): Occurrence<EdgeFacts> {
    return { ...pair, strong: isStrong(wanted), gates, facts, count: again === true ? 0 : 1 };
  }

  /** What is certain of the attempt; undefined where nothing is. */
  #learnProven(attempt: NestedAttempt, facts: () => EdgeFacts): Learned | undefined {
    const { tier, protection } = attempt;
    if (tier === 'advisory' || protection === undefined) return undefined;
    const pair = certainPair(attempt, this.#ids);
    if (!this.#hasRoom(this.#proven, pair)) return undefined;
    const lesson = this.#proven.learn(this.#occurrence(attempt, pair, protection, facts));
    const learned = this.#verdict('strict', lesson, attempt, this.#proven);
    this.#room.makeRoom(this.#proven);
    return learned;
  }

  /** An edge of a class that was a guess so far, as one of the locks that it was learned of, if they are there still. */
  #teachAgain(
    edge: OrderEdge<EdgeFacts, Violation>,
    strong: readonly Alternative<EdgeFacts>[],
    lockClass: LockClass,
  ): void {
    const former = this.#ids.idOf(lockClass);
    const certainId = (vertex: Vertex, { lock }: UseFacts): number | undefined => {
      if (classOfVertex(vertex) !== former) return classOfVertex(vertex);
      const known = lock?.deref();
      return known === undefined ? undefined : this.#ids.apart.idOf({ lock: known, lockClass });
    };
    for (const { gates, facts } of new Set([...strong, ...edge.payload.alternatives])) {
      const [from, to] = [certainId(edge.from, facts.held), certainId(edge.to, facts.wanted)];
      if (from === undefined || to === undefined) continue;
      const lesson = this.#proven.learn({
        held: vertexOfClass(from, isSharedVertex(edge.from)),
        wanted: to,
        strong: strong.some((alternative) => alternative.facts === facts),
        gates,
        facts: () => facts,
        count: 0,
      });
      this.#verdict('strict', lesson, undefined, this.#proven);
    }
  }

  /** Too many gate sets are no reason to be certain. */
  #provenOrder(): FactsOrder {
    return new ClassOrder(undefined, 'drop', (id) => this.#ids.classIdOf(id));
  }

  /** `order`: where the lesson was learned. */
  #verdict(
    tier: Tier,
    { edge, cycle }: FactsLesson,
    attempt: NestedAttempt | undefined,
    order: FactsOrder,
    reason?: string,
  ): Learned {
    const known = edge.payload.reported?.report;
    if (cycle === undefined) return known === undefined ? {} : { violation: known };
    const classOf = (vertex: number): number => this.#ids.classIdOf(classOfVertex(vertex));
    const note = this.#blessings.note(cycle.map(({ edge: { from, to } }) => [classOf(from), classOf(to)]));
    const facts = cycle.map(({ alternative }) => alternative.facts);
    const violation = circularDependency(facts, tier, attempt, [reason, note]);
    // As many may be remembered as there are orders: with what they show only those of which there is a report.
    const kept = this.#host().keeps(violation.id) ? violation : withoutFacts(violation);
    order.setReported(edge, { report: kept, through: cycle.map((link) => link.edge.from) });
    return { violation: kept };
  }
}

/** Does a reader that holds the wanted lock stand in the way? Only a reader that passes waiting writers goes on beside it. */
function isStrong(wanted: Hold): boolean {
  return wanted.waitAt(WANTED) !== 'recursive-read';
}

interface Pair {
  readonly held: Vertex;
  readonly wanted: number;
}

/** Without a moment: now. */
type Nested = Pick<NestedAttempt, 'held' | 'wanted'> & { readonly moment?: number | undefined };

function classPair({ held, wanted, moment = Infinity }: Nested, ids: ClassIds): Pair {
  return { held: vertexOfClass(ids.idOf(held.lockClass), held.sharedAt(moment)), wanted: ids.idOf(wanted.lockClass) };
}

/** The same for what is certain. */
function certainPair({ held, wanted, moment = Infinity }: Nested, ids: ClassIds): Pair {
  return { held: vertexOfClass(ids.certainIdOf(held), held.sharedAt(moment)), wanted: ids.certainIdOf(wanted) };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Every occurrence of an edge is one of the same two classes. */
export function nameOf(edge: OrderEdge<EdgeFacts, Violation>, use: 'held' | 'wanted'): string {
  return edge.payload.alternatives[0]?.facts[use].lockClass.name ?? '';
}

/** The gates beside an edge, the held lock itself left out. */
export function gatesBeside({ from }: OrderEdge<EdgeFacts, Violation>, gates: GateSet): readonly Gate[] {
  return gates.filter(
    (gate) => lockOfGate(gate) !== classOfVertex(from) || isSharedGate(gate) !== isSharedVertex(from),
  );
}
