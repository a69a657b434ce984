/**
 * What has been followed without a gap, since the last change of mode or level.
 *
 * While nothing or less was followed, a lock may have been taken unseen, a hold may have been passed on unseen, and the
 * functions that were suspended then receive nothing later. So after a change the tracker knows where a hold is *not*
 * only for holds that began since, and only in tasks that began since.
 *
 * Cost: a walk over the live holds at a change; nothing else.
 */
import { HELD, type HeldNode, type TrackedLock } from '../tracker/held-node.js';
import type { Task } from '../tracker/task.js';

/** A lock, as far as its permits are concerned. */
interface Counted extends TrackedLock {
  readonly capacity: number;
  readonly value: number;
}

export class Followed {
  /** Begun since the last change; undefined: there has been none. */
  #tasks: WeakSet<Task> | undefined;
  #older = new WeakSet<HeldNode>();

  changed(live: Iterable<HeldNode>): void {
    this.#tasks = new WeakSet();
    for (const node of live) this.#older.add(node);
  }

  began(task: Task): void {
    this.#tasks?.add(task);
  }

  /** Does a flow in `task` see every hold that it has? */
  isWhole(task: Task | undefined): boolean {
    return this.#tasks === undefined || (task !== undefined && this.#tasks.has(task));
  }

  /** Is every permit of the lock with a hold that was followed from its start? */
  hasAllHolds(lock: Counted): boolean {
    if (this.#tasks === undefined) return true;
    let permits = lock.value;
    for (let node = lock.firstHold; node !== undefined; node = node.next) {
      if (this.#older.has(node)) return false;
      if (node.state === HELD) permits += node.permits;
    }
    return permits === lock.capacity;
  }
}
