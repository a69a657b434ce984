/**
 * Graphs out and in: what this process has learned for others, and what others have learned for it.
 *
 * A loaded graph is kept whole beside the live order, so a snapshot after a load has all that the two had, and loading
 * what is known already changes nothing. Its orders are learned too, as if a flow had taught them elsewhere: they take
 * part in cycles, with their sites in place of stacks. A name for which there is no class yet gets an id of its own, and
 * the class goes by that when it appears (class-ids.ts).
 *
 * Cost: linear in the graph, and what its new edges cost in the order. Nothing at all for who loads none.
 */
import type { LockClass } from '../model/lock-class.js';
import { vertexOfClass } from '../order/class-order.js';
import { gateSet, NO_GATES, type GateSet } from '../order/gates.js';
import { parseGate } from '../order/named-gates.js';
import {
  EMPTY_GRAPH,
  mergeGraphs,
  withoutClass,
  type EdgeKind,
  type GraphEdge,
  type LockGraph,
} from '../order/snapshot.js';
import type { Violation } from '../report/types.js';
import type { ClassIds } from './class-ids.js';
import { MAX_ORDERS, type Dependencies, type FactsLesson } from './dependencies.js';
import { loadedFacts } from './edge-facts.js';
import { liveGraph } from './live-graph.js';

type Find = (name: string) => LockClass | undefined;

export class GraphExchange {
  readonly #dependencies: Dependencies;
  readonly #ids: ClassIds;
  #loaded: LockGraph = EMPTY_GRAPH;

  constructor(dependencies: Dependencies, ids: ClassIds) {
    this.#dependencies = dependencies;
    this.#ids = ids;
  }

  snapshot(): LockGraph {
    return mergeGraphs(liveGraph(this.#dependencies, this.#ids), this.#loaded);
  }

  /** Takes in a graph, unless there would be too many orders then. Returns the cycles that are possible since. */
  load(graph: LockGraph): Violation[] {
    const merged = mergeGraphs(this.snapshot(), graph);
    if (merged.edges.length > MAX_ORDERS) {
      this.#dependencies.full = true;
      return [];
    }
    this.#loaded = merged;
    const find = this.#ids.finder();
    const proven: FactsLesson[] = [];
    const all: FactsLesson[] = [];
    for (const edge of mergeGraphs(graph).edges) {
      for (const kind of edge.kinds) {
        const taught = kind === 'declared' ? this.#declare(edge, find) : this.#teach(edge, kind, find);
        proven.push(...taught.proven);
        all.push(...taught.all);
      }
    }
    return this.#dependencies.verdicts(proven, all, 'A graph that was loaded closes the cycle.');
  }

  forget(lockClass: LockClass): void {
    if (this.#loaded !== EMPTY_GRAPH) this.#loaded = withoutClass(this.#loaded, lockClass.name);
  }

  clear(): void {
    this.#loaded = EMPTY_GRAPH;
  }

  #teach(edge: GraphEdge, kind: EdgeKind, find: Find): Taught {
    const [shared, strong] = [kind.startsWith('S'), kind.endsWith('N')];
    const from = { id: this.#ids.byName(edge.from, find), name: edge.from, shared };
    const to = { id: this.#ids.byName(edge.to, find), name: edge.to, shared: !strong };
    const taught: Taught = { proven: [], all: [] };
    for (const named of edge.gates ?? [[]]) {
      const occurrence = {
        held: vertexOfClass(from.id, shared),
        wanted: to.id,
        strong,
        gates: this.#gates(edge.from, shared, named, find),
        facts: () => loadedFacts(from, to, edge.sites[0] ?? ['', ''], edge.tier, 'loaded'),
        count: 0,
      };
      const { proven, all } = this.#dependencies.orders;
      taught.all.push(all.learn(occurrence));
      if (edge.tier === 'strict') taught.proven.push(proven.learn(occurrence));
    }
    return taught;
  }

  #declare(edge: GraphEdge, find: Find): Taught {
    const [from, to] = [edge.from, edge.to].map((name) => ({ id: this.#ids.byName(name, find), name, shared: false }));
    if (from === undefined || to === undefined || this.#dependencies.isDeclared(from.id, to.id)) return NOTHING;
    const facts = loadedFacts(from, to, edge.sites[0] ?? ['', ''], 'strict', 'declared');
    const { proven, all } = this.#dependencies.orders;
    return { all: all.declare(from.id, to.id, facts), proven: proven.declare(from.id, to.id, facts) };
  }

  /** The gates that were held beside the first lock, and that lock itself. */
  #gates(from: string, shared: boolean, named: readonly string[], find: Find): GateSet {
    const gates = [{ name: from, shared }, ...named.map(parseGate)].map((gate) => {
      return this.#ids.gateNamed(gate.name, gate.shared, find);
    });
    const known = gates.filter((gate) => gate !== undefined);
    return known.length === 0 ? NO_GATES : gateSet(known);
  }
}

interface Taught {
  readonly proven: FactsLesson[];
  readonly all: FactsLesson[];
}

const NOTHING: Taught = { proven: [], all: [] };
