/**
 * Releasers and guards that were collected while the lock was held: nobody can call them any more.
 *
 * A program may drop both and call `release()` of the lock itself: so nothing is told of classes whose locks were ever released so. Besides, a
 * releaser is looked at only where the function that got it has ended as well, which promise hooks show (the tracker's Owner is collected then).
 *
 * It is told at once where somebody waits for the lock, where the function has thrown, and where the lock was granted to a task that
 * had ended; a guard of one of several permits, too. Else the lock may be one that nobody wants any more: it is told when somebody
 * has to wait for it.
 *
 * States of a watched handle: held -> released (nothing is told, and the registry keeps no hold), or held -> collected, its function goes
 * on -> collected, and told or kept for who waits. Invariant: each hold is told once. Cost: half a microsecond for each that is watched. A
 * caller must watch few: what is lost at one place is mostly lost there again (acquisitions.ts has which).
 */
import { isHandle } from '../locks/releasing.js';
import type { Grant, ObservedPermits } from '../locks/observed.js';
import { HELD, WAITING, type Hold, type TrackedLock, type WatchedHandle } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import type { ObserverHost } from './observer/host.js';
import { lostHandle } from './rules/lost-handle.js';

export class LostHandles {
  readonly #rt: ObserverHost;
  readonly #registry: FinalizationRegistry<WatchedHandle> | undefined;
  /** Classes of locks that were released by a call of `release()` on the lock. */
  readonly #released = new WeakSet<LockClass>();
  /** Locks with a hold that nobody can give back, whose next waiter is to be told. */
  readonly #lost = new WeakMap<TrackedLock, WatchedHandle>();
  #isAnyLost = false;

  constructor(runtime: ObserverHost) {
    this.#rt = runtime;
    if (typeof FinalizationRegistry === 'undefined') return;
    this.#registry = new FinalizationRegistry((watch) => {
      this.#collected(watch);
    });
  }

  /** As `grant`, of a handle that is watched from then on. */
  watching<T>(hold: Hold, grant: Grant<T>): Grant<T> {
    const registry = this.#registry;
    if (registry === undefined) return grant;
    const watched: WatchedHandle = { hold, isGuard: false, owner: undefined, threw: false };
    hold.ask().handle = watched;
    return (lock, weight, previous, granted) => {
      const given = grant(lock, weight, previous, granted);
      // A semaphore's releaser comes with its value.
      const handle: unknown = Array.isArray(given) ? given[1] : given;
      watched.isGuard = typeof handle !== 'function';
      if (isHandle(handle)) registry.register(handle, watched);
      return given;
    };
  }

  /** `release()` of the lock itself is called. */
  releasedByLock(lock: ObservedPermits): void {
    this.#released.add(lock.lockClass);
  }

  /** Somebody has to wait. */
  waitBegins({ lock }: Hold): void {
    const watch = this.#isAnyLost ? this.#lost.get(lock) : undefined;
    if (watch === undefined) return;
    this.#lost.delete(lock);
    const { hold } = watch;
    if (hold?.state === HELD && this.#isLost(hold, watch)) this.#tell(hold, watch);
  }

  #collected(watch: WatchedHandle): void {
    const { hold } = watch;
    if (hold?.state !== HELD || hold.asked.leakTold || this.#rt.off || !this.#isLost(hold, watch)) return;
    if (isGuardOfPermit(hold, watch) || watch.threw || isLate(hold) || isAwaited(hold.lock)) this.#tell(hold, watch);
    else {
      this.#lost.set(hold.lock, watch);
      this.#isAnyLost = true;
    }
  }

  /** May nobody release it any more, as far as is known? Else it is looked at again when the function that has it has gone. */
  #isLost(hold: Hold, watch: WatchedHandle): boolean {
    // The handle of before a downgrade, or of a lock that is another class's by now, says nothing.
    if (hold.asked.downgraded > 0 || this.#released.has(hold.lock.lockClass)) return false;
    // Nobody got anything from a function that has thrown.
    if (watch.isGuard || watch.threw) return true;
    if (!this.#rt.validator.tracker.followsCalls) return false;
    const owner = watch.owner?.deref();
    if (owner === undefined || owner.hasReturned) return true;
    this.#registry?.register(owner, watch);
    return false;
  }

  #tell(hold: Hold, { isGuard, threw }: WatchedHandle): void {
    hold.ask().leakTold = true;
    this.#rt.report(lostHandle(hold, { isGuard, threw, isLate: isLate(hold) }));
  }
}

function isGuardOfPermit(hold: Hold, { isGuard }: WatchedHandle): boolean {
  return isGuard && hold.lock.capacity > 1;
}

/** Was it granted to a task that had ended? */
function isLate({ task, changed, hasQueued }: Hold): boolean {
  return hasQueued && task?.endedAt !== undefined && changed > task.endedAt;
}

function isAwaited(lock: TrackedLock): boolean {
  for (let node = lock.firstHold; node !== undefined; node = node.next) if (node.state === WAITING) return true;
  return false;
}
