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

export type Below = (...args: never[]) => unknown;

/** Frames looked at: those of the runtime between a hook and the program, and two of the program. */
const DEPTH = 8;

/** `below`: the hook, or the public function that was called. */
export function isActOfTurn(below: Below): boolean {
  return captureCallSites(below, DEPTH).filter(isCalled).length === 1;
}

function isCalled(site: CallSite): boolean {
  return !site.isAsync() && !fileOf(site).startsWith('node:');
}
