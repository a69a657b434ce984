/**
 * Classes of which there is one lock: holding the class is then holding that very lock.
 *
 * A lock is acquired as its own class, or as a subclass of it. So the name of a class stands for one lock only if the
 * class and those that it is a subclass of have one lock between them. Locks are counted for ever: a class that once had
 * two is never sole again.
 *
 * Cost: at the construction of a lock, a walk over the classes around its own, for the first two locks of a class only.
 */
import { type LockClass } from './lock-class.js';

/** A lock of this class has been counted. Tells of each class that is shared by that. */
export function locksCounted(lockClass: LockClass, tellShared: (shared: LockClass) => void): void {
  const { locks } = lockClass;
  if (locks > 2) return;
  let shared = locks > 1;
  for (let above = lockClass.base; above !== undefined; above = above.base) {
    if (above.locks === 0) continue;
    shared = true;
    tellShared(above);
  }
  if (shared) tellShared(lockClass);
  for (const below of descendants(lockClass)) if (below.locks > 0) tellShared(below);
}

function* descendants(lockClass: LockClass): Generator<LockClass, void, undefined> {
  for (const subclass of lockClass.subclasses?.values() ?? []) {
    yield subclass;
    yield* descendants(subclass);
  }
}

/** The class whose only lock is meant by `lockClass`: itself, or one that it is a subclass of. */
export function soleLockOf(lockClass: LockClass): LockClass | undefined {
  let sole: LockClass | undefined;
  for (let at: LockClass | undefined = lockClass; at !== undefined; at = at.base) {
    if (at.locks === 0) continue;
    if (sole !== undefined || at.locks > 1) return undefined;
    sole = at;
  }
  return sole;
}
