/**
 * What keeps the promises that nobody awaited will settle: the queue of a lock, a timer, a stream.
 *
 * From a promise the way goes backwards over its `resolve` functions, or over what keeps the promise itself, to the first object
 * whose class has a name of its own. That and the name of its property are the answer, such as `Semaphore._queue`.
 *
 * Invariant: at most `MAX_STEPS` steps; each node is left by one way only, so the answer is one of those that keep the promise, in
 * the order of preference below. It is a hint to readers, and decides nothing.
 *
 * Cost: one pass over all edges for each step, whatever the number of promises. Pure.
 */
import type { HeapGraph } from './heap-graph.js';

export interface Holder {
  /** `Class.property`. */
  readonly name: string;
  /** The id of the object: two queues have the same name. */
  readonly id: number;
}

const MAX_STEPS = 10;

/** Names of classes that say nothing. */
const ANONYMOUS = /^(Object|Array|Function|Promise|Map|Set|WeakMap|Generator|AsyncGenerator|system \/ .*|\(.*\)|)$/;

/** V8 calls the global object by one of several names. */
const GLOBAL = /^global( \(.*\))?( \/.*)?$/;

interface Keeper {
  readonly node: number;
  readonly edge: number;
  readonly rank: number;
}

/** `promises` has a promise for each asker, whatever that is. The answers are by asker. */
export function findHolders(graph: HeapGraph, promises: ReadonlyMap<number, number>): Map<number, Holder> {
  const keepers = new Map<number, Keeper>();
  let frontier = new Set(promises.values());
  const seen = new Set(frontier);
  for (let step = 0; step < MAX_STEPS && frontier.size > 0; step++) {
    const found = keepersOf(graph, frontier, seen);
    frontier = new Set();
    for (const [kept, keeper] of found) {
      keepers.set(kept, keeper);
      seen.add(keeper.node);
      if (!isNamed(graph, keeper.node)) frontier.add(keeper.node);
    }
  }
  const answers = new Map<number, Holder>();
  for (const [asker, promise] of promises) {
    const holder = lastKeeper(graph, promise, keepers);
    if (holder !== undefined) answers.set(asker, holder);
  }
  return answers;
}

/** The best keeper of each node of the frontier, apart from nodes that are on a way already. */
function keepersOf(graph: HeapGraph, frontier: ReadonlySet<number>, seen: ReadonlySet<number>): Map<number, Keeper> {
  const found = new Map<number, Keeper>();
  const marks = new Uint8Array(graph.nodeCount);
  for (const node of frontier) marks[node] = 1;
  graph.eachEdgeTo(marks, (node, edge) => {
    if (seen.has(node)) return;
    const kept = graph.target(edge);
    const rank = rankOf(graph, node, edge);
    if (rank < (found.get(kept)?.rank ?? NO_KEEPER)) found.set(kept, { node, edge, rank });
  });
  return found;
}

const NO_KEEPER = 9;

/** The lower the better. What suspended functions remember comes last: they wait for the promise, and do not settle it. */
function rankOf(graph: HeapGraph, node: number, edge: number): number {
  const type = graph.typeOf(node);
  if (type === 'code' || type === 'object shape' || type === 'synthetic') return NO_KEEPER;
  const name = graph.nameOf(node);
  if (/Native ?Context|PromiseReaction|^Generator$/.test(name)) return NO_KEEPER;
  switch (graph.edgeType(edge)) {
    case 'weak':
      return NO_KEEPER;
    case 'hidden':
      return name === 'system / Context' ? 0 : 4;
    case 'property':
    case 'element':
      return 1;
    case 'context':
      return 2;
    default:
      // Saved registers are an array without a name.
      return type === 'array' && name === '' ? 5 : 3;
  }
}

function isNamed(graph: HeapGraph, node: number): boolean {
  const type = graph.typeOf(node);
  return (type === 'object' || type === 'native') && !ANONYMOUS.test(graph.nameOf(node));
}

/** Along the keepers to the first with a name. */
function lastKeeper(graph: HeapGraph, promise: number, keepers: ReadonlyMap<number, Keeper>): Holder | undefined {
  for (let node = promise, step = 0; step < MAX_STEPS; step++) {
    const keeper = keepers.get(node);
    if (keeper === undefined) return undefined;
    node = keeper.node;
    if (!isNamed(graph, node)) continue;
    const isProperty = graph.edgeType(keeper.edge) === 'property' || graph.edgeType(keeper.edge) === 'internal';
    const name = graph.nameOf(node).replace(GLOBAL, 'globalThis');
    return { name: isProperty ? `${name}.${graph.edgeName(keeper.edge)}` : name, id: graph.idOf(node) };
  }
  return undefined;
}
