/**
 * The functions in a heap that wait at an `await` or a `yield`, with the promises that they will settle.
 *
 * A suspended function is an object with saved registers. Three kinds settle promises: async functions have one in a field, async
 * generators have one in each request that waits for them, and functions that a compiler made a generator of (TypeScript, Babel)
 * settle that whose `resolve` stands beside them in a context of their driver. A generator without any of these may be a plain one.
 *
 * Invariant: nothing here rests on the number of a field, only on names that V8 gives since Node 20, and on the kinds of nodes.
 * Cost: two passes over the heap, and a few steps for each function. Pure.
 */
import type { HeapGraph } from './heap-graph.js';

export type SuspendedKind = 'async' | 'async-generator' | 'compiled' | 'generator';

export interface Suspended {
  /** The node of what is suspended, not of its function. */
  readonly node: number;
  /** By which the inspector finds it. */
  readonly id: number;
  readonly kind: SuspendedKind;
  /** '' for a function without a name. */
  readonly name: string;
  /** The script, '' where the heap does not say. */
  readonly file: string;
  /** Where the function begins, from 1; 0 where the heap does not say. */
  readonly line: number;
  readonly column: number;
  /** Nodes of the promises that it settles. */
  readonly promises: readonly number[];
  /** What its registers hold, by kind. It differs between most places of one function. */
  readonly registers: string;
}

export interface SuspendedFunctions {
  readonly all: readonly Suspended[];
  /** The driver's contexts of compiled functions, with what they drive: a node of one of the functions. */
  readonly driven: ReadonlyMap<number, number>;
}

/** The contexts around that of a driver in which the generator can be. */
const MAX_OUTER = 2;

export function findSuspended(graph: HeapGraph): SuspendedFunctions {
  const nodes = graph.withField('parameters_and_registers');
  const generators = new Set(nodes.filter((node) => settledBy(graph, node).length === 0));
  const { driven, promises } = findDrivers(graph, generators);
  const all = nodes.map((node) => {
    const compiled = promises.get(node);
    return compiled === undefined
      ? describe(graph, node, settledBy(graph, node))
      : describe(graph, node, compiled, 'compiled');
  });
  return { all: all.filter((each) => !isModule(each)), driven };
}

/** V8 runs every module as a generator, and keeps it. One that awaits at its top level has a promise. */
function isModule({ kind, name, line, column }: Suspended): boolean {
  return kind === 'generator' && name === '' && line === 1 && column === 1;
}

/** A promise has the field `reactions_or_result` once somebody waits for it, and before that the name alone. */
export function isPromise(graph: HeapGraph, node: number): boolean {
  if (graph.typeOf(node) !== 'object') return false;
  return graph.nameOf(node) === 'Promise' || graph.follow(node, 'internal', 'reactions_or_result') !== undefined;
}

