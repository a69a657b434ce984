/**
 * Captured frames as printable lines, and the one position that stands for a stack.
 *
 * Invariant: lines and sites are plain text of bounded length, whatever files, sources and functions are called. None points
 * into this package, into the lock package it stands in for, or into Node's internals, unless the stack holds nothing else: a
 * stack that was captured never prints as empty.
 *
 * Cost: linear in the frames, at report time only; source maps are read for the frames that are printed.
 */
import { isAbsolute, relative, sep } from 'node:path';
import { ownDirectory } from './own-directory.js';
import { sharedState } from '../platform/shared-state.js';
import { plain } from '../platform/plain-text.js';
import type { StackFrame } from '../platform/stack-frame.js';
import { filePath } from '../platform/file-path.js';
import { originalFrame } from '../platform/source-map.js';

/** Lines printed of a stack. What is cut off is the far end, as V8 does. */
export const DEFAULT_STACK_DEPTH = 20;

/** Characters of a file or function name that are printed; of a longer one the middle is left out. */
export const MAX_NAME_LENGTH = 1024;

/** Build directories of every copy of this package in the process: each may be on the stack above the user. */
const ownDirectories: Set<string> = sharedState('lockdep.directories.1', () => new Set());
const own = ownDirectory();
if (own !== undefined) ownDirectories.add(own);

/** True for files of this package (of its build, as generated; not of its tests), and for code that it evaluated. */
export function isOwnFrame(file: string): boolean {
  if (ownDirectories.size === 0) return false;
  // Evaluated code has no file; its origin reads `eval at maker (file:///...)`, nested when an eval did that.
  const origin = /^eval at .*\(([^()]*?):\d+:\d+\)/s.exec(file)?.[1];
  const path = filePath(origin ?? file);
  for (const directory of ownDirectories) if (path.startsWith(directory)) return true;
  return false;
}

/** One line per frame, innermost first, without the leading `at `: `async name (src/file.ts:12:18)`. */
export function stackLines(frames: readonly StackFrame[], depth: number = DEFAULT_STACK_DEPTH): string[] {
  return printed(frames)
    .slice(0, Math.max(1, depth))
    .map((frame) => frameLine(originalFrame(frame)));
}

/** `file:line:column` of the innermost frame of the user's own code; '' when no frame has a position. */
export function siteOf(frames: readonly StackFrame[]): string {
  const kept = printed(frames).filter(hasPosition);
  // A listener or timer bound straight to a lock method is called by Node: whoever is below says more.
  const frame = kept.find(({ file }) => !file.startsWith('node:')) ?? kept[0];
  return frame === undefined ? '' : position(originalFrame(frame));
}

/** A single raw position, printed like a site. */
export function sitePosition(site: Pick<StackFrame, 'file' | 'line' | 'column'>): string {
  const { file, line, column } = site;
  return position(originalFrame({ functionName: '', file, line, column, isAsync: false }));
}

function printed(frames: readonly StackFrame[]): readonly StackFrame[] {
  const kept = frames.filter(({ file }) => !isHidden(file));
  return kept.length > 0 ? kept : frames.slice(0, 1);
}

function isHidden(file: string): boolean {
  return file.startsWith('node:internal/') || isOwnFrame(file) || isSubstitutedLock(file);
}

/** async-mutex under `lockdep/register` plays the part of this package: its wrappers call each other above the user's frame. */
function isSubstitutedLock(file: string): boolean {
  return /[\\/]node_modules[\\/]async-mutex[\\/]/.test(file);
}

function frameLine(frame: StackFrame): string {
  const prefix = frame.isAsync ? 'async ' : '';
  const where = hasPosition(frame) ? position(frame) : shownPath(frame.file) || '<anonymous>';
  return frame.functionName === '' ? prefix + where : `${prefix}${plain(shortened(frame.functionName))} (${where})`;
}

function hasPosition(frame: StackFrame): boolean {
  return frame.file !== '' && frame.line > 0;
}

function position(frame: StackFrame): string {
  return `${shownPath(frame.file)}:${frame.line}:${frame.column}`;
}

/** Relative to the working directory when below it, with `/` on every platform, so that reports compare across machines. */
export function shownPath(file: string): string {
  return plain(shortened(belowWorkingDirectory(filePath(file))));
}

function belowWorkingDirectory(path: string): string {
  if (!isAbsolute(path)) return path;
  const short = relative(workingDirectory() ?? path, path);
  const below = short !== '' && short !== '..' && !short.startsWith(`..${sep}`) && !isAbsolute(short);
  return below ? short.replaceAll(sep, '/') : path;
}

/** A data URL is a whole program in one name, and a `sourceURL` may be anything: both ends tell enough. */
function shortened(name: string): string {
  const half = MAX_NAME_LENGTH / 2;
  return name.length <= MAX_NAME_LENGTH ? name : `${name.slice(0, half)}...${name.slice(-half)}`;
}

function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined; // the directory has been removed
  }
}
