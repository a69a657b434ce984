/**
 * Does the holder of an inherited lock wait for the code that runs now? Only then can that code's wait block it.
 *
 * A context tells who started us, not who waits for us: a detached child inherits every hold of its parent and blocks
 * nobody. Proof comes from the async stack (V8 lists only functions that really await), in two forms: the frame of the
 * scope itself, which is exact; or, for a lock taken by a call, the frame of the function that took it with the same
 * callers around it. That one can not tell two instances of one function apart, so it is used only where no better
 * proof can be waited for, and never for a function that was seen to be entered again while it runs. "Not proven" means
 * unknown, never "no".
 */
import type { CapturedFrame } from './captured-frame.js';
import { type HeldNode, HELD } from './held-node.js';

/** Plain functions that may stand between `acquire` and the function that holds: `const take = () => lock.acquire()`. */
const MAX_PLAIN_HELPERS = 2;

/** Functions that were seen running twice in one lineage, by their id. */
const reentered = new Set<string>();

/** Notes which functions are on the stack twice. */
export function noteRecursion(stack: readonly CapturedFrame[]): void {
  const seen = new Set<string>();
  for (const { functionId } of stack) {
    if (seen.has(functionId)) reentered.add(functionId);
    seen.add(functionId);
  }
}

/** `wanted` is an acquisition of another instance of the function that took `hold`, if it is one of that function. */
export function noteOtherInstance(hold: HeldNode, wanted: HeldNode): void {
  const holder = hold.asked.frames?.[hold.asked.returnedBy];
  const other = wanted.asked.frames?.[0];
  if (holder !== undefined && holder.functionId === other?.functionId) reentered.add(holder.functionId);
}

/**
 * Is the function that `hold` was returned to the one that `wanted` was returned to, by their stacks? Confirms an owner
 * that is in doubt. `hops`: how many functions have returned since `wanted` was taken.
 */
export function isSameFunction(hold: HeldNode, wanted: HeldNode, hops: number): boolean {
  const { frames: held, returnedBy } = hold.asked;
  const taken = wanted.asked.frames;
  if (held === undefined || taken === undefined) return false;
  const holder = held[returnedBy];
  return holder !== undefined && holder.functionId === taken[hops]?.functionId;
}

/**
 * Which of `candidates` (innermost first) are held by functions that await what runs at the top of `stack`. `exact`: only
 * what no two instances of one function can be confused in.
 */
export function provenByStack(
  stack: readonly CapturedFrame[],
  candidates: readonly HeldNode[],
  exact: boolean,
): Set<HeldNode> {
  const proven = new Set<HeldNode>();
  let searchFrom = 0;
  for (const hold of candidates) {
    if (hold.state !== HELD) continue;
    if (hold.kind === 'scope') {
      if (stack.some((frame) => frame.isAsync && frame.scope === hold)) proven.add(hold);
      continue;
    }
    if (exact && hold.kind !== 'try') continue;
    const at = holderFrame(stack, hold, searchFrom);
    if (at === -1) continue;
    proven.add(hold);
    // One frame is one function instance: an outer hold of another instance must be found further out.
    searchFrom = at;
  }
  return proven;
}

/** Index of the frame of the function that took `hold`, or -1. */
function holderFrame(stack: readonly CapturedFrame[], hold: HeldNode, from: number): number {
  const { frames: taken, unsure, returnedBy } = hold.asked;
  if (taken === undefined || unsure) return -1;
  const last = Math.min(taken.length, returnedBy + 1 + MAX_PLAIN_HELPERS);
  for (let first = returnedBy; first < last; first++) {
    const holder = taken[first] as CapturedFrame;
    if (reentered.has(holder.functionId)) return -1;
    for (let at = from; at < stack.length; at++) {
      const frame = stack[at] as CapturedFrame;
      if (frame.functionId !== holder.functionId) continue;
      if (!frame.isAsync && hold.kind !== 'try') continue;
      if (sameCallers(stack, at + 1, taken, first + 1)) return at;
    }
    // A plain helper that called acquire for its caller is never seen waiting; its caller may be.
    if (holder.isAsync) return -1;
  }
  return -1;
}

/**
 * Do the callers in `stack` from `at` on match those of the acquisition from `next` on? Awaiting callers match in place.
 * A caller that was merely on the synchronous stack may have awaited since, or may have been a plain function, or may
 * not wait at all: it matches, is passed over, or the stack ends there.
 */
function sameCallers(
  stack: readonly CapturedFrame[],
  at: number,
  taken: readonly CapturedFrame[],
  next: number,
): boolean {
  let cuttable = false;
  for (let i = next; i < taken.length; i++) {
    const expected = taken[i] as CapturedFrame;
    // A combinator that was just being built at the acquisition is on the stack by now.
    while (cuttable && expected.promiseIndex === -1 && (stack[at]?.promiseIndex ?? -1) !== -1) at++;
    const found = stack[at];
    cuttable ||= !expected.isAsync;
    if (found === undefined) return cuttable;
    if (isSameCaller(expected, found)) at++;
    else if (expected.isAsync) return false;
  }
  return true;
}

function isSameCaller(expected: CapturedFrame, found: CapturedFrame): boolean {
  if (expected.functionId !== found.functionId) return false;
  if (!expected.isAsync) return true;
  return expected.line === found.line && expected.promiseIndex === found.promiseIndex;
}
