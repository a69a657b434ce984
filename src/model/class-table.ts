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
import type { LockClassOptions } from './class-options.js';
import { sharedState } from '../platform/shared-state.js';

/** Classes that are kept to be found again, of about 500 bytes each. What is learned of them has a limit of its own. */
export const MAX_KEPT_CLASSES = 65_536;

/** `C`: the class of lock classes, which knows this table. */
export interface ClassTable<C> {
  nextId: number;
  kept: number;
  /** Of each name that was asked for: classes that exist, and the last number that one was given. */
  readonly names: Map<string, { live: number; last: number }>;
  readonly named: Map<string, C>;
  /** What stands for every class beyond the limit that is asked for by name or by place. */
  beyond: C | undefined;
  /** Throws where they are wrong. Before find-class.ts is loaded none come from a program. */
  checkedOptions: (options: LockClassOptions) => LockClassOptions;
  /** undefined where the runtime has no such thing: then numbers are given out for ever. */
  readonly collected: FinalizationRegistry<string> | undefined;
  /** Who wants to know what becomes of classes. */
  readonly listeners: Set<ClassListener<C>>;
}

export interface ClassListener<C> {
  /** A class is disposed of. */
  disposed?(lockClass: C): void;
  /** A lock has this class from now on. */
  counted?(lockClass: C): void;
  /** Its only lock is not certain to be meant any more where the class is named. */
  shared?(lockClass: C): void;
  /** A class is asked for with other options than it has, which are named. `below`: the function that was called. */
  conflict?(lockClass: C, differing: readonly string[], below: () => void): void;
  /** A class is asked for and there are too many. */
  full?(): void;
}

export const table: ClassTable<unknown> = sharedState('lockdep.classes.6', () => ({
  nextId: 1,
  kept: 0,
  names: new Map(),
  named: new Map(),
  beyond: undefined,
  checkedOptions: (options) => options,
  collected: typeof FinalizationRegistry === 'undefined' ? undefined : new FinalizationRegistry<string>(freeName),
  listeners: new Set(),
}));

/** Is there no room for another class that is to be found again? Then those who want to know are told. */
export function isFull(): boolean {
  if (table.kept < MAX_KEPT_CLASSES) return false;
  for (const listener of table.listeners) listener.full?.();
  return true;
}

/** The name to print for a class that was asked for as `name`. */
export function claimName(lockClass: object, name: string): string {
  const taken = table.names.get(name) ?? { live: 0, last: 0 };
  table.names.set(name, taken);
  taken.live += 1;
  taken.last += 1;
  table.collected?.register(lockClass, name);
  return taken.last === 1 ? name : `${name}#${taken.last}`;
}

/** A class that was asked for by that name does not exist any more. */
function freeName(name: string): void {
  const taken = table.names.get(name);
  if (taken === undefined) return;
  taken.live -= 1;
  if (taken.live === 0) table.names.delete(name);
}

/** @internal An id for a class that is known by its name only. */
export function reserveClassId(): number {
  return table.nextId++;
}
