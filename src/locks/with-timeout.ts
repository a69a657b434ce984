/**
 * async-mutex's decorators: the same lock with an upper bound on every wait.
 *
 * For a lock of ours the wait itself is bounded, so the validator knows that it is over. Any other lock is decorated from
 * outside, and so is one whose method was replaced, by a subclass or a spy: it is what counts, as in async-mutex.
 */
import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import { E_ALREADY_LOCKED, E_TIMEOUT } from './async-mutex-errors.js';
import { programTimers } from '../platform/clock.js';
import { acquire, runHolding, waitForUnlock } from './acquiring.js';
import { boundFromOutside, type Decorated } from './foreign-timeout.js';
import type { Ticket } from './run-acquired.js';
import { runnable } from './options/checks.js';
import { mutexRequest, plainRequest, semaphoreRequest } from './options/acquire-options.js';
import type { Grant, Milliseconds, PermitRequest, TimeLimit } from './observed.js';
import { Mutex } from './mutex.js';
import type { PermitCore } from './permit-core.js';
import { grantReleaser, type DisposableReleaser } from './releasing.js';
import { grantPair, Semaphore } from './semaphore.js';
import { CORE } from './symbols.js';

/**
 * Returns the same lock with every wait bounded to `timeout` milliseconds, after which it rejects with `timeoutError` (E_TIMEOUT
 * unless it is given). A plain object, as in async-mutex, and a timeout that no timer can keep, or none, is 1 ms.
 *
 * A wait that timed out keeps its place in the queue, and later takes the lock for a moment, as in async-mutex; the option
 * `timeout` of `acquire()` gives up the place at once.
 *
 * @example
 * ```ts
 * const mutex = withTimeout(new Mutex(), 500);
 * await mutex.runExclusive(async () => 'within half a second').catch((error: unknown) => {
 *   if (error !== E_TIMEOUT) throw error;
 * });
 * ```
 */
export function withTimeout(sync: MutexInterface, timeout: Milliseconds, timeoutError?: Error): MutexInterface;
/** The same of a semaphore. */
export function withTimeout(sync: SemaphoreInterface, timeout: Milliseconds, timeoutError?: Error): SemaphoreInterface;
export function withTimeout(
  sync: MutexInterface | SemaphoreInterface,
  timeout: Milliseconds = 1,
  timeoutError: Error = E_TIMEOUT,
): MutexInterface | SemaphoreInterface {
  const isOurs = sync instanceof Mutex || sync instanceof Semaphore;
  // An object in the place of a lock may have our prototype and nothing else.
  const core = isOurs ? (sync[CORE] as PermitCore | undefined) : undefined;
  const bound = { timeout, error: timeoutError, clock: core?.world.clock ?? programTimers };
  const outside = boundFromOutside(sync, bound);
  return (isOurs ? boundFromInside(sync, bound, outside) : outside) as unknown as SemaphoreInterface;
}

/**
 * Returns the same lock, which rejects with `alreadyAcquiredError` (E_ALREADY_LOCKED unless it is given) what can not be had in this
 * turn, instead of waiting. A plain object, as in async-mutex. The method `tryAcquire()` of a lock needs no turn, and no error.
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * await tryAcquire(mutex)
 *   .runExclusive(async () => 'nobody else was here')
 *   .catch((error: unknown) => {
 *     if (error !== E_ALREADY_LOCKED) throw error;
 *   });
 * ```
 */
export function tryAcquire(sync: MutexInterface, alreadyAcquiredError?: Error): MutexInterface;
/** The same of a semaphore. */
export function tryAcquire(sync: SemaphoreInterface, alreadyAcquiredError?: Error): SemaphoreInterface;
export function tryAcquire(
  sync: MutexInterface | SemaphoreInterface,
  alreadyAcquiredError: Error = E_ALREADY_LOCKED,
): MutexInterface | SemaphoreInterface {
  return withTimeout(sync as MutexInterface, 0, alreadyAcquiredError);
}

/** The ways of a lock, taken at load: a spy may be put in their place. */
const OF_MUTEX = waysOf(Mutex.prototype, mutexRequest, grantReleaser);
const OF_SEMAPHORE = waysOf(Semaphore.prototype, semaphoreRequest, grantPair);

function waysOf(
  { acquire, release, waitForUnlock }: Mutex | Semaphore,
  requestOf: (first: unknown, second: unknown) => PermitRequest,
  grant: Grant<DisposableReleaser> | Grant<Ticket>,
) {
  return { acquire, release, waitForUnlock, requestOf, grant: grant as Grant<Ticket> };
}

function boundFromInside(sync: Mutex | Semaphore, limit: TimeLimit, outside: Decorated): Decorated {
  const core = sync[CORE];
  const weighted = sync instanceof Semaphore;
  const ways = weighted ? OF_SEMAPHORE : OF_MUTEX;
  const isOwn = (method: 'acquire' | 'release' | 'waitForUnlock'): boolean => sync[method] === ways[method];
  const bounded = (wanted: PermitRequest): PermitRequest => ({
    ...wanted,
    limit,
    // A bound of nothing makes a try, and nothing leads into it.
    isTry: wanted.isTry || !(limit.timeout > 0),
  });
  const decorated: Decorated = {
    ...outside,
    acquire: function bound(first, second): Promise<Ticket> {
      if (!isOwn('acquire')) return outside.acquire(first, second);
      return acquire(core, bounded(ways.requestOf(first, second)), ways.grant, bound);
    },
    async runExclusive(callback, first, second): Promise<unknown> {
      const ownReleases = !weighted || isOwn('release');
      if (this.acquire !== own.acquire || !isOwn('acquire') || !ownReleases) {
        return await outside.runExclusive.call(this, callback, first, second);
      }
      const wanted = bounded(ways.requestOf(first, second));
      return await runHolding(core, wanted, runnable(callback), weighted, own.runExclusive);
    },
    waitForUnlock: function bound(first, second): Promise<void> {
      if (!isOwn('waitForUnlock')) return outside.waitForUnlock(first, second);
      const wanted = weighted ? plainRequest(first, second) : plainRequest(1, first);
      return waitForUnlock(core, bounded(wanted), bound);
    },
  };
  const own = { ...decorated };
  return decorated;
}
