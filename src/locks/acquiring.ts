/** The ways to a lock: by itself, or by whoever looks on at it. One branch each. */
import { ready } from '../platform/intrinsics.js';

import type { Below, Grant, ObservedPermits, PermitRequest } from './observed.js';
import type { PermitCore } from './permit-core.js';
import { grantValue } from './releasing.js';

/** Acquires; whoever awaits the promise holds the lock. `below` is the public function that was called. */
export function acquire<T>(lock: PermitCore, wanted: PermitRequest, grant: Grant<T>, below: Below): Promise<T> {
  const { observer } = lock.world;
  if (observer === undefined) return lock.request(wanted, undefined, grant);
  return observer.wanted(lock, wanted, grant, below);
}

/** Takes the lock if that needs no wait. */
export function tryTake<T>(lock: PermitCore, wanted: PermitRequest, grant: Grant<T>, below: Below): T | undefined {
  if (!lock.isFree(wanted.weight, wanted.priority)) return undefined;
  const { observer } = lock.world;
  if (observer === undefined) return lock.take(wanted.weight, undefined, grant);
  return observer.taken(lock, wanted, grant, below);
}

/** The lock may be wanted here: validated, and nothing else. */
export function mightTake(lock: PermitCore, wanted: PermitRequest, below: Below): void {
  lock.world.observer?.mayWant(lock, wanted, below);
}

/** Runs `callback` with the lock held. */
export function runHolding<T>(
  lock: PermitCore,
  wanted: PermitRequest,
  callback: (value: number) => T | Promise<T>,
  passValue: boolean,
  below: Below,
): Promise<T> {
  const { observer } = lock.world;
  if (observer === undefined) return runPlain(lock, wanted, callback, passValue);
  return observer.scope(lock, wanted, callback, passValue, below);
}

/** The same, where nobody looks on. */
export async function runPlain<T>(
  lock: ObservedPermits,
  wanted: PermitRequest,
  callback: (value: number) => T | Promise<T>,
  passValue: boolean,
): Promise<T> {
  let value = lock.takeNow(wanted, undefined);
  if (value === undefined) value = await lock.request(wanted, undefined, grantValue);
  else await ready;
  try {
    return await (passValue ? callback(value) : (callback as () => T | Promise<T>)());
  } finally {
    lock.give(wanted.weight);
  }
}

/** Resolves once the permits could be had at once; takes none. */
export function waitForUnlock(lock: PermitCore, request: PermitRequest, below: Below): Promise<void> {
  const { observer } = lock.world;
  if (observer === undefined || request.isTry) return lock.waitForUnlock(request);
  return observer.unlockWanted(lock, request, below);
}
