/**
 * Who releases the locks of a class: the function that took them, or somebody else?
 *
 * A function that holds a lock it took by a call seems to wait with it for whatever it awaits. But it may have given the
 * releaser away: a loop that acquires a permit and lets the job return it waits for no permit of its own. So what such a
 * hold teaches is certain only for a class whose locks have so far been released by those who held them; before that,
 * and for all other classes, it waits for the release.
 */
import type { LockClass } from '../classes/lock-class.js';

export class ReleaseHistory {
  readonly #byHolder = new Set<number>();
  readonly #bySomebodyElse = new Set<number>();

  note(lockClass: LockClass, byHolder: boolean): void {
    (byHolder ? this.#byHolder : this.#bySomebodyElse).add(lockClass.id);
  }

  /** Are the locks of this class known to be released by their holders, and by nobody else? */
  isTrusted(lockClass: LockClass): boolean {
    return this.#byHolder.has(lockClass.id) && !this.#bySomebodyElse.has(lockClass.id);
  }

  clear(): void {
    this.#byHolder.clear();
    this.#bySomebodyElse.clear();
  }
}
