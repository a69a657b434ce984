/**
 * Waits for the unlock of a lock, shown to the validator like an acquisition of what is never held.
 *
 * Whoever awaits it goes on in the very turn in which it would without the validator, whatever is known of the nesting:
 * nothing stands between the caller and the wake. In one case alone it is held back, for two turns: in enforce, where the lock
 * is free and the wait looks like part of a deadlock. Who does not await the promise waits for nothing, and teaches nothing.
 *
 * Cost: a step in the trie and a note on the promise; a function that looks on only for a nesting that is not known.
 */
import type { Below, ObservedPermits, UnlockRequest, UnlockWait } from '../../locks/observed.js';
import { EventWaiter } from '../../locks/event-waiters.js';
import type { Hold } from '../../model/hold.js';
import { NativePromise, resolved, ready } from '../../platform/intrinsics.js';

import type { ObserverHost } from './host.js';
import { isFollowed, tellBeyond } from './acquisitions.js';
import { offenceOf } from './offence.js';

/** Resolves once the permits could be had at once; takes none. `below` is the public function that was called. */
export function followUnlock(
  runtime: ObserverHost,
  lock: ObservedPermits,
  request: UnlockRequest,
  below: Below,
): Promise<void> {
  if (!isFollowed(lock)) return lock.waitForUnlock(request);
  const { weight, priority } = request;
  const { validator } = runtime;
  const { tracker } = validator;
  const wait = validator.attempt(lock, lock.lockClass, 'unlock', 'exclusive', weight, below);
  tracker.mute();
  try {
    const isFree = lock.isFree(weight, priority);
    const waiter = isFree ? heldBack(runtime, wait) : queued(runtime, wait, lock.queueForUnlock(request));
    if (waiter !== undefined) tellBeyond(runtime, lock, wait, below);
    const promise = waiter?.promise ?? resolved();
    // One of a higher priority than the others' goes before those that stand in the queue: no part of a batch.
    tracker.carry(promise, wait, priority <= 0);
    if (!isFree) runtime.waitBegins(wait, promise);
    return promise;
  } finally {
    tracker.unmute();
  }
}

/** Of a lock that is free: nothing to wait for, except for the verdict. */
function heldBack(runtime: ObserverHost, wait: Hold): UnlockWait | undefined {
  const { validator } = runtime;
  if (!validator.mayRefuse(wait)) {
    validator.tracker.ended(wait);
    return undefined;
  }
  const waiter = new EventWaiter<void>();
  waiter.onOver = () => validator.tracker.ended(wait);
  watch(runtime, wait, waiter, true);
  return waiter;
}

function queued(runtime: ObserverHost, wait: Hold, waiter: UnlockWait): UnlockWait {
  const { validator } = runtime;
  wait.queueUp(waiter);
  waiter.onOver = () => validator.tracker.ended(wait);
  if (validator.wantsProbe(wait)) watch(runtime, wait, waiter, false);
  return waiter;
}

/**
 * Lets the result of a function that has none settle the wait: so its stack shows those that await the wait. One that is held back
 * stands in no queue.
 */
function watch(runtime: ObserverHost, wait: Hold, waiter: UnlockWait, isHeldBack: boolean): void {
  void look(runtime, wait, waiter, isHeldBack).then(waiter.resolve, waiter.reject);
}

async function look(runtime: ObserverHost, wait: Hold, waiter: UnlockWait, isHeldBack: boolean): Promise<void> {
  await ready;
  await ready;
  const error = offenceOf(runtime, [wait], look);
  if (isHeldBack) {
    waiter.over();
    if (error === undefined) waiter.resolve();
    else waiter.reject(error);
  } else if (error !== undefined) waiter.giveUp(error);
  // Where it returned, the wait would be over.
  await new NativePromise<never>(() => undefined);
}
