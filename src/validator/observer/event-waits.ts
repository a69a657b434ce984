/**
 * Waits for what is never held (an event, the end of a task), shown to the validator like acquisitions.
 *
 * The place among the waiters is taken at once. A known nesting adds no turn; a new one is looked at from an async function
 * of ours, which the caller awaits: at the start where it looks like a deadlock, and at the end. Who does not await the
 * promise waits for nothing, and teaches nothing.
 */
import type { Awaited, Below, EventWait, Undo } from '../../locks/observed.js';
import type { Hold } from '../../model/hold.js';
import { ready } from '../../platform/intrinsics.js';

import type { ObserverHost } from './host.js';
import { offenceOf } from './offence.js';

/** The waits of the running flow that begin here; none for what is not followed. */
export function beginWaits(runtime: ObserverHost, awaited: readonly Awaited[], below: Below): Hold[] {
  const waits: Hold[] = [];
  for (const { lock, permits } of awaited) {
    if (lock.lockClass.options.track === false) continue;
    waits.push(runtime.validator.attempt(lock, lock.lockClass, 'wait', 'exclusive', permits, below));
  }
  return waits;
}

/** A wait for all of `awaited`. `queue` takes the place among those who wait. */
export function followWait<T>(
  runtime: ObserverHost,
  waits: readonly Hold[],
  queue: () => EventWait<T>,
  undo: Undo<T>,
): Promise<T> {
  if (waits.length === 0) return queue().promise;
  const { validator } = runtime;
  validator.tracker.mute();
  try {
    const waiter = queue();
    if (waiter.queued) for (const wait of waits) wait.queueUp(waiter);
    if (waits.some((wait) => wait.asked.pending !== undefined)) {
      const promise = watched(runtime, waits, waiter, undo);
      validator.tracker.carryWaits(promise, waits);
      beginQueued(runtime, waits, waiter, promise);
      return promise;
    }
    waiter.onOver = () => {
      for (const wait of waits) validator.tracker.ended(wait);
    };
    if (!waiter.queued) waiter.onOver();
    beginQueued(runtime, waits, waiter, waiter.promise);
    return waiter.promise;
  } finally {
    validator.tracker.unmute();
  }
}

function beginQueued<T>(
  runtime: ObserverHost,
  waits: readonly Hold[],
  waiter: EventWait<T>,
  promise: Promise<T>,
): void {
  if (waiter.queued) for (const wait of waits) runtime.waitBegins(wait, promise);
}

async function watched<T>(
  runtime: ObserverHost,
  waits: readonly Hold[],
  waiter: EventWait<T>,
  undo: Undo<T>,
): Promise<T> {
  const { validator } = runtime;
  if (waits.some((wait) => validator.wantsProbe(wait))) {
    await ready;
    await ready;
    look(runtime, waits, waiter, undo);
  }
  try {
    return await waiter.promise;
  } finally {
    for (const wait of waits) validator.waited(wait, watched);
  }
}

/** In enforce an offending wait gives up what it has and throws. */
function look<T>(runtime: ObserverHost, waits: readonly Hold[], waiter: EventWait<T>, undo: Undo<T>): void {
  const error = offenceOf(runtime, waits, look);
  if (error === undefined) return;
  for (const wait of waits) runtime.validator.tracker.ended(wait);
  // Nobody else awaits what is given up here.
  if (undo.giveUp(waiter, error)) waiter.promise.catch(() => undefined);
  else waiter.promise.then((value) => undo.giveBack?.(value)).catch(() => undefined);
  throw error;
}
