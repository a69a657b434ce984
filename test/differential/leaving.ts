import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import type { FakeClock } from './fake-clock.js';
import type { AnyLock, Library } from './subjects.js';

/** The private parts of async-mutex's Semaphore that removing a waiter needs. */
interface Internals {
  _queue: object[];
  _dispatchQueue(): void;
}

/**
 * async-mutex with one change: a waiter whose time is up leaves the queue at once. All code that runs is async-mutex's own;
 * only the timer's callback is followed by taking the entry out.
 */
export function leavingAtOnce(original: Library, clock: FakeClock): Library {
  const withTimeout = (lock: AnyLock, timeout: number, error?: Error): AnyLock =>
    leaving(original.withTimeout(lock as SemaphoreInterface, timeout, error), lock, clock);
  const tryAcquire = (lock: AnyLock, error?: Error): AnyLock =>
    leaving(original.tryAcquire(lock as SemaphoreInterface, error), lock, clock);
  return {
    ...original,
    withTimeout: withTimeout as Library['withTimeout'],
    tryAcquire: tryAcquire as Library['tryAcquire'],
  };
}

function leaving(decorated: SemaphoreInterface, lock: AnyLock, clock: FakeClock): SemaphoreInterface {
  const acquire = decorated.acquire.bind(decorated);
  decorated.acquire = (weight, priority) => {
    const semaphore = internalsOf(lock);
    const before = new Set(semaphore._queue);
    let entry: object | undefined;
    clock.wrap = (reject) => () => {
      reject();
      const index = entry === undefined ? -1 : semaphore._queue.indexOf(entry);
      if (index === -1) return;
      semaphore._queue.splice(index, 1);
      semaphore._dispatchQueue();
    };
    try {
      return acquire(weight, priority);
    } finally {
      clock.wrap = undefined;
      entry = semaphore._queue.find((other) => !before.has(other));
    }
  };
  return decorated;
}

function internalsOf(lock: AnyLock): Internals {
  const inner = (lock as MutexInterface & { _semaphore?: unknown })._semaphore ?? lock;
  return inner as Internals;
}
