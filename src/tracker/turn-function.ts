/**
 * Is the event that a promise hook tells of one of the turn's own function: its `await`, or its return?
 *
 * The hooks alone can not tell a function that awaited a helper from a callback of `then`, nor a function's own await
 * from that of a function that it called. The stack can. In an act of its own the function that the event loop resumed is
 * alone on it; a callback that resolves a promise or calls `then` has the language's function above it.
 *
 * Cost: one capture of a stack. So it is asked only for acquisitions whose own stack was captured as well, and in
 * programs that ask what is held.
 */
import { captureCallSites, fileOf, type CallSite } from '../classes/call-sites.js';

/** Frames looked at: the hooks' own, and two of the program. */
const DEPTH = 12;

/** This package's own code, which is on the stack of every hook and of every call of a lock. */
const OWN_CODE: string = new URL('..', import.meta.url).href;

export function isActOfTurn(): boolean {
  return captureCallSites(isActOfTurn, DEPTH).filter(isCalled).length === 1;
}

function isCalled(site: CallSite): boolean {
  if (site.isAsync()) return false;
  const file = fileOf(site);
  return !file.startsWith('node:') && !file.startsWith(OWN_CODE);
}
