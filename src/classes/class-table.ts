/**
 * The classes of a process, shared by every copy of the package: how they are found, and how many there are.
 *
 * Invariant: a printed name is that of one class for as long as the class exists, disposed of or not; `size` is the number of
 * classes that were neither disposed of nor collected. At MAX_CLASSES no class is listed any more, and those who listen for
 * that are told: what is made from then on is checked no more than `validate: false` says, until others are disposed of.
 *
 * Cost: O(1), and an entry for the garbage collector for each class.
 */
import type { LockClass } from './lock-class.js';
import { sharedState } from './shared-state.js';

/** Classes that there may be at once: about 4 kB each with an order or two (the kernel's limit is half of it). */
export const MAX_CLASSES = 16_384;

/** `differing`: the options that were asked for and are not those of the class. `below`: the function that was called. */
type ConflictListener = (lockClass: LockClass, differing: readonly string[], below: () => void) => void;

/** What the table knows of one class, and does not keep it for. */
export interface Listing {
  /** As it was asked for, once it has a printed name. */
  name: string | undefined;
  isCounted: boolean;
}

interface ClassTable {
  nextId: number;
  size: number;
  /** Of each name that was asked for: classes that exist, and the last number that one was given. */
  readonly names: Map<string, { live: number; last: number }>;
  readonly named: Map<string, LockClass>;
  readonly bySite: Map<string, LockClass>;
  /** What stands for every class beyond the limit that is asked for by name or by place. */
  beyond: LockClass | undefined;
  readonly collected: FinalizationRegistry<Listing>;
  readonly disposeListeners: Set<(lockClass: LockClass) => void>;
  readonly sharingListeners: Set<(lockClass: LockClass) => void>;
  readonly conflictListeners: Set<ConflictListener>;
  readonly fullListeners: Set<() => void>;
}

export const table: ClassTable = sharedState('lockdep.classes.4', () => ({
  nextId: 1,
  size: 0,
  names: new Map(),
  named: new Map(),
  bySite: new Map(),
  beyond: undefined,
  collected: new FinalizationRegistry<Listing>(forget),
  disposeListeners: new Set(),
  sharingListeners: new Set(),
  conflictListeners: new Set(),
  fullListeners: new Set(),
}));

/** Is there no room for another class? Then those who want to know are told. */
export function isFull(): boolean {
  if (table.size < MAX_CLASSES) return false;
  for (const tell of table.fullListeners) tell();
  return true;
}

/** Counts a new class. */
export function enlist(lockClass: LockClass): Listing {
  const listing: Listing = { name: undefined, isCounted: true };
  table.size += 1;
  table.collected.register(lockClass, listing);
  return listing;
}

/** The class was disposed of: it makes room for another one, and keeps its name while it exists. */
export function delist(listing: Listing): void {
  if (!listing.isCounted) return;
  listing.isCounted = false;
  table.size -= 1;
}

/** The name to print for a class that was asked for as `name`. */
export function claimName(listing: Listing, name: string): string {
  listing.name = name;
  let taken = table.names.get(name);
  if (taken === undefined) table.names.set(name, (taken = { live: 0, last: 0 }));
  taken.live += 1;
  taken.last += 1;
  return taken.last === 1 ? name : `${name}#${taken.last}`;
}

/** The class does not exist any more. */
function forget(listing: Listing): void {
  delist(listing);
  const taken = listing.name === undefined ? undefined : table.names.get(listing.name);
  if (taken === undefined) return;
  taken.live -= 1;
  if (taken.live === 0) table.names.delete(listing.name as string);
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
