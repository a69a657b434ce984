/**
 * How holds end: releasers, `release()` on the lock itself; guards.ts has the guards.
 *
 * Invariant: permits go back exactly as in async-mutex, whatever an observer thinks of it; it only looks on.
 */
import type { Hold } from '../model/hold.js';
import type { Below, Grant, ObservedLock, ObservedPermits } from './observed.js';
import type { LockObserver } from './observer.js';

export type Releaser = () => void;

/** Property of what an observed acquisition gave its caller: the hold. */
export const HOLD: unique symbol = Symbol('lockdep.hold');

export interface TrackedReleaser extends Releaser {
  [HOLD]?: Hold;
}

/** The hold behind a guard or a releaser of ours; undefined when it is not followed, or not ours. */
export function holdOf(handle: object): Hold | undefined {
  return (handle as TrackedReleaser)[HOLD];
}

/** A releaser: idempotent. */
export const grantReleaser: Grant<Releaser> = (lock, weight, _previous, hold) => {
  let called = false;
  if (hold === undefined) {
    return () => {
      if (called) return;
      called = true;
      lock.give(weight);
    };
  }
  const release: TrackedReleaser = () => {
    if (called) return;
    called = true;
    releaseHold(lock, weight, hold, release);
  };
  release[HOLD] = hold;
  return release;
};

export const grantValue: Grant<number> = (_lock, _weight, previous) => previous;

/** Ends a hold and returns its permits. */
export function releaseHold(lock: ObservedPermits, weight: number, hold: Hold, below: Below): void {
  observerOf(lock).released(lock, weight, hold, below);
}

/** Whoever has made the holds of a lock, on or off. */
export function observerOf(lock: ObservedLock): LockObserver {
  return lock.world.attached as LockObserver;
}

/** Whoever looks on at a lock now. */
export function lookingAt(lock: ObservedLock): LockObserver | undefined {
  return lock.world.observer as LockObserver | undefined;
}
