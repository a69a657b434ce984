/**
 * Who releases the locks of a class: the function that took them, or somebody else?
 *
 * A function that holds a lock it took by a call seems to wait with it for whatever it awaits. But it may have given the
 * releaser away: a loop that acquires a permit and lets the job return it waits for no permit of its own. So what such a
 * hold teaches waits for the release. Where that may never come, this history tells what is worth a suspicion; certain it
 * is not, since a class may be passed on now and then. Trusted is one of which a hold that was waited with has been released
 * by its holder, and none by somebody else. A hold that was released before its holder wanted anything says nothing: the
 * same loop gives a permit back itself when there is no job.
 */
import type { LockClass } from '../model/lock-class.js';
import type { Hold } from '../model/hold.js';
import type { Debts } from './debts.js';

export class ReleaseHistory {
  readonly #byHolder = new Set<number>();
  readonly #bySomebodyElse = new Set<number>();

  /** `hold` is about to be released. */
  note(hold: Hold, byHolder: boolean): void {
    if (!byHolder) this.#bySomebodyElse.add(hold.lockClass.id);
    else if ((hold.asked.debts as Debts | undefined)?.hasProof === true) this.#byHolder.add(hold.lockClass.id);
  }

  /** Are the locks of this class known to be released by their holders, and by nobody else? */
  isTrusted(lockClass: LockClass): boolean {
    return this.#byHolder.has(lockClass.id) && !this.#bySomebodyElse.has(lockClass.id);
  }

  /** Are locks of this class released by others than their holders, now and then? */
  isHandedOn(lockClass: LockClass): boolean {
    return this.#bySomebodyElse.has(lockClass.id);
  }

  forget(lockClass: LockClass): void {
    this.#byHolder.delete(lockClass.id);
    this.#bySomebodyElse.delete(lockClass.id);
  }

  clear(): void {
    this.#byHolder.clear();
    this.#bySomebodyElse.clear();
  }
}
