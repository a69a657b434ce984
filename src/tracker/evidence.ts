/**
 * Does the holder of an inherited lock wait for the code that runs now? Only then can that code's wait block it.
 *
 * A context tells who started us, not who waits for us: a detached child inherits every hold of its parent and blocks
 * nobody. Proof comes from the async stack (V8 lists only functions that really await), in two forms: the frame of the
 * scope itself, or, for a lock taken by a call, the frame of the very function that took it with the same callers
 * around it. "Not proven" means unknown, never "no".
 */
import type { CapturedFrame } from './captured-frame.js';
import { type HeldNode, HELD } from './held-node.js';

/** Which of `candidates` (innermost first) are held by functions that await what runs at the top of `stack`. */
export function provenByStack(stack: readonly CapturedFrame[], candidates: readonly HeldNode[]): Set<HeldNode> {
  const proven = new Set<HeldNode>();
  let searchFrom = 0;
  for (const hold of candidates) {
    if (hold.state !== HELD) continue;
    if (hold.kind === 'scope') {
      if (stack.some((frame) => frame.isAsync && frame.scope === hold)) proven.add(hold);
      continue;
    }
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
  for (let first = returnedBy; first < taken.length; first++) {
    const holder = taken[first] as CapturedFrame;
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
