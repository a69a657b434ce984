/**
 * async-mutex's decorators: the same lock with an upper bound on every wait.
 *
 * For a lock of ours the wait itself is bounded, so one that times out leaves the queue at once; async-mutex leaves it
 * queued and lets it take the lock for a moment later. Any other lock is decorated from outside.
 */
import { E_ALREADY_LOCKED, E_TIMEOUT, type MutexInterface, type SemaphoreInterface } from 'async-mutex';
import { describe } from '../classes/lock-class.js';
import { acquire, runHolding } from './acquiring.js';
import { withTimeoutForeign } from './foreign-timeout.js';
import {
  checkedCallback,
  checkedPriority,
  checkedTimeout,
  checkedWeight,
  mutexRequest,
  semaphoreRequest,
  type Milliseconds,
  type PermitRequest,
} from './lock-options.js';
import { Mutex } from './mutex.js';
import type { PermitCore } from './permit-core.js';
import { grantPair, grantReleaser } from './releasing.js';
import { Semaphore } from './semaphore.js';
import { CORE } from './symbols.js';
import { waitForUnlock } from './unlocking.js';

/**
 * `sync` with every wait bounded to `timeout` milliseconds, after which it rejects with `timeoutError` (default: the
 * E_TIMEOUT object of async-mutex). A plain object, as in async-mutex.
 */
export function withTimeout(sync: MutexInterface, timeout: Milliseconds, timeoutError?: Error): MutexInterface;
export function withTimeout(sync: SemaphoreInterface, timeout: Milliseconds, timeoutError?: Error): SemaphoreInterface;
export function withTimeout(
  sync: MutexInterface | SemaphoreInterface,
  timeout: Milliseconds,
  timeoutError: Error = E_TIMEOUT,
): MutexInterface | SemaphoreInterface {
  checkedTimeout(timeout, 'timeout');
  if (typeof sync !== 'object' || sync === null) throw new TypeError(`sync must be a lock, got ${describe(sync)}`);
  if (!(sync instanceof Mutex || sync instanceof Semaphore)) return withTimeoutForeign(sync, timeout, timeoutError);
  const weighted = sync instanceof Semaphore;
  return decorate(sync, sync[CORE], timeout, timeoutError, weighted) as unknown as SemaphoreInterface;
}

/** `sync`, rejecting with `alreadyAcquiredError` (default: E_ALREADY_LOCKED) whatever can not be had in this turn. */
export function tryAcquire(sync: MutexInterface, alreadyAcquiredError?: Error): MutexInterface;
export function tryAcquire(sync: SemaphoreInterface, alreadyAcquiredError?: Error): SemaphoreInterface;
export function tryAcquire(
  sync: MutexInterface | SemaphoreInterface,
  alreadyAcquiredError: Error = E_ALREADY_LOCKED,
): MutexInterface | SemaphoreInterface {
  return withTimeout(sync as MutexInterface, 0, alreadyAcquiredError);
}

function decorate(
  sync: MutexInterface | SemaphoreInterface,
  core: PermitCore,
  timeout: Milliseconds,
  timeoutError: Error,
  weighted: boolean,
) {
  const bounded = (first: unknown, second: unknown): PermitRequest => ({
    ...(weighted ? semaphoreRequest(first, second) : mutexRequest(first)),
    timeout,
    timeoutError,
  });
  const decorated = {
    acquire: (first?: unknown, second?: unknown): Promise<unknown> =>
      weighted
        ? acquire(core, bounded(first, second), grantPair, decorated.acquire)
        : acquire(core, bounded(first, second), grantReleaser, decorated.acquire),
    async runExclusive(callback: () => unknown, first?: unknown, second?: unknown): Promise<unknown> {
      checkedCallback(callback);
      return await runHolding(core, bounded(first, second), callback, weighted, decorated.runExclusive);
    },
    release: (weight?: number): void => sync.release(weight),
    cancel: (): void => sync.cancel(),
    waitForUnlock: (first?: number, second?: number): Promise<void> => {
      const weight = weighted ? checkedWeight(first ?? 1) : 1;
      const priority = checkedPriority((weighted ? second : first) ?? 0);
      return waitForUnlock(core, weight, priority, decorated.waitForUnlock, timeout, timeoutError);
    },
    isLocked: (): boolean => sync.isLocked(),
    // A TypeError over a Mutex, as in async-mutex.
    getValue: (): number => (sync as SemaphoreInterface).getValue(),
    setValue: (value: number): void => (sync as SemaphoreInterface).setValue(value),
  };
  return decorated;
}
