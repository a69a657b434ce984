/**
 * What was looked at, as data: the folded await tree in positions of the author's files. The text of the command is made of it.
 *
 * Invariant: JSON-safe, and all text in it is plain. Fields may be added without a change of the version.
 * Cost: source maps are read for each script with a suspended function; the rest is linear.
 */
import { plain } from '../platform/plain-text.js';
import { filePath } from '../platform/file-path.js';
import { originalFrame } from '../platform/source-map.js';
import { shownPath } from '../report/stack-text.js';
import { foldAwaits, type StackNode, type TreeFunction } from './await-tree.js';
import type { Awaiting } from './awaits.js';
import type { LockWait } from './diagnosis.js';
import { isHiddenFile, isNodeFile } from './hidden-files.js';
import type { Look } from './look.js';
import type { AwaitPosition } from './positions.js';

export const STACKS_VERSION = 1;

/** A suspended function. */
export interface StackFrame {
  readonly function: string;
  /** Below the working directory relative to it; of a package what follows node_modules. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Is the position that of the `await`? Else the function begins there. */
  readonly isAwait: boolean;
}

export interface StackOf extends StackFrame {
  /** How many of them there are: at the start, or awaiting the one before. */
  readonly count: number;
  readonly awaitedBy: readonly StackOf[];
  readonly isCut?: true;
}

/** Stacks that are equal. */
export interface StacksGroup {
  readonly count: number;
  readonly waitsFor: string;
  readonly stack: StackOf;
  /** Stacks of the same functions as in this group, and as in those right before it, whose positions were not all read. */
  readonly unread: number;
}

export interface StacksData {
  readonly version: typeof STACKS_VERSION;
  readonly suspended: number;
  readonly groups: readonly StacksGroup[];
  readonly circles: readonly { readonly functions: readonly StackFrame[]; readonly waiting: number }[];
  /** Generators that no promise waits for. */
  readonly untied: readonly (StackFrame & { readonly count: number })[];
  /** Stacks of nothing but functions of Node and of this package. */
  readonly hidden: number;
  /** Functions whose position was asked for: that of no other is in here. */
  readonly positionsRead: number;
  /** Shown functions whose position is not known. */
  readonly positionsUnread: number;
  /** Was the time for reading over before all was read that was to be? */
  readonly isCut: boolean;
  /** False: who awaits whom could not be told. */
  readonly hasTies: boolean;
  readonly process?: Look['process'];
}

export function stacksData(look: Look): StacksData {
  const { functions, positions, waits, hasTies, process } = look;
  const raw = functions.map((each, index) => placeOf(each, positions.at.get(index)));
  const frames = raw.map(shownFrame);
  const shown = functions.map((each, index) => treeFunction(each, raw[index] as Place, waits));
  const tree = foldAwaits(shown);
  const frame = (index: number): StackFrame => frames[index] as StackFrame;
  const stackOf = ({ example, count, awaitedBy, isCut }: StackNode): StackOf => ({
    ...frame(example),
    count,
    awaitedBy: awaitedBy.map(stackOf),
    ...(isCut === true ? { isCut } : {}),
  });
  return {
    version: STACKS_VERSION,
    suspended: functions.length,
    groups: tree.groups.map((group) => ({ ...group, stack: stackOf(group.stack) })),
    circles: tree.circles.map(({ functions: of, waiting }) => ({ functions: of.map(frame), waiting })),
    untied: counted(tree.untied.map(frame)),
    hidden: tree.hidden,
    positionsRead: positions.read,
    positionsUnread: shown.filter(({ isHidden, isTied, isRead }) => !isHidden && isTied && !isRead).length,
    isCut: positions.isCut,
    hasTies,
    ...(process === undefined ? {} : { process }),
  };
}

/** A function at its original position, its file in full. */
type Place = StackFrame;

function placeOf({ name, file, line, column, kind }: Awaiting, position: AwaitPosition | undefined): Place {
  const isModule = name === '' && kind === 'async' && line === 1 && column === 1;
  const functionName = isModule ? '<module>' : name || '<anonymous>';
  const at = originalFrame({ functionName, file, isAsync: true, ...(position ?? { line, column }) });
  return { function: functionName, file: at.file, line: at.line, column: at.column, isAwait: position !== undefined };
}

function shownFrame(place: Place): StackFrame {
  const inPackages = place.file.lastIndexOf('node_modules');
  const file =
    inPackages < 0 ? shownPath(place.file) : shownPath(place.file.slice(inPackages + 'node_modules/'.length));
  return { ...place, function: plain(place.function), file };
}

function treeFunction(each: Awaiting, place: Place, waits: readonly LockWait[]): TreeFunction {
  const isNode = isNodeFile(each.file);
  const isHidden = isHiddenFile(each.file);
  const { function: name, line, column, isAwait } = shownFrame(place);
  return {
    label: isNode
      ? `${name} of ${plain(each.file)}`
      : isHidden
        ? ''
        : `${name} ${place.file}:${line}:${column}:${isAwait}`,
    functionLabel: `${name} ${each.file}:${each.line}:${each.column}`,
    isRead: isAwait,
    isHidden,
    isTied: each.kind !== 'generator',
    waitsFor: plain(each.holder?.name ?? ''),
    lock: isAwait ? lockAt(place, waits) : '',
    awaiters: each.awaiters,
    awaited: each.awaited,
  };
}

/** The call of the lock stands behind its `await`, on the same line. Of several the nearest is meant. */
function lockAt({ file, line, column }: Place, waits: readonly LockWait[]): string {
  const onLine = waits.filter((wait) => wait.line === line && wait.column >= column && wait.file === filePath(file));
  const nearest = Math.min(...onLine.map((wait) => wait.column));
  const texts = new Set(onLine.filter((wait) => wait.column === nearest).map(({ text }) => text));
  return [...texts].slice(0, 2).join('; or ');
}

function counted(frames: readonly StackFrame[]): (StackFrame & { readonly count: number })[] {
  const found = new Map<string, StackFrame & { count: number }>();
  for (const frame of frames) {
    const key = JSON.stringify(frame);
    const equal = found.get(key);
    if (equal === undefined) found.set(key, { ...frame, count: 1 });
    else equal.count += 1;
  }
  return [...found.values()].sort((one, other) => other.count - one.count);
}
