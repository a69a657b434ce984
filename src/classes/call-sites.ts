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
  isConstructor(): boolean;
  isAsync(): boolean;
  isPromiseAll?(): boolean;
  getPromiseIndex?(): number | null;
}

/** What every place that is looked at must be able to tell. */
const ESSENTIAL = ['getFunctionName', 'getFileName', 'getLineNumber', 'getColumnNumber', 'isAsync'] as const;

/** A limit that can not be changed serves if it lets so much through: less would be a part of a stack, taken for all of it. */
const LEAST_FRAMES = 10;

/** Captured at load: what a program makes of it later is for its own stacks. */
const capturing: object = holderOf('captureStackTrace') ?? Error;
const capture: unknown = Reflect.getOwnPropertyDescriptor(capturing, 'captureStackTrace')?.value;

/** What V8 has handed over for the capture that runs. */
let taken: unknown;
const structured = (_error: unknown, sites: unknown): unknown => (taken = sites);

/**
 * The call sites above `below` (that function and all it called are left out), at most `limit`, awaiting callers
 * included. An empty list where the runtime hides them (frozen intrinsics).
 */
export function captureCallSites(below: (...args: never[]) => unknown, limit: number): readonly CallSite[] {
  const former = borrow(capturing, 'stackTraceLimit', limit);
  const sites = former !== undefined || isLimitLarge() ? prepared(below) : undefined;
  if (former !== undefined) giveBack(capturing, 'stackTraceLimit', former);
  if (sites === undefined) tellHidden();
  return sites ?? [];
}

/** Undefined where what was asked for was not what came. */
function prepared(below: (...args: never[]) => unknown): readonly CallSite[] | undefined {
  let current: object | undefined;
  let former: Former | undefined;
  taken = undefined;
  try {
    current = globalThis.Error;
    former = borrow(current, 'prepareStackTrace', structured);
    if (former === undefined || typeof capture !== 'function') return undefined;
    const holder: { stack?: unknown } = {};
    Reflect.apply(capture, capturing, [holder, below]);
    void holder.stack;
    return areCallSites(taken) ? taken : undefined;
  } catch {
    return undefined;
  } finally {
    taken = undefined;
    if (current !== undefined && former !== undefined) giveBack(current, 'prepareStackTrace', former);
  }
}

function areCallSites(sites: unknown): sites is readonly CallSite[] {
  if (!Array.isArray(sites)) return false;
  const first = sites[0] as Partial<CallSite> | undefined;
  return first === undefined || ESSENTIAL.every((method) => typeof first[method] === 'function');
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
