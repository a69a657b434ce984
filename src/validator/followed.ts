/**
 * Is it known where every hold of a lock is? Only then can a flow be told for certain that it does not hold the lock.
 *
 * Not known: a hold that began before the last change of mode or level, since it may have been passed on unseen; one that
 * was taken while the validator was off, which has left nothing but a missing permit; and one that a function has
 * returned with, since who awaits that function may do so by a callback.
 *
 * Cost: a walk over the live holds at a change, and over the lock's own for an answer.
 */
import { HELD, type HeldNode, type TrackedLock } from '../tracker/held-node.js';

/** A lock, as far as its permits are concerned. */
interface Counted extends TrackedLock {
  readonly capacity: number;
  readonly value: number;
}

export class Followed {
  #hasChanged = false;
  readonly #older = new WeakSet<HeldNode>();

  /** Mode or level change, while these holds and waits are live. */
  changed(live: Iterable<HeldNode>): void {
    this.#hasChanged = true;
    for (const node of live) this.#older.add(node);
  }

  hasAllHolds(lock: Counted): boolean {
    let permits = lock.value;
    for (let node = lock.firstHold; node !== undefined; node = node.next) {
      if (node.state !== HELD) continue;
      if (node.asked.returnedBy > 0 || this.#older.has(node)) return false;
      permits += node.permits;
    }
    return !this.#hasChanged || permits === lock.capacity;
  }
}
