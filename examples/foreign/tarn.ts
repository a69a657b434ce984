/**
 * An adapter for tarn, the pool below knex: its resources are permits, and whoever awaits `acquire().promise` has one.
 * `followPool(new Pool(options), 'main database')`.
 *
 * Any function may give a resource back (`commit()` of an ORM does), so a release says nothing of who had it. In enforce a refused
 * request stays in tarn's queue, and what it is granted goes back at once.
 */
import { trackedLock, type ForeignAttempt } from 'lockdep';
import type { Pool } from 'tarn';

/** `name`: that of the class. `track`: `trackedLock`, or that of an isolated instance. */
export function followPool<T>(pool: Pool<T>, name: string, track: typeof trackedLock = trackedLock): Pool<T> {
  const lock = track({ class: name, kind: 'tarn pool', capacity: maxOf(pool), releasedBy: 'user' });
  const attempts = new Map<T, ForeignAttempt>();

  const { acquire, release } = pool;
  pool.acquire = function followedAcquire() {
    lock.capacity = maxOf(pool);
    if (!lock.isFollowed) return acquire.call(pool) as Pending<T>;
    const attempt = lock.wanted({ below: followedAcquire });
    const pending = acquire.call(pool) as Pending<T>;
    const granted = pending.promise.then((resource) => {
      attempts.set(resource, attempt);
      return resource;
    });
    const promise = attempt.carry(granted, (resource) => pool.release(resource));
    // The pool goes on with its own promise: whoever called gets the one that carries the hold.
    return Object.create(pending, { promise: { value: promise } }) as Pending<T>;
  };
  pool.release = function followedRelease(resource: T) {
    attempts.get(resource)?.released(followedRelease);
    attempts.delete(resource);
    return release.call(pool, resource);
  };
  return pool;
}

type Pending<T> = ReturnType<Pool<T>['acquire']>;

/** Read each time: programs raise it. */
function maxOf(pool: object): number {
  return (pool as { readonly max: number }).max;
}
