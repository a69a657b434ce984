/**
 * A learned order as plain data: what one process or thread knows, for another to take in.
 *
 * Classes go by their names, so that a graph outlives a rebuild. An entry is one order of two classes, of one kind and one
 * tier; merging is the union of the entries, and of each entry's sites and minimal gate sets, with the greater count of the
 * two (a sum would count what both have learned from one source twice). So merging is commutative, associative and
 * idempotent, and so is loading. What comes out is sorted: equal graphs are equal text.
 *
 * Cost: O(n log n). Pure; nothing here changes what it is given.
 */
import { mergedGateSets } from './named-gates.js';

/** Learned order as plain data, safe for JSON and for `postMessage`: what `lockdep.snapshot()` gives and `lockdep.load()` takes. */
export interface LockGraph {
  /** Of this form of the data. */
  readonly version: 1;
  /** All classes that take part in an order, by name. */
  readonly classes: readonly GraphClass[];
  /** All learned orders, each in each kind and tier. */
  readonly edges: readonly GraphEdge[];
}

/** One class of a LockGraph. */
export interface GraphClass {
  /** Printed name, by which the class is found where the graph is loaded. */
  readonly name: string;
  /** Where its locks are constructed, for a class that has no name of its own. */
  readonly site?: string;
}

/**
 * How the first class was held, and whether a reader that holds the second one is in the way too: E exclusive, S shared;
 * N such a wait, R that of a reader which passes waiting writers. `declared`: nobody did it, it was declared.
 */
export type EdgeKind = 'EN' | 'ER' | 'SN' | 'SR' | 'declared';

export const EDGE_KINDS: readonly EdgeKind[] = ['EN', 'ER', 'SN', 'SR', 'declared'];

/** One learned order of a LockGraph: `to` was wanted while `from` was held. */
export interface GraphEdge {
  /** Name of the class that was held. */
  readonly from: string;
  /** Name of the class that was wanted. */
  readonly to: string;
  /** How the first was held, and who waited for the second. */
  readonly kinds: readonly EdgeKind[];
  /** How certain the order is. */
  readonly tier: 'strict' | 'advisory';
  /** Attempts that were judged and had this order; of several graphs the greatest. */
  readonly count: number;
  /** Where the first was taken, and where the second was wanted. */
  readonly sites: readonly (readonly [held: string, wanted: string])[];
  /** The minimal sets of locks that were held beside it; absent where it was seen with none. */
  readonly gates?: readonly (readonly string[])[];
}

export const EMPTY_GRAPH: LockGraph = { version: 1, classes: [], edges: [] };

/** What any of the graphs knows. */
export function mergeGraphs(...graphs: readonly LockGraph[]): LockGraph {
  const classes = new Map<string, GraphClass>();
  const edges = new Map<string, GraphEdge>();
  const addClass = (added: GraphClass): void => {
    const known = classes.get(added.name);
    classes.set(added.name, known === undefined ? plainClass(added) : mergeClasses(known, added));
  };
  for (const graph of graphs) {
    for (const each of graph.classes) addClass(each);
    for (const edge of graph.edges) {
      for (const name of [edge.from, edge.to]) addClass({ name });
      for (const kind of edge.kinds) {
        const key = JSON.stringify([edge.from, edge.to, edge.tier, kind]);
        edges.set(key, mergeEdges(edges.get(key) ?? edge, edge, kind));
      }
    }
  }
  return {
    version: 1,
    classes: sortedBy([...classes.values()], ({ name }) => [name]),
    edges: sortedBy([...edges.values()], ({ from, to, tier, kinds }) => [from, to, tier, ...kinds]),
  };
}

/** The graph without a class. */
export function withoutClass(graph: LockGraph, name: string): LockGraph {
  return {
    version: 1,
    classes: graph.classes.filter((each) => each.name !== name),
    edges: graph.edges.filter(({ from, to }) => from !== name && to !== name),
  };
}

function plainClass({ name, site }: GraphClass): GraphClass {
  return site === undefined ? { name } : { name, site };
}

/** Of two sites the lesser, so that it does not matter which graph came first. */
function mergeClasses(a: GraphClass, b: GraphClass): GraphClass {
  const [site] = [a.site, b.site].filter((each) => each !== undefined).sort();
  return plainClass(site === undefined ? { name: a.name } : { name: a.name, site });
}

function mergeEdges(a: GraphEdge, b: GraphEdge, kind: EdgeKind): GraphEdge {
  const gates = mergedGateSets([...(a.gates ?? [[]]), ...(b.gates ?? [[]])]);
  const sites = new Map(
    [...a.sites, ...b.sites].map(([held, wanted]) => [JSON.stringify([held, wanted]), [held, wanted] as const]),
  );
  return {
    from: a.from,
    to: a.to,
    kinds: [kind],
    tier: a.tier,
    count: Math.max(a.count, b.count),
    sites: sortedBy([...sites.values()], (pair) => pair),
    ...(gates.some((set) => set.length === 0) ? {} : { gates }),
  };
}

/** By code units, which no locale changes. */
export function sortedBy<T>(items: readonly T[], keys: (item: T) => readonly string[]): T[] {
  return items.toSorted((a, b) => {
    const [one, other] = [keys(a), keys(b)];
    for (let i = 0; i < Math.max(one.length, other.length); i++) {
      const [x, y] = [one[i] ?? '', other[i] ?? ''];
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  });
}
