/**
 * Is the event that a promise hook tells of one of the turn's own function: its `await`, or its return?
 *
 * The hooks alone can not tell a function that awaited a helper from a callback of `then`, nor a function's own await
 * from that of a function that it called. The stack can. In an act of its own the function that the event loop resumed is
 * alone on it; a callback that resolves a promise or calls `then` has the language's function above it.
 *
 * Nor can the hooks tell an `await` from a call of `then`; there the stack has the language's function as well.
 *
 * Cost: one capture of a stack. So it is asked only for acquisitions whose own stack was captured as well, and in
 * programs that ask what is held.
 */
import type { Below } from './below.js';
import { captureCallSites, fileOf } from './call-sites.js';

/** Frames looked at: those of the runtime between a hook and the turn, two of the turn, and where the turns come from. */
const DEPTH = 8;

/** The same where only what called the hook, and its caller, are looked at. */
const CALLER_DEPTH = 4;

/** Calls the hooks where there are several. */
const HOOKS = 'node:internal/promise_hooks';
/** Runs the turns, after a callback of the event loop. */
const TURNS = 'node:internal/process/task_queues';

/** `below`: the hook, or the public function that was called. */
export function isActOfTurn(below: Below): boolean {
  let called = 0;
  for (const site of captureCallSites(below, DEPTH)) {
    const file = fileOf(site);
    if (site.isAsync() || file === TURNS) break;
    if (file !== HOOKS) called += 1;
  }
  return called === 1;
}

/**
 * Is it the program's own call of `then` that makes a promise: no `await`, nor the turn in which the language calls `then`
 * to resolve one promise with another? `below`: the hook.
 */
export function isCallOfThen(below: Below): boolean {
  let sites = captureCallSites(below, 2);
  if (sites[0] !== undefined && fileOf(sites[0]) === HOOKS) {
    sites = captureCallSites(below, CALLER_DEPTH).filter((site) => fileOf(site) !== HOOKS);
  }
  const [then, caller] = sites;
  if (then === undefined || then.getFunctionName() !== 'then' || fileOf(then) !== '') return false;
  return caller !== undefined && !caller.isAsync() && fileOf(caller) !== TURNS;
}
