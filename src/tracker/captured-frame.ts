/**
 * Stacks as evidence: each frame knows which function it belongs to and, for a scope, which hold it is.
 *
 * V8 appends to a stack the frames of the functions that await the running one, so a frame with `isAsync` is proof that
 * it waits for what is below it. Never wrongly so; its absence proves nothing.
 */
import { captureCallSites, fileOf, type CallSite } from '../classes/call-sites.js';
import type { StackFrame } from './stack-frame.js';
import { scopeFrames } from './scope-frame.js';

/** Frames that one capture looks at; more than any real call depth, less than what a runaway recursion would cost. */
export const MAX_CAPTURED_FRAMES = 200;

export interface CapturedFrame extends StackFrame {
  /** File, name and start of the function: equal for two frames of one function, whatever line they are at. */
  readonly functionId: string;
  /** For the frame of a scope: the hold whose callback it runs. */
  readonly scope: unknown;
  /** Index within Promise.all, allSettled or any, for such a frame; else -1. */
  readonly promiseIndex: number;
}

/** The stack above `below`, innermost first. */
export function captureFrames(below: (...args: never[]) => unknown): CapturedFrame[] {
  return captureCallSites(below, MAX_CAPTURED_FRAMES).map(toFrame);
}

/** Is the function on top of `stack` also at the bottom of its synchronous part, and so the one that the turn belongs to? */
export function isTurnsFunction(stack: readonly CapturedFrame[]): boolean {
  const [top, next] = withoutInternals(stack);
  return top !== undefined && !top.isAsync && (next === undefined || next.isAsync);
}

function withoutInternals(stack: readonly CapturedFrame[]): CapturedFrame[] {
  return stack.filter((frame) => !frame.file.startsWith('node:internal/'));
}

/** Frames to look at for the one question below: those of other hooks, a helper, and one that must not be there. */
const FEW_FRAMES = 8;

/**
 * From a hook that tells of a new promise: is it the await of the function at the bottom of the synchronous stack, to which
 * the turn belongs? Not the await of a function that this one called, and not its call of `then`.
 */
export function isTurnsAwait(hook: (...args: never[]) => unknown): boolean {
  const stack = withoutInternals(captureCallSites(hook, FEW_FRAMES).map(toFrame));
  // A frame of the language's own (`Promise.then`) has no line.
  return stack[0]?.line !== 0 && isTurnsFunction(stack);
}

function toFrame(site: CallSite): CapturedFrame {
  const file = fileOf(site);
  const functionName = site.getFunctionName() ?? '';
  const start = `${site.getEnclosingLineNumber?.() ?? ''}:${site.getEnclosingColumnNumber?.() ?? ''}`;
  return {
    functionName,
    file,
    line: site.getLineNumber() ?? 0,
    column: site.getColumnNumber() ?? 0,
    isAsync: site.isAsync(),
    functionId: `${file}|${functionName}|${start}`,
    scope: scopeFrames.holdOf(functionName),
    promiseIndex: site.getPromiseIndex() ?? -1,
  };
}
