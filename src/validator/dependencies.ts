/**
 * The learned order of the classes: edges A -> B, "B was wanted while A was held".
 *
 * Two graphs over the same vertices: `proven` has the edges whose holder is known to have waited, `all` also the
 * suspected ones. A cycle in the first is a strict report, one that needs an edge of the second an advisory one; an
 * edge that gains proof moves up, and may turn an advisory cycle strict, once.
 *
 * Cost: a known edge is two lookups. A new one costs an incremental topological order (order-graph.ts).
 */
import { canonicalCycle } from '../order/cycle-id.js';
import { OrderGraph, type Edge } from '../order/order-graph.js';
import type { RawDependency, Tier, Violation } from '../report/types.js';
import type { HeldNode } from '../tracker/held-node.js';
import { vertexOf } from '../tracker/held-tracker.js';
import { rawUse, useFacts, type UseFacts } from './lock-use.js';
import { heldUses, taskOf, waitAdvice, wantedUse, type NestedAttempt } from './rules/rule.js';

interface EdgeFacts {
  readonly held: UseFacts;
  readonly wanted: UseFacts;
  readonly tier: Tier;
  /** The task that taught it. */
  readonly task: string;
  /** The cycle that this edge closed. */
  closed: Violation | undefined;
}

/** What learning one edge came to. */
export interface Learned {
  /** The cycle that the edge closes, now or when it was learned. */
  readonly violation?: Violation;
}

export class Dependencies {
  readonly #proven = new OrderGraph<EdgeFacts>();
  readonly #all = new OrderGraph<EdgeFacts>();

  /** Learns the edge of one nested attempt. */
  learn(attempt: NestedAttempt): Learned {
    const from = vertexOf(attempt.held);
    let facts: EdgeFacts | undefined;
    const payload = (): EdgeFacts => (facts ??= edgeFacts(attempt));
    let learned: Learned = {};
    for (const to of wantedVertices(attempt.wanted)) {
      const next = this.#learnEdge(from, to, payload, attempt);
      if (learned.violation?.tier !== 'strict' && next.violation !== undefined) learned = next;
    }
    return learned;
  }

  #learnEdge(from: number, to: number, payload: () => EdgeFacts, attempt: NestedAttempt): Learned {
    const all = this.#all.addEdge(from, to, payload);
    if (attempt.tier === 'advisory') return this.#verdict(this.#all, all, attempt);
    const proven = this.#proven.addEdge(from, to, payload);
    const strict = this.#verdict(this.#proven, proven, attempt);
    if (strict.violation !== undefined) return strict;
    return this.#verdict(this.#all, all, attempt);
  }

  /** Would this nesting close a cycle, if all that is suspected were so? Changes nothing. */
  wouldClose(held: HeldNode, wanted: HeldNode): boolean {
    const from = vertexOf(held);
    return wantedVertices(wanted).some((to) => from === to || this.#all.reaches(to, from));
  }

  /** The learned edges, by printed names. */
  *edges(): Generator<{ from: string; to: string; tier: Tier }, void, undefined> {
    const seen = new Set<string>();
    for (const { from, to, payload } of this.#all.edges()) {
      const tier = this.#proven.edge(from, to) === undefined ? 'advisory' : 'strict';
      const pair = { from: payload.held.lockClass.name, to: payload.wanted.lockClass.name, tier } as const;
      const key = `${from >> 1} ${to >> 1} ${tier}`;
      if (!seen.has(key)) yield pair;
      seen.add(key);
    }
  }

  /** Distinct ordered pairs of classes. */
  get edgeCount(): number {
    return new Set([...this.#all.edges()].map(({ from, to }) => `${from >> 1} ${to >> 1}`)).size;
  }

  /** Classes that take part in an edge. */
  get vertexCount(): number {
    return this.#all.vertexCount;
  }

  /** Forgets a vertex and its edges. */
  remove(vertex: number): void {
    this.#proven.removeVertex(vertex);
    this.#all.removeVertex(vertex);
  }

  clear(): void {
    this.#proven.clear();
    this.#all.clear();
  }

  #verdict(
    graph: OrderGraph<EdgeFacts>,
    result: { readonly kind: 'known' | 'added' | 'closing'; readonly edge: Edge<EdgeFacts> },
    attempt: NestedAttempt,
  ): Learned {
    const { edge } = result;
    if (result.kind === 'known' && edge.payload.closed !== undefined) return { violation: edge.payload.closed };
    if (result.kind !== 'closing') return {};
    const back = graph.shortestChain(edge.to, edge.from);
    if (back === undefined) return {};
    const violation = circularDependency([edge, ...back], graph === this.#proven ? 'strict' : 'advisory', attempt);
    edge.payload.closed = violation;
    return { violation };
  }
}

/** The holds that an attempt may have to wait for: those of writers, and unless it is a recursive read those of readers. */
function wantedVertices({ lockClass, wait }: HeldNode): number[] {
  const exclusive = lockClass.id * 2;
  return wait === 'recursive-read' ? [exclusive] : [exclusive, exclusive + 1];
}

function edgeFacts(attempt: NestedAttempt): EdgeFacts {
  return {
    held: useFacts(attempt.held, attempt.evidence, attempt.stack),
    wanted: { ...useFacts(attempt.wanted, 'own', attempt.stack), state: 'waiting' },
    tier: attempt.tier,
    task: taskOf(attempt.wanted),
    closed: undefined,
  };
}

/** The first edge of `cycle` is the one that was wanted just now. */
function circularDependency(cycle: readonly Edge<EdgeFacts>[], tier: Tier, attempt: NestedAttempt): Violation {
  const awaited = cycle.find(({ payload }) => payload.wanted.isWait)?.payload.wanted;
  const links = cycle.map((edge) => rawDependency(edge.payload));
  const names = canonicalCycle(
    links.map((link) => link.from),
    (name: string) => name,
  );
  return {
    id: `circular-dependency:${names.join(' -> ')}`,
    kind: 'circular-dependency',
    tier,
    ...(awaited === undefined ? {} : { advice: waitAdvice(awaited.lockClass.name) }),
    acquiring: wantedUse(attempt),
    held: heldUses(attempt),
    cycle: [...links.slice(1), ...links.slice(0, 1)],
    task: taskOf(attempt.wanted),
  };
}

function rawDependency(facts: EdgeFacts): RawDependency {
  const held = rawUse(facts.held);
  const acquiring = rawUse(facts.wanted);
  return { from: held.lockClass, to: acquiring.lockClass, tier: facts.tier, held, acquiring, task: facts.task };
}
