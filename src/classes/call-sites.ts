/**
 * Structured stacks. The only place that touches `Error.prepareStackTrace` and `Error.stackTraceLimit`.
 *
 * Cost: 2 to 6 microseconds at a limit of 1, 5 to 20 for a whole stack; so callers capture at construction and for
 * nestings that are not known yet, never for a known one.
 */

/** V8's CallSite, with what @types/node leaves out. */
export interface CallSite {
  getThis(): unknown;
  getFunctionName(): string | null;
  getFileName(): string | null | undefined;
  getScriptNameOrSourceURL?(): string | null | undefined;
  getEvalOrigin(): string | undefined;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  getEnclosingLineNumber?(): number | null;
  getEnclosingColumnNumber?(): number | null;
  isConstructor(): boolean;
  isAsync(): boolean;
  isPromiseAll(): boolean;
  getPromiseIndex(): number | null;
}

const structured = (_error: Error, sites: NodeJS.CallSite[]): NodeJS.CallSite[] => sites;

/**
 * The call sites above `below` (that function and all it called are left out), at most `limit`, awaiting callers
 * included. An empty list where the runtime forbids it (frozen intrinsics).
 */
export function captureCallSites(below: (...args: never[]) => unknown, limit: number): readonly CallSite[] {
  const holder: { stack?: unknown } = {};
  let savedPrepare: typeof Error.prepareStackTrace;
  let savedLimit = 0;
  try {
    savedPrepare = Error.prepareStackTrace;
    savedLimit = Error.stackTraceLimit;
    Error.prepareStackTrace = structured;
    Error.stackTraceLimit = limit;
  } catch {
    return [];
  }
  try {
    Error.captureStackTrace(holder, below);
    const sites = holder.stack;
    return Array.isArray(sites) ? sites : [];
  } finally {
    Error.prepareStackTrace = savedPrepare;
    Error.stackTraceLimit = savedLimit;
  }
}

/** Where the code of a call site lives: path or URL, else the origin of evaluated code. */
export function fileOf(site: CallSite): string {
  return site.getFileName() ?? site.getScriptNameOrSourceURL?.() ?? site.getEvalOrigin() ?? '';
}
