/**
 * Waits for a signal: a semaphore that starts at 0, which nobody holds. Nothing is learned of them; who waits is seen, and listed at the end.
 *
 * Invariant: what the waiter gets is what it would get unseen: no hold goes with it. Cost: nothing for what is had at once; for a wait a
 * node, and for the first waits of each lock the capture of their place.
 */
import type { Below, Grant, ObservedPermits, PermitRequest } from '../../locks/observed.js';
import { captureFrames } from '../../platform/captured-frame.js';
import type { ObserverHost } from './host.js';

/** Waits of a lock whose places are captured: more of them are a queue under load, which has few places. */
const PLACED = 16;

/** Waits so far whose places were captured. */
const placed = new WeakMap<ObservedPermits, number>();

/** Of a lock that is not followed: the wait of an acquisition, where there is one. */
export function awaitUnfollowed<T>(
  runtime: ObserverHost,
  lock: ObservedPermits,
  wanted: PermitRequest,
  grant: Grant<T>,
  below: Below,
): Promise<T> {
  const isSeen = lock.capacity <= 0 && lock.lockClass.options.track !== false && !wanted.isTry;
  if (!isSeen || lock.isFree(wanted.weight, wanted.priority)) return lock.request(wanted, undefined, grant);
  const { tracker } = runtime.validator;
  const wait = tracker.attempt(lock, lock.lockClass, 'wait', 'exclusive');
  wait.permits = wanted.weight;
  const count = placed.get(lock) ?? 0;
  if (count < PLACED) {
    placed.set(lock, count + 1);
    wait.ask().frames = captureFrames(below);
  }
  if (wanted.parked === true) wait.ask().parked = true;
  tracker.mute();
  try {
    const unseen: Grant<T> = (from, weight, previous) => grant(from, weight, previous, undefined);
    const promise = lock.request(wanted, wait, unseen);
    runtime.waitBegins(wait, promise);
    return promise;
  } finally {
    tracker.unmute();
  }
}
