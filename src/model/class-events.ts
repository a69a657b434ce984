/** What becomes of classes, for those who want to know. Each `on...` returns how to stop listening. */
import { table as anyTable, type ClassTable } from './class-table.js';
import type { LockClass } from './lock-class.js';
import { locksCounted } from './sole-lock.js';

const table = anyTable as ClassTable<LockClass>;

/** `differing`: the options that were asked for and are not those of the class. `below`: the function that was called. */
export type ConflictListener = (lockClass: LockClass, differing: readonly string[], below: () => void) => void;

/** @internal Called with every class that is disposed. Returns how to stop listening. */
export function onClassDisposed(listener: (lockClass: LockClass) => void): () => void {
  return listen(table.disposeListeners, listener);
}

/** @internal Called with every class whose only lock is not certain to be meant any more where the class is named. */
export function onClassShared(listener: (lockClass: LockClass) => void): () => void {
  const unlisten = listen(table.sharingListeners, listener);
  const uncount = listen(table.countListeners, (lockClass: LockClass) => locksCounted(lockClass, listener));
  return () => {
    unlisten();
    uncount();
  };
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

/** A lock has this class from now on. */
export function countLock(lockClass: LockClass): void {
  lockClass.locks += 1;
  for (const listener of table.countListeners) listener(lockClass);
}

/** @internal */
export function tellShared(lockClass: LockClass): void {
  for (const listener of table.sharingListeners) listener(lockClass);
}

/** @internal The class that `lockClass(name)` would find; it makes none. */
export function findClass(name: string): LockClass | undefined {
  return table.named.get(name);
}