/** What V8 calls the code of a closure that is its own, '' for code of a program. */
export function builtinOf(graph: HeapGraph, closure: number): string {
  const code = graph.follow(closure, 'internal', 'code');
  return code === undefined ? '' : (/^\((\w+) builtin/.exec(graph.nameOf(code))?.[1] ?? '');
}

/** The promise that a function settles which V8 handed out as `resolve` or `reject`. */
export function settledByResolver(graph: HeapGraph, closure: number): number | undefined {
  if (!/^PromiseCapabilityDefault(Resolve|Reject)$/.test(builtinOf(graph, closure))) return undefined;
  const context = graph.follow(closure, 'internal', 'context');
  if (context === undefined) return undefined;
  return graph.targets(context).find((node) => isPromise(graph, node));
}

/** In the fields of the object itself: its promise, or the requests of an async generator. */
function settledBy(graph: HeapGraph, node: number): number[] {
  const found: number[] = [];
  for (let edge = graph.firstEdge(node), end = graph.firstEdge(node + 1); edge < end; edge++) {
    if (graph.edgeType(edge) !== 'hidden' && graph.edgeName(edge) !== 'queue') continue;
    const target = graph.target(edge);
    if (isPromise(graph, target)) found.push(target);
    else if (isRequest(graph, target)) found.push(...promisesOfRequests(graph, target));
  }
  return found;
}

const isRequest = (graph: HeapGraph, node: number): boolean => /\bAsyncGeneratorRequest$/.test(graph.nameOf(node));

function promisesOfRequests(graph: HeapGraph, first: number): number[] {
  const found: number[] = [];
  const seen = new Set<number>();
  for (let request: number | undefined = first; request !== undefined && !seen.has(request);) {
    seen.add(request);
    const targets: Uint32Array = graph.targets(request);
    found.push(...targets.filter((node) => isPromise(graph, node)));
    request = targets.find((node) => isRequest(graph, node));
  }
  return found;
}

interface Drivers {
  readonly driven: Map<number, number>;
  readonly promises: Map<number, number[]>;
}

/** Contexts with the `resolve` of a promise, that have one of the generators too, or whose outer contexts do. */
function findDrivers(graph: HeapGraph, generators: ReadonlySet<number>): Drivers {
  const found: Drivers = { driven: new Map(), promises: new Map() };
  if (generators.size === 0) return found;
  for (const node of graph.withName('system / Context')) {
    const generator = generatorIn(graph, node, generators);
    const promise = generator === undefined ? undefined : promiseIn(graph, node);
    if (generator === undefined || promise === undefined) continue;
    found.driven.set(node, generator);
    found.promises.set(generator, [promise]);
  }
  return found;
}

function generatorIn(graph: HeapGraph, context: number, generators: ReadonlySet<number>): number | undefined {
  let current: number | undefined = context;
  for (let outer = 0; outer <= MAX_OUTER && current !== undefined; outer++) {
    const found = variables(graph, current).filter((node) => generators.has(node));
    // Where there are two, the context is no driver's.
    if (found.length > 0) return found.length === 1 ? found[0] : undefined;
    current = graph.follow(current, 'internal', 'previous');
  }
  return undefined;
}

function promiseIn(graph: HeapGraph, context: number): number | undefined {
  for (const node of variables(graph, context)) {
    const promise = graph.typeOf(node) === 'closure' ? settledByResolver(graph, node) : undefined;
    if (promise !== undefined) return promise;
  }
  return undefined;
}

function variables(graph: HeapGraph, context: number): number[] {
  const found: number[] = [];
  for (let edge = graph.firstEdge(context), end = graph.firstEdge(context + 1); edge < end; edge++) {
    if (graph.edgeType(edge) === 'context') found.push(graph.target(edge));
  }
  return found;
}

function describe(graph: HeapGraph, node: number, promises: readonly number[], compiled?: 'compiled'): Suspended {
  const closure = graph.follow(node, 'internal', 'function');
  const start = closure === undefined ? undefined : graph.startOf(closure);
  const isAsync = graph.nameOf(node) === 'Generator';
  const own: SuspendedKind = promises.length === 0 ? 'generator' : isAsync ? 'async' : 'async-generator';
  return {
    node,
    id: graph.idOf(node),
    kind: compiled ?? own,
    name: closure === undefined ? '' : graph.nameOf(closure),
    file: closure === undefined ? '' : scriptOf(graph, closure),
    line: start === undefined ? 0 : start.line + 1,
    column: start === undefined ? 0 : start.column + 1,
    promises,
    registers: registersOf(graph, node),
  };
}

function scriptOf(graph: HeapGraph, closure: number): string {
  const shared = graph.follow(closure, 'internal', 'shared');
  if (shared === undefined) return '';
  const script = graph.follow(shared, 'internal', 'script') ?? graph.follow(shared, 'internal', 'script_or_debug_info');
  return script === undefined ? '' : graph.nameOf(script);
}

function registersOf(graph: HeapGraph, node: number): string {
  const registers = graph.follow(node, 'internal', 'parameters_and_registers');
  if (registers === undefined) return '';
  const parts: string[] = [];
  for (let edge = graph.firstEdge(registers), end = graph.firstEdge(registers + 1); edge < end; edge++) {
    const target = graph.target(edge);
    const name = graph.typeOf(target) === 'object' ? graph.nameOf(target) : '';
    parts.push(`${graph.edgeName(edge)}:${graph.typeOf(target)}:${name}`);
  }
  return parts.join(' ');
}
