/**
 * Who awaits whom among the suspended functions of a heap, and what those wait for that await no other.
 *
 * A promise leads to what its reactions are for: to the function behind an `await`, to the promise that `then` or a combinator
 * made, to the promise that it was returned into. Callbacks of a program end the way, except those that drive compiled functions.
 *
 * Invariant: a tie is in the heap, none is guessed; where V8's fields are not as known, there is no tie. Circles among promises and
 * functions are allowed.
 *
 * Cost: linear in promises with reactions, and a handful of passes over the edges for the holders. Pure.
 */
import type { HeapGraph } from './heap-graph.js';
import { findHolders, type Holder } from './holders.js';
import { builtinOf, findSuspended, isPromise, type Suspended } from './suspended.js';

export interface Awaiting extends Suspended {
  /** Indices of those that await it, each once. */
  readonly awaiters: readonly number[];
  /** Indices of those that it awaits. */
  readonly awaited: readonly number[];
  /** Where it awaits no suspended function: what keeps the promise that it waits for. */
  readonly holder: Holder | undefined;
}

/** V8's own closures that stand in reactions. Others are not followed. */
const FOLLOWED = /^(Async|Await|Promise|CallAsyncModule)/;

/** A node may be there more than once. */
interface Next {
  /** Nodes of functions that go on when the promise is settled. */
  readonly functions: number[];
  readonly promises: number[];
}

export function findAwaits(graph: HeapGraph): Awaiting[] {
  const { all, driven } = findSuspended(graph);
  const indices = new Map(all.map(({ node }, index) => [node, index]));
  const reader = new ReactionReader(graph, indices, driven);
  const next = new Map<number, Next>();
  for (const promise of graph.withField('reactions_or_result')) {
    const found = reader.read(promise);
    if (found !== undefined) next.set(promise, found);
  }
  const awaiters = all.map(({ promises }) => reached(promises, next, indices));
  const awaited: number[][] = all.map(() => []);
  for (const [index, those] of awaiters.entries()) for (const awaiter of those) awaited[awaiter]?.push(index);
  const holders = findHolders(graph, roots(all, awaited, next));
  return all.map((each, index) => ({
    ...each,
    awaiters: awaiters[index] ?? [],
    awaited: awaited[index] ?? [],
    holder: holders.get(each.node),
  }));
}

/** The functions that any of the promises leads to. */
function reached(promises: readonly number[], next: ReadonlyMap<number, Next>, indices: ReadonlyMap<number, number>) {
  const found = new Set<number>();
  const seen = new Set(promises);
  for (const promise of seen) {
    const after = next.get(promise);
    if (after === undefined) continue;
    for (const node of after.functions) found.add(indices.get(node) as number);
    for (const derived of after.promises) seen.add(derived);
  }
  return [...found];
}

/** For each function that awaits no other, by node: the first promise of the way that leads to it. */
function roots(all: readonly Suspended[], awaited: readonly number[][], next: ReadonlyMap<number, Next>) {
  const leaves = new Set(all.filter((_, index) => awaited[index]?.length === 0).map(({ node }) => node));
  const before = new Map<number, number>();
  const found = new Map<number, number>();
  for (const [promise, { functions, promises }] of next) {
    for (const derived of promises) before.set(derived, promise);
    for (const node of functions) if (leaves.has(node)) found.set(node, promise);
  }
  for (const [node, promise] of found) {
    let root = promise;
    const seen = new Set<number>();
    for (let source = before.get(root); source !== undefined && !seen.has(source); source = before.get(root)) {
      seen.add(source);
      root = source;
    }
    found.set(node, root);
  }
  return found;
}

/** Reads what the reactions of a promise are for. */
class ReactionReader {
  readonly #graph: HeapGraph;
  readonly #suspended: ReadonlyMap<number, number>;
  readonly #driven: ReadonlyMap<number, number>;

  constructor(graph: HeapGraph, suspended: ReadonlyMap<number, number>, driven: ReadonlyMap<number, number>) {
    this.#graph = graph;
    this.#suspended = suspended;
    this.#driven = driven;
  }

  /** undefined for a promise that is settled. */
  read(promise: number): Next | undefined {
    const first = this.#graph.follow(promise, 'internal', 'reactions_or_result');
    if (first === undefined || !isReaction(this.#graph, first)) return undefined;
    const next: Next = { functions: [], promises: [] };
    for (let reaction: number | undefined = first; reaction !== undefined;) {
      let following: number | undefined;
      for (const target of this.#graph.targets(reaction)) {
        if (isReaction(this.#graph, target)) following = target;
        else this.#take(target, next);
      }
      reaction = following;
    }
    return next;
  }

  /** A field of a reaction: a handler, the promise that was derived, or a capability, which has a promise of any class. */
  #take(node: number, next: Next): void {
    const graph = this.#graph;
    if (this.#suspended.has(node)) next.functions.push(node);
    else if (isPromise(graph, node)) next.promises.push(node);
    else if (graph.typeOf(node) === 'closure') this.#takeHandler(node, next);
    else if (graph.nameOf(node).endsWith('PromiseCapability')) {
      for (const target of graph.targets(node)) if (isPromise(graph, target)) next.promises.push(target);
    }
  }

  #takeHandler(closure: number, next: Next): void {
    const graph = this.#graph;
    const context = graph.follow(closure, 'internal', 'context');
    if (context === undefined) return;
    const name = builtinOf(graph, closure);
    if (!FOLLOWED.test(name)) {
      const driven = this.#driven.get(context);
      if (driven !== undefined) next.functions.push(driven);
      return;
    }
    for (const target of graph.targets(context)) {
      if (this.#suspended.has(target)) next.functions.push(target);
      else if (isModule(graph, target)) this.#takeModule(target, next);
      else if (isPromise(graph, target) || graph.nameOf(target).endsWith('PromiseCapability')) this.#take(target, next);
    }
  }

  /** What awaits at the top level of a module goes on with the promise of the whole module. */
  #takeModule(module: number, next: Next): void {
    for (const target of this.#graph.targets(module)) {
      if (isPromise(this.#graph, target)) next.promises.push(target);
    }
  }
}

const isReaction = (graph: HeapGraph, node: number): boolean => graph.nameOf(node) === 'system / PromiseReaction';
const isModule = (graph: HeapGraph, node: number): boolean => graph.nameOf(node) === 'system / SourceTextModule';
