/**
 * Stacks as evidence: each frame knows which function it belongs to and, for a scope, which hold it is.
 *
 * V8 appends to a stack the frames of the functions that await the running one, so a frame with `isAsync` is proof that
 * it waits for what is below it. Never wrongly so; its absence proves nothing.
 */
import type { Below } from './below.js';
import { captureCallSites, fileOf, type CallSite } from './call-sites.js';
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
export function captureFrames(below: Below, limit: number = MAX_CAPTURED_FRAMES): CapturedFrame[] {
  return captureCallSites(below, limit).map(sharedFrame);
}

/** For what is kept: the frame of a scope knows the hold, and by it the lock, which may be gone long since. */
export function withoutScopes(frames: readonly CapturedFrame[]): readonly CapturedFrame[] {
  const isScope = ({ functionName }: CapturedFrame): boolean => isScopeFrame(functionName);
  return frames.some(isScope) ? frames.filter((frame) => !isScope(frame)) : frames;
}

/** Places whose frames are remembered, about 8 MB; code that is evaluated again and again may bring any number of them. */
export const MAX_PLACES = 20_000;
/** By file, then by position: the one frame of a place as a stack of its own. */
const places = new Map<string, Map<number, readonly [CapturedFrame]>>();
let placeCount = 0;

/** The one frame above `below`, the same object for the same place: many may be kept at once. */
export function capturePlace(below: Below): readonly CapturedFrame[] {
  const site = captureCallSites(below, 1)[0];
  if (site === undefined) return [];
  return places.get(fileOf(site))?.get(positionOf(site)) ?? remember(toFrame(site), positionOf(site));
}

/** The same object for the same place here too: it is stacks that most of the memory of what is learned goes to. */
function sharedFrame(site: CallSite): CapturedFrame {
  const frame = toFrame(site);
  const position = positionOf(site);
  const known = places.get(frame.file)?.get(position)?.[0];
  return known?.functionId === frame.functionId ? known : remember(frame, position)[0];
}

function positionOf(site: CallSite): number {
  return ((site.getLineNumber() ?? 0) * 2 ** 26 + (site.getColumnNumber() ?? 0)) * 2 + (site.isAsync() ? 1 : 0);
}

function remember(frame: CapturedFrame, position: number): readonly [CapturedFrame] {
  const stack = [frame] as const;
  // All scopes run at one place, each in a function of its own; and a combinator awaits each of its elements there.
  if (isScopeFrame(frame.functionName) || frame.promiseIndex !== -1) return stack;
  if (placeCount >= MAX_PLACES) {
    places.clear();
    placeCount = 0;
  }
  let inFile = places.get(frame.file);
  if (inFile === undefined) places.set(frame.file, (inFile = new Map()));
  if (!inFile.has(position)) placeCount += 1;
  inFile.set(position, stack);
  return stack;
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
