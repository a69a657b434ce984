/**
 * A bound on the waits of a lock that is known by async-mutex's interface alone: one that is not ours, or that has methods of
 * its own in place of ours.
 *
 * Call by call what async-mutex does, which asks the lock for nothing before it is used. Such a lock can not be told to forget
 * one waiter, so a wait that timed out stays queued, and what it is granted later is released at once.
 */
import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import { RunningTimer } from '../platform/clock.js';
import { NativePromise, resolved } from '../platform/intrinsics.js';
import { refuseWeight } from './options/checks.js';
import type { TimeLimit } from './observed.js';
import { releaseOf, runAcquired, type Ticket } from './run-acquired.js';

/** What async-mutex's decorators return: a plain object, which hands on what has no wait. */
export interface Decorated {
  acquire(first?: unknown, second?: unknown): Promise<Ticket>;
  runExclusive(callback: (value: number) => unknown, first?: unknown, second?: unknown): Promise<unknown>;
  release(weight?: number): void;
  cancel(): void;
  waitForUnlock(first?: unknown, second?: unknown): Promise<void>;
  isLocked(): boolean;
  getValue(): number;
  setValue(value: number): void;
}

/** Either kind of lock, with the arguments of both. */
type Sync = Omit<Decorated, 'runExclusive'>;

export function boundFromOutside(given: MutexInterface | SemaphoreInterface, bound: TimeLimit): Decorated {
  const sync = given as unknown as Sync;
  return {
    acquire: (first, second) => {
      const args = argumentsFor(sync, first, second);
      return bounded(
        () => sync.acquire(...args),
        bound,
        (late) => releaseOf(late)(),
      );
    },
    runExclusive(callback, first, second) {
      return runAcquired(this, callback, first, second);
    },
    release: (weight) => {
      sync.release(weight);
    },
    cancel: () => sync.cancel(),
    waitForUnlock: (first, second) => {
      const args = argumentsFor(sync, first, second);
      return bounded(
        () => sync.waitForUnlock(...args),
        bound,
        () => undefined,
      );
    },
    isLocked: () => sync.isLocked(),
    getValue: () => sync.getValue(),
    setValue: (value) => sync.setValue(value),
  };
}

/** A semaphore, which is what has a value, takes a weight before the priority. */
function argumentsFor(sync: Sync, first: unknown, second: unknown): [unknown, unknown?] {
  if (sync.getValue === undefined) return [first];
  if (first !== undefined) refuseWeight(first);
  return [first, second];
}

function bounded<T>(
  call: () => Promise<T>,
  { timeout, error, clock }: TimeLimit,
  late: (value: T) => void,
): Promise<T> {
  return new NativePromise((resolve, reject) => {
    let over = false;
    const giveUp = (reason: unknown): void => {
      over = true;
      reject(reason);
    };
    let timer: RunningTimer | undefined;
    // What comes after all has to be released, also where the timer fails.
    try {
      timer = new RunningTimer(clock, () => giveUp(error), timeout);
    } catch (failure) {
      giveUp(failure);
    }
    settled(call).then(
      (value) => {
        if (over) late(value);
        else {
          timer?.stop();
          resolve(value);
        }
      },
      (reason: unknown) => {
        timer?.stop();
        reject(reason);
      },
    );
  });
}

/** What the call comes to; a mock may throw or return no promise. */
function settled<T>(call: () => Promise<T>): Promise<T> {
  try {
    return resolved(call());
  } catch (error) {
    return NativePromise.reject(error);
  }
}
