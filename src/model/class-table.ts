/**
 * The classes of a process, shared by every copy of the package: how they are found, and how they are told from each other.
 *
 * Invariant: a printed name is that of one class for as long as the class exists, disposed of or not. What is found again by
 * its name, its place or its level is kept for the life of the process, or until it is disposed of; `kept` counts it. At
 * MAX_KEPT_CLASSES one class stands for all others that are asked for, and those who listen for that are told. A class that
 * the program made for itself is the program's to keep.
 *
 * Cost: O(1), and an entry for the garbage collector for each name.
 */
import type { LockClass } from './lock-class.js';
import { sharedState } from '../platform/shared-state.js';

/** Classes that are kept to be found again, of about 500 bytes each. What is learned of them has a limit of its own. */
export const MAX_KEPT_CLASSES = 65_536;

/** `differing`: the options that were asked for and are not those of the class. `below`: the function that was called. */
type ConflictListener = (lockClass: LockClass, differing: readonly string[], below: () => void) => void;

interface ClassTable {
  nextId: number;
  kept: number;
  /** Of each name that was asked for: classes that exist, and the last number that one was given. */
  readonly names: Map<string, { live: number; last: number }>;
  readonly named: Map<string, LockClass>;
  readonly bySite: Map<string, LockClass>;
  /** What stands for every class beyond the limit that is asked for by name or by place. */
  beyond: LockClass | undefined;
  readonly collected: FinalizationRegistry<string>;
  readonly disposeListeners: Set<(lockClass: LockClass) => void>;
  readonly sharingListeners: Set<(lockClass: LockClass) => void>;
  readonly conflictListeners: Set<ConflictListener>;
  readonly fullListeners: Set<() => void>;
}

export const table: ClassTable = sharedState('lockdep.classes.4', () => ({
  nextId: 1,
  kept: 0,
  names: new Map(),
  named: new Map(),
  bySite: new Map(),
  beyond: undefined,
  collected: new FinalizationRegistry<string>(freeName),
  disposeListeners: new Set(),
  sharingListeners: new Set(),
  conflictListeners: new Set(),
  fullListeners: new Set(),
}));

/** Is there no room for another class that is to be found again? Then those who want to know are told. */
export function isFull(): boolean {
  if (table.kept < MAX_KEPT_CLASSES) return false;
  for (const tell of table.fullListeners) tell();
  return true;
}

/** The name to print for a class that was asked for as `name`. */
export function claimName(lockClass: LockClass, name: string): string {
  let taken = table.names.get(name);
  if (taken === undefined) table.names.set(name, (taken = { live: 0, last: 0 }));
  taken.live += 1;
  taken.last += 1;
  table.collected.register(lockClass, name);
  return taken.last === 1 ? name : `${name}#${taken.last}`;
}

/** A class that was asked for by that name does not exist any more. */
function freeName(name: string): void {
  const taken = table.names.get(name);
  if (taken === undefined) return;
  taken.live -= 1;
  if (taken.live === 0) table.names.delete(name);
}

/** @internal Called with every class that is disposed. Returns how to stop listening. */
export function onClassDisposed(listener: (lockClass: LockClass) => void): () => void {
  return listen(table.disposeListeners, listener);
}

/** @internal Called with every class whose only lock is not certain to be meant any more where the class is named. */
export function onClassShared(listener: (lockClass: LockClass) => void): () => void {
  return listen(table.sharingListeners, listener);
}

/** @internal Called when a class is asked for with other options than it has. Returns how to stop listening. */
export function onClassConflict(listener: ConflictListener): () => void {
  return listen(table.conflictListeners, listener);
}

/** @internal Called when a class is asked for and there are too many. Returns how to stop listening. */
export function onClassesFull(listener: () => void): () => void {
  return listen(table.fullListeners, listener);
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** @internal */
export function tellShared(lockClass: LockClass): void {
  for (const listener of table.sharingListeners) listener(lockClass);
}

/** @internal The class that `lockClass(name)` would find; it makes none. */
export function findClass(name: string): LockClass | undefined {
  return table.named.get(name);
}

/** @internal An id for a class that is known by its name only. */
export function reserveClassId(): number {
  return table.nextId++;
}
