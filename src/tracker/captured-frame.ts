/**
 * Stacks as evidence: each frame knows which function it belongs to and, for a scope, which hold it is.
 *
 * V8 appends to a stack the frames of the functions that await the running one, so a frame with `isAsync` is proof that
 * it waits for what is below it. Never wrongly so; its absence proves nothing.
 */
import { captureCallSites, fileOf, type CallSite } from '../classes/call-sites.js';
import type { StackFrame } from './stack-frame.js';
import { isScopeFrame, scopeFrames } from './scope-frame.js';

/** Frames that one capture looks at; more than any real call depth, less than what a runaway recursion would cost. */
export const MAX_CAPTURED_FRAMES = 200;

export interface CapturedFrame extends StackFrame {
  /** File, name and start of the function: equal for two frames of one function, whatever line they are at. */
  readonly functionId: string;
  /** For the frame of a scope: the hold whose callback it runs, or a JointScope. */
  readonly scope: unknown;
  /** Index within Promise.all, allSettled or any, for such a frame; else -1. */
  readonly promiseIndex: number;
}

/** The stack above `below`, innermost first. */
export function captureFrames(
  below: (...args: never[]) => unknown,
  limit: number = MAX_CAPTURED_FRAMES,
): CapturedFrame[] {
  return captureCallSites(below, limit).map(toFrame);
}

/** Files whose places are remembered; code that is evaluated again and again may bring any number. */
const MAX_FILES = 10_000;
const places = new Map<string, Map<number, readonly CapturedFrame[]>>();

/** The one frame above `below`, the same object for the same place: many may be kept at once. */
export function capturePlace(below: (...args: never[]) => unknown): readonly CapturedFrame[] {
  const site = captureCallSites(below, 1)[0];
  if (site === undefined) return [];
  const file = fileOf(site);
  let inFile = places.get(file);
  if (inFile === undefined) {
    if (places.size === MAX_FILES) places.clear();
    places.set(file, (inFile = new Map()));
  }
  const position = (site.getLineNumber() ?? 0) * 2 ** 26 + (site.getColumnNumber() ?? 0);
  let frames = inFile.get(position);
  if (frames === undefined) {
    const frame = toFrame(site);
    frames = [frame];
    // All scopes run at one place, each in a function of its own.
    if (!isScopeFrame(frame.functionName)) inFile.set(position, frames);
  }
  return frames;
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
    promiseIndex: site.getPromiseIndex?.() ?? -1,
  };
}
