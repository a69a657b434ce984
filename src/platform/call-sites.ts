/**
 * Structured stacks. The only place that touches `Error.prepareStackTrace` and `Error.stackTraceLimit`.
 *
 * Invariant: both are as they were when a call returns, on every path. Nothing here throws, whatever the program has made of
 * `Error`: where places can not be seen there are none, which is said once in a process.
 *
 * V8 reads the limit of the language's own Error; Node asks the Error that is global just then how a stack is prepared. A
 * program may have replaced the one and the other, so both are named as they were when this module was loaded, or as they are.
 *
 * Cost: 2 to 6 microseconds at a limit of 1, 5 to 20 for a whole stack; so callers capture at construction and for
 * nestings that are not known yet, never for a known one.
 */
import type { Below } from './below.js';
import { borrow, giveBack, type Former } from './borrowed-property.js';
import { warnOnce } from './warnings.js';

/** V8's CallSite, with what @types/node leaves out. Those that a runtime may keep back are optional. */
export interface CallSite {
  getThis(): unknown;
  getFunctionName(): string | null;
  getFileName(): string | null | undefined;
  getScriptNameOrSourceURL?(): string | null | undefined;
  getEvalOrigin?(): string | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  getEnclosingLineNumber?(): number | null;
  getEnclosingColumnNumber?(): number | null;
  isConstructor?(): boolean;
  isAsync(): boolean;
  isPromiseAll?(): boolean;
  getPromiseIndex?(): number | null;
}

/** A limit that can not be changed serves if it lets so much through: less would be a part of a stack, taken for all of it. */
const LEAST_FRAMES = 10;

type Capture = (holder: object, below: Below) => void;

/** Captured at load: what a program makes of it later is for its own stacks. */
const capturing = (holderOf('captureStackTrace') ?? Error) as ErrorConstructor;
const capture: Capture | undefined = Reflect.getOwnPropertyDescriptor(capturing, 'captureStackTrace')?.value;

/** What V8 has handed over for the capture that runs. */
let taken: readonly CallSite[] | undefined;
const structured = (_error: unknown, sites: readonly CallSite[]): unknown => (taken = sites);

/**
 * The call sites above `below` (that function and all it called are left out), at most `limit`, awaiting callers
 * included. An empty list where the runtime hides them (frozen intrinsics).
 */
export function captureCallSites(below: Below, limit: number): readonly CallSite[] {
  taken = undefined;
  const usual = asUsual();
  if (usual !== undefined) {
    try {
      capturing.prepareStackTrace = structured as typeof usual.prepareStackTrace;
      capturing.stackTraceLimit = limit;
      const holder: { stack?: unknown } = {};
      (capture as Capture)(holder, below);
      void holder.stack;
    } catch {
      // It is not as usual: done again with care.
    }
    assign('prepareStackTrace', usual.prepareStackTrace);
    assign('stackTraceLimit', usual.stackTraceLimit);
  }
  if (!areCallSites(taken)) captureWithCare(below, limit);
  const sites = taken;
  taken = undefined;
  if (areCallSites(sites)) return sites;
  tellHidden();
  return [];
}

/** What both are, where they are there, of the Error that V8 and Node ask. */
function asUsual(): Pick<ErrorConstructor, 'prepareStackTrace' | 'stackTraceLimit'> | undefined {
  try {
    if (globalThis.Error !== capturing || capture === undefined) return undefined;
    if (!Object.hasOwn(capturing, 'prepareStackTrace') || !Object.hasOwn(capturing, 'stackTraceLimit'))
      return undefined;
    const { prepareStackTrace, stackTraceLimit } = capturing;
    return { prepareStackTrace, stackTraceLimit };
  } catch {
    return undefined;
  }
}

function assign<K extends 'prepareStackTrace' | 'stackTraceLimit'>(key: K, value: ErrorConstructor[K]): void {
  try {
    capturing[key] = value;
  } catch {
    // It was not changed either.
  }
}

/** Where the one or the other is an accessor, read-only or not there, or another Error is global. */
function captureWithCare(below: Below, limit: number): void {
  taken = undefined;
  const formerLimit = borrow(capturing, 'stackTraceLimit', limit);
  let current: object | undefined;
  let former: Former | undefined;
  try {
    if (formerLimit === undefined && !isLimitLarge()) return;
    current = globalThis.Error;
    former = borrow(current, 'prepareStackTrace', structured);
    const holder: { stack?: unknown } = {};
    if (former !== undefined) capture?.(holder, below);
    void holder.stack;
  } catch {
    // Then there are none.
  } finally {
    if (current !== undefined && former !== undefined) giveBack(current, 'prepareStackTrace', former);
    if (formerLimit !== undefined) giveBack(capturing, 'stackTraceLimit', formerLimit);
  }
}

/** An accessor of the program may have made something else of V8's. */
function areCallSites(sites: unknown): sites is readonly CallSite[] {
  if (!Array.isArray(sites)) return false;
  const first = sites[0] as Partial<CallSite> | undefined;
  if (first === undefined) return true;
  const isPlace = typeof first.getFunctionName === 'function' && typeof first.getFileName === 'function';
  const isPosition = typeof first.getLineNumber === 'function' && typeof first.getColumnNumber === 'function';
  return isPlace && isPosition && typeof first.isAsync === 'function';
}

function isLimitLarge(): boolean {
  const there: unknown = Reflect.getOwnPropertyDescriptor(capturing, 'stackTraceLimit')?.value;
  return typeof there === 'number' && there >= LEAST_FRAMES;
}

function tellHidden(): void {
  warnOnce(
    'this runtime hides where locks are constructed and used: only locks with a class or a name of one are checked, and ' +
      'reports show no places',
    'LOCKDEP_NO_SITES',
  );
}

/** Where the code of a call site lives: path or URL, else the origin of evaluated code. */
export function fileOf(site: CallSite): string {
  return site.getFileName() ?? site.getScriptNameOrSourceURL?.() ?? site.getEvalOrigin?.() ?? '';
}

/** The Error that has the property as its own: the global one, that which it is derived from, or that of the language. */
function holderOf(key: string): object | undefined {
  for (const from of [Error, Object.getPrototypeOf(TypeError) as object]) {
    for (let at: object | null = from; at !== null; at = Object.getPrototypeOf(at) as object | null) {
      if (Object.hasOwn(at, key)) return at;
    }
  }
  return undefined;
}
