/**
 * How one lock was made, as far as that tells it from others that are made at the same place.
 *
 * A place is looked at through constructors: of `class Pool { permits = new Semaphore(2) }` it is the `new Pool()` that
 * tells one semaphore from another one. V8 says which frames are constructors (`isConstructor()`) and which run field
 * initialisers; a constructor of ES5 that calls its base by `Base.call(this)` is one frame further out. Where no constructor
 * is near, the function that makes the lock takes that part, and tells by its caller. Where a method of the language called it
 * back (`map`, `Array.from`, a promise's executor), the caller is whoever called that method.
 *
 * Invariant: a making says nothing of the class; it is for reports alone. Cost: two frames are captured in place of one; a
 * lock that is made in a constructor costs a second capture. Equal makings are one object, at most MAX_MAKINGS of them;
 * locks beyond those are told apart by their number alone.
 */
import type { Below } from '../platform/below.js';
import { captureCallSites, fileOf, type CallSite } from '../platform/call-sites.js';
import type { ConstructionSite } from './lock-class.js';

export interface Making {
  /** The names of the constructors that ran, or of the function that made the lock; innermost first, '' for one without a name. */
  readonly makers: readonly string[];
  /** Where each of them but the outermost was called, in the next one. */
  readonly calls: readonly ConstructionSite[];
  /** Where the outermost was called. */
  readonly site: ConstructionSite;
  /** Locks that were made so. */
  count: number;
}

/** Distinct makings that are kept. */
export const MAX_MAKINGS = 10_000;
/** Frames that are looked at for constructors. */
const MAX_DEPTH = 16;

const INSTANCE_FIELD = '<instance_members_initializer>';
const STATIC_FIELD = '<static_initializer>';

const makings = new Map<string, Making>();

/** `sites`: the call sites above `constructor`, the two innermost at least. undefined where they tell no lock from another. */
export function makingOf(sites: readonly CallSite[], constructor: Below): Making | undefined {
  const [own, caller] = sites;
  if (own === undefined || caller === undefined) return undefined;
  const isNear = !isConstruction(own) && caller.isConstructor?.() !== true && fileOf(caller) !== '';
  return isNear ? ofFunction(own, caller) : seenThrough(captureCallSites(constructor, MAX_DEPTH));
}

/** Code at the top of a module or of a class runs once. */
function ofFunction(own: CallSite | undefined, caller: CallSite | undefined): Making | undefined {
  const name = own?.getFunctionName() ?? STATIC_FIELD;
  return caller === undefined || name === STATIC_FIELD ? undefined : known([name], [], caller);
}

/** Through constructors, and before them through methods of the language that call a function without a name back. */
function seenThrough(sites: readonly CallSite[]): Making | undefined {
  const written = sites.filter((site) => fileOf(site) !== '');
  let from = 0;
  while (isCallback(sites, written[from])) from += 1;
  if (!isConstruction(written[from]) && !isConstruction(written[from + 1]))
    return ofFunction(written[from], written[from + 1]);
  const makers: string[] = [];
  const calls: ConstructionSite[] = [];
  if (!isConstruction(written[from])) from += 1;
  for (; isConstruction(written[from]); from++) {
    const name = written[from]?.getFunctionName() ?? '';
    if (name === INSTANCE_FIELD) continue;
    makers.push(name);
    const caller = written[from + 1];
    if (caller !== undefined && isConstruction(caller)) calls.push(siteOf(caller));
  }
  const outside = written[from];
  return outside === undefined ? undefined : known(makers, calls, outside);
}

/** A function without a name that is called by code which is in no file. */
function isCallback(sites: readonly CallSite[], site: CallSite | undefined): boolean {
  if (site === undefined || site.getFunctionName() !== null || isConstruction(site)) return false;
  const caller = sites[sites.indexOf(site) + 1];
  return caller !== undefined && fileOf(caller) === '';
}

function isConstruction(site: CallSite | undefined): boolean {
  return site !== undefined && (site.isConstructor?.() === true || site.getFunctionName() === INSTANCE_FIELD);
}

function known(makers: readonly string[], calls: readonly ConstructionSite[], at: CallSite): Making | undefined {
  const site = siteOf(at);
  const places = [...calls, site].map(({ file, line, column }) => `${file}:${line}:${column}`);
  const key = `${makers.join(' ')} ${places.join(' ')}`;
  const found = makings.get(key);
  if (found !== undefined || makings.size >= MAX_MAKINGS) return found;
  const making = { makers, calls, site, count: 0 };
  makings.set(key, making);
  return making;
}

export function siteOf(site: CallSite): ConstructionSite {
  return { file: fileOf(site), line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 };
}
