/**
 * A bound on the waits of a lock that is not ours, known by async-mutex's interface alone.
 *
 * Such a lock can not be told to forget one waiter, so a wait that timed out stays queued, and what it is granted later
 * is released at once.
 */
import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import { describe } from '../classes/lock-class.js';

type Release = () => void;
type Ticket = Release | [number, Release];
type AnyLock = Record<string, (...args: unknown[]) => unknown>;

const METHODS = ['acquire', 'runExclusive', 'waitForUnlock', 'isLocked', 'release', 'cancel'];

export function withTimeoutForeign(
  sync: MutexInterface | SemaphoreInterface,
  timeout: number,
  timeoutError: Error,
): MutexInterface | SemaphoreInterface {
  const lock = sync as unknown as AnyLock;
  for (const method of METHODS) {
    if (typeof lock[method] !== 'function') {
      throw new TypeError(`sync must be a lock: its method ${method} is ${describe(lock[method])}`);
    }
  }
  const decorated = {
    acquire: (...args: unknown[]): Promise<Ticket> =>
      bounded(lock['acquire']?.(...args) as Promise<Ticket>, timeout, timeoutError, (late) => releaseOf(late)()),
    async runExclusive(callback: (value?: number) => unknown, ...args: unknown[]): Promise<unknown> {
      const ticket = await decorated.acquire(...args);
      try {
        return await (Array.isArray(ticket) ? callback(ticket[0]) : callback());
      } finally {
        releaseOf(ticket)();
      }
    },
    release: (weight?: number): unknown => lock['release']?.(weight),
    cancel: (): unknown => lock['cancel']?.(),
    waitForUnlock: (...args: unknown[]): Promise<void> =>
      bounded(lock['waitForUnlock']?.(...args) as Promise<void>, timeout, timeoutError, () => undefined),
    isLocked: (): unknown => lock['isLocked']?.(),
    getValue: (): unknown => (sync as SemaphoreInterface).getValue(),
    setValue: (value: number): unknown => (sync as SemaphoreInterface).setValue(value),
  };
  return decorated as unknown as SemaphoreInterface;
}

function releaseOf(ticket: Ticket): Release {
  return Array.isArray(ticket) ? ticket[1] : ticket;
}

function bounded<T>(wait: Promise<T>, timeout: number, error: Error, late: (value: T) => void): Promise<T> {
  if (timeout === Infinity) return wait;
  return new Promise((resolve, reject) => {
    let over = false;
    const timer = setTimeout(() => {
      over = true;
      reject(error);
    }, timeout);
    wait.then(
      (value) => {
        clearTimeout(timer);
        if (over) late(value);
        else resolve(value);
      },
      (reason: unknown) => {
        clearTimeout(timer);
        if (!over) reject(reason);
      },
    );
  });
}
