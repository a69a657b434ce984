/**
 * How holds end: releasers, `release()` on the lock itself; guards.ts has the guards.
 *
 * Invariant: permits go back exactly as in async-mutex, whatever an observer thinks of it; it only looks on.
 */
import type { Hold } from '../model/hold.js';
import type { Below, Grant, ObservedLock, ObservedPermits } from './observed.js';
import type { LockObserver } from './observer.js';

// As the library of TypeScript 5.2 has them, for programs that are compiled without that.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
  interface Disposable {
    [Symbol.dispose](): void;
  }
  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>;
  }
}

/** Frees what was acquired: once, however often it is called. As async-mutex's. */
export type Releaser = () => void;

/**
 * A releaser as `acquire` gives it, for `using release = await lock.acquire()`: disposing of it is calling it, so what was acquired
 * is freed where the block ends. Releasing by hand before that is fine.
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * {
 *   using release = await mutex.acquire();
 *   console.log(mutex.isLocked()); // true
 * }
 * console.log(mutex.isLocked()); // false
 * ```
 */
export interface DisposableReleaser extends Disposable {
  /** Frees what was acquired. A second call does nothing. */
  (): void;
}

/** Property of what an observed acquisition gave its caller: the hold. */
export const HOLD: unique symbol = Symbol('lockdep.hold');

export interface TrackedReleaser extends DisposableReleaser {
  [HOLD]?: Hold;
}

/** The hold behind a guard or a releaser of ours; undefined when it is not followed, or not ours. */
export function holdOf(handle: object): Hold | undefined {
  return (handle as TrackedReleaser)[HOLD];
}

/** Is it a guard or a releaser of ours, whose hold is followed? */
export function isHandle(value: unknown): value is object {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return false;
  return holdOf(value) !== undefined;
}

/**
 * `release` as a releaser. What disposes of it is the function itself: so no frame of ours comes between it and the program in
 * the stack of a report. An own property, as a prototype of its own would cost half an acquisition.
 */
export function disposable(release: Releaser): DisposableReleaser {
  (release as DisposableReleaser)[Symbol.dispose] = release;
  return release as DisposableReleaser;
}

/** A releaser: idempotent. */
export const grantReleaser: Grant<DisposableReleaser> = (lock, weight, _previous, hold) =>
  hold === undefined ? plainReleaser(lock, weight) : trackedReleaser(lock, weight, hold);

/** Apart from the tracked one: each function is as large as the variables that it shares with others. */
function plainReleaser(lock: ObservedPermits, weight: number): DisposableReleaser {
  let held: ObservedPermits | undefined = lock;
  return disposable(() => {
    const taken = held;
    if (taken === undefined) return;
    held = undefined;
    taken.give(weight);
  });
}

function trackedReleaser(lock: ObservedPermits, weight: number, hold: Hold): DisposableReleaser {
  let held: Hold | undefined = hold;
  const release: TrackedReleaser = disposable(() => {
    const taken = held;
    if (taken === undefined) return;
    held = undefined;
    releaseHold(lock, weight, taken, release);
  });
  release[HOLD] = hold;
  return release;
}

export const grantValue: Grant<number> = (_lock, _weight, previous) => previous;

/** Ends a hold and returns its permits. */
export function releaseHold(lock: ObservedPermits, weight: number, hold: Hold, below: Below): void {
  observerOf(lock).released(lock, weight, hold, below);
}

/** Whoever has made the holds of a lock, on or off. */
export function observerOf(lock: ObservedLock): LockObserver {
  return lock.world.attached as LockObserver;
}
