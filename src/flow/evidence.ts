/**
 * Does the holder of an inherited lock wait for the code that runs now? Only then can that code's wait block it.
 *
 * A context tells who started us, not who waits for us: a detached child inherits every hold of its parent and blocks
 * nobody. V8's async stack lists only functions that really await. The frame of a scope on it is exact proof. For a lock
 * taken by a call there is only a likeness: the frame of the function that took it, with the same callers around it. Two
 * instances of one function look the same, so that makes no proof; it says what to suspect of a wait that may never
 * end. (The proof for such locks comes from the promise hooks: see Owner and Debt.)
 */
import type { CapturedFrame } from '../platform/captured-frame.js';
import { type Hold, HELD, isScope } from '../model/hold.js';
import { holdsOf } from '../platform/scope-frame.js';

/** Plain functions that may stand between `acquire` and the function that holds: `const take = () => lock.acquire()`. */
const MAX_PLAIN_HELPERS = 2;

/**
 * Does the function at the top of the stack run by itself, resumed or as the callback of a scope, and not as a call of
 * another one, which may not wait for what it has started?
 */
export function runsByItself(stack: readonly CapturedFrame[]): boolean {
  // Hidden by the runtime.
  if (stack.length === 0) return false;
  const caller = stack[callerOfTop(stack)];
  return caller === undefined || caller.isAsync || caller.scope !== undefined;
}

/** Index of the frame that called the top one. */
function callerOfTop(stack: readonly CapturedFrame[]): number {
  let at = 1;
  while (stack[at]?.file === 'node:assert') at += 1;
  // `assert.throws(() => lock.might())`: what that calls is a part of the function that asserts.
  return at === 1 ? 1 : at + 1;
}

/** Which of `candidates` are scopes whose function awaits what runs at the top of `stack`. */
export function provenByStack(stack: readonly CapturedFrame[], candidates: readonly Hold[]): Set<Hold> {
  const awaiting = new Set<unknown>();
  const caller = callerOfTop(stack);
  for (const [at, frame] of stack.entries()) {
    // Right below the top it is the scope's own callback that runs, and that is waited for.
    if (frame.isAsync || at === caller) for (const hold of holdsOf(frame.scope)) awaiting.add(hold);
  }
  return new Set(candidates.filter((hold) => hold.state === HELD && awaiting.has(hold)));
}

/**
 * Is it a function which took a lock at the top of `taken`, or was returned it there, that released it at the top of `released`,
 * and that made the attempt at the top of `wanted`, or called or awaited who did? By likeness; where no stack was captured, yes.
 */
export function looksLikeHolder(
  taken: readonly CapturedFrame[],
  wanted: readonly CapturedFrame[],
  released: readonly CapturedFrame[],
): boolean {
  if (taken.length === 0 || wanted.length === 0 || released.length === 0) return true;
  const isOn = (stack: readonly CapturedFrame[], { functionId }: CapturedFrame): boolean =>
    stack.some((frame) => frame.functionId === functionId);
  const holder = released.find((frame) => isOn(taken, frame));
  return holder !== undefined && isOn(wanted, holder);
}

/**
 * Is the function that took a lock at the top of `taken`, and that it was returned to by so many, among those that run or wait at
 * `stack`? By likeness; where no stack was captured, yes.
 */
export function isHolderOnStack(
  taken: readonly CapturedFrame[],
  returnedBy: number,
  stack: readonly CapturedFrame[],
): boolean {
  if (taken.length === 0 || stack.length === 0) return true;
  const holders = taken.slice(returnedBy, returnedBy + 1 + MAX_PLAIN_HELPERS);
  return stack.some(({ functionId }) => holders.some((holder) => holder.functionId === functionId));
}

/** Does `stack` run in the callback of one of `scopes`, or in what that awaits? */
export function isInScope(stack: readonly CapturedFrame[], scopes: readonly Hold[]): boolean {
  return stack.some(({ scope }) => scope !== undefined && scopes.some((hold) => hold === scope));
}

/**
 * Which of `candidates` (innermost first) look as if the function that took them awaits the top of `stack`. `call`: the stack
 * of the attempt; without it nobody looks so.
 */
export function likelyByStack(
  stack: readonly CapturedFrame[],
  candidates: readonly Hold[],
  call: readonly CapturedFrame[],
): Set<Hold> {
  const likely = new Set<Hold>();
  let searchFrom = 0;
  for (const hold of candidates) {
    if (hold.state !== HELD || isScope(hold.kind)) continue;
    const at = holderFrame(stack, hold, searchFrom, call);
    if (at === -1) continue;
    likely.add(hold);
    // One frame is one function instance: an outer hold of another instance must be found further out.
    searchFrom = at;
  }
  return likely;
}

/** Index of the frame of the function that took `hold`, or -1. */
function holderFrame(
  stack: readonly CapturedFrame[],
  hold: Hold,
  from: number,
  call: readonly CapturedFrame[],
): number {
  const { frames: taken, unsure, astray, returnedBy } = hold.asked;
  if (taken === undefined || call.length === 0 || unsure || astray) return -1;
  // The function that took it is the one that runs: whether it gave the lock away nobody can see.
  const self = taken[returnedBy]?.functionId;
  if (stack.some((frame) => !frame.isAsync && frame.functionId === self)) return -1;
  const last = Math.min(taken.length, returnedBy + 1 + MAX_PLAIN_HELPERS);
  for (let first = returnedBy; first < last; first++) {
    const holder = taken[first] as CapturedFrame;
    const isOwn = isSamePath(taken, call, first);
    let own = isOwn;
    for (let at = from; at < stack.length; at++) {
      const frame = stack[at] as CapturedFrame;
      if (frame.functionId !== holder.functionId) continue;
      if (!frame.isAsync) continue;
      // The instance that makes the attempt. It knows what it has done with what it took in the same way before.
      if (own) {
        own = false;
        continue;
      }
      if (sameCallers(stack, at + 1, taken, first + 1)) return at;
    }
    // The function that took it has been resumed since and makes the attempt: its callers got nothing from it.
    if (isOwn && call[first + 1]?.isAsync !== false && sameCallers(call, first + 1, taken, first + 1)) return -1;
    // A plain helper that called acquire for its caller is never seen waiting; its caller may be.
    if (holder.isAsync) return -1;
  }
  return -1;
}

/** Are the same functions between the lock and `taken[last]` as in `call`? */
function isSamePath(taken: readonly CapturedFrame[], call: readonly CapturedFrame[], last: number): boolean {
  for (let i = 0; i <= last; i++) if (taken[i]?.functionId !== call[i]?.functionId) return false;
  return true;
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
  // Slots of scopes are used again: only the hold tells them apart.
  if (expected.scope !== found.scope || expected.functionId !== found.functionId) return false;
  if (!expected.isAsync) return true;
  return expected.line === found.line && expected.promiseIndex === found.promiseIndex;
}
