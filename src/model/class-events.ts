/** What becomes of classes, for those who want to know. Each `on...` returns how to stop listening. */
import { table as anyTable, type ClassListener, type ClassTable } from './class-table.js';
import type { LockClass } from './lock-class.js';
import { locksCounted } from './sole-lock.js';

const table = anyTable as ClassTable<LockClass>;

/** `differing`: the options that were asked for and are not those of the class. `below`: the function that was called. */
export type ConflictListener = (lockClass: LockClass, differing: readonly string[], below: () => void) => void;

/** @internal Called with every class that is disposed. Returns how to stop listening. */
export function onClassDisposed(listener: (lockClass: LockClass) => void): () => void {
  return listen({ disposed: listener });
}

/** @internal Called with every class whose only lock is not certain to be meant any more where the class is named. */
export function onClassShared(listener: (lockClass: LockClass) => void): () => void {
  return listen({ shared: listener, counted: (lockClass) => locksCounted(lockClass, listener) });
}

/** @internal Called when a class is asked for with other options than it has. Returns how to stop listening. */
export function onClassConflict(listener: ConflictListener): () => void {
  return listen({ conflict: listener });
}

/** @internal Called when a class is asked for and there are too many. Returns how to stop listening. */
export function onClassesFull(listener: () => void): () => void {
  return listen({ full: listener });
}

function listen(listener: ClassListener<LockClass>): () => void {
  table.listeners.add(listener);
  return () => table.listeners.delete(listener);
}

/** A lock has this class from now on. */
export function countLock(lockClass: LockClass): void {
  lockClass.locks += 1;
  for (const listener of table.listeners) listener.counted?.(lockClass);
}

/** @internal */
export function tellShared(lockClass: LockClass): void {
  for (const listener of table.listeners) listener.shared?.(lockClass);
}

/** @internal The class that `lockClass(name)` would find; it makes none. */
export function findClass(name: string): LockClass | undefined {
  return table.named.get(name);
}
