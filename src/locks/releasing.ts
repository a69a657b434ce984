/**
 * How holds end: releasers, `release()` on the lock itself; guards.ts has the guards.
 *
 * Invariant: permits go back exactly as in async-mutex, whatever the validator thinks of it; it only looks on.
 */
import { captureFrames } from '../platform/captured-frame.js';
import { HELD, isScope, RELEASED, TRANSFERRED, type Hold } from '../model/hold.js';
import { isActOfTurn } from '../platform/turn-function.js';
import { findHold } from '../flow/hold-list.js';
import { badUnlockBalance } from '../validator/rules/bad-unlock-balance.js';
import { failedAssertion } from '../validator/rules/assertion.js';
import type { PermitCore, Releaser } from './permit-core.js';
import type { Grant } from './permit-waiter.js';

type Below = (...args: never[]) => unknown;

/** Property of what a tracked acquisition gave its caller: the hold. */
export const HOLD: unique symbol = Symbol('lockdep.hold');

/** The callback of a scope, and the frame of the scope. */
const OWN_FRAMES = 2;

export interface TrackedReleaser extends Releaser {
  [HOLD]?: Hold;
}

/** The hold behind a guard or a releaser of ours; undefined when it is not followed, or not ours. */
export function holdOf(handle: object): Hold | undefined {
  return (handle as TrackedReleaser)[HOLD];
}

/** A releaser: idempotent. */
export const grantReleaser: Grant<Releaser> = (lock, weight, _previous, node) => {
  let called = false;
  if (node === undefined) {
    return () => {
      if (called) return;
      called = true;
      lock.give(weight);
    };
  }
  const release: TrackedReleaser = () => {
    if (called) return;
    called = true;
    releaseHold(lock, weight, node, release);
  };
  release[HOLD] = node;
  return release;
};

export const grantValue: Grant<number> = (_lock, _weight, previous) => previous;

/** Ends a tracked hold and returns its permits. */
export function releaseHold(lock: PermitCore, weight: number, node: Hold, below: Below): void {
  const { validator } = lock.rt;
  if (node.state === RELEASED) {
    staleRelease(lock, weight, node, below);
    return;
  }
  try {
    if (node.asked.pins > 0)
      lock.rt.report(failedAssertion('the lock is released while it is pinned', lock, [], below));
    validator.close(node, below);
  } finally {
    // Whatever became of the judgement, the lock goes on.
    validator.tracker.ended(node);
    if (lock.isCounted) validator.tracker.endedNow(node);
    lock.give(weight);
  }
}

/**
 * A foreign `release()` or a reset has ended this hold already. As in async-mutex the permits are returned again, which
 * may free the next owner's lock: so it is reported, and the next owner's hold ends with it.
 */
function staleRelease(lock: PermitCore, weight: number, node: Hold, below: Below): void {
  const { foreignRelease, ownRelease } = node.asked;
  if (lock.isCounted) {
    // The release() may have been meant for another hold, or to add permits.
    if (foreignRelease && ownRelease) tellOverRelease(lock, weight, below);
    if (foreignRelease) endOldest(lock, weight, below);
    lock.giveMore(weight);
    return;
  }
  if (foreignRelease && !lock.rt.off) lock.rt.report(badUnlockBalance(lock, 'stale-releaser', below));
  if (foreignRelease) endOldest(lock, weight, below);
  lock.give(weight);
}

/** Says so where there will be more permits than ever. */
function tellOverRelease(lock: PermitCore, weight: number, below: Below): void {
  if (lock.rt.off || lock.value + weight <= lock.capacity) return;
  lock.rt.report(badUnlockBalance(lock, 'over-release', below));
}

/** `release()` on the lock: ends a hold of this flow if it has one, else the oldest. False when nobody holds it. */
export function releaseForeign(lock: PermitCore, weight: number, below: Below): boolean {
  const cell = lock.rt.validator.tracker.current();
  // Of a lock that lets one in there is no choice; of a semaphore it is told who returns a permit.
  const own = lock.excludes && !lock.isCounted ? undefined : findHold(cell, (node) => node.lock === lock);
  if (own === undefined) return endOldest(lock, weight, below);
  const isOnly = lock.isCounted && findHold(cell, (node) => node.lock === lock && node !== own) === undefined;
  if (isOnly && isHolders(lock, own, below)) {
    own.ask().ownRelease = true;
    if (weight > own.permits - own.asked.returned) tellOverRelease(lock, weight, below);
  }
  endWith(lock, own, weight, below);
  return true;
}

/** `release()` of a semaphore that no followed hold is known of. */
export function releaseUnheld(lock: PermitCore, weight: number, below: Below): void {
  const mayTell = lock.isCounted && !lock.rt.off && lock.value + weight > lock.capacity;
  if (mayTell && lock.rt.validator.tracker.hasJustReturned(lock) && isActOfTurn(below))
    tellOverRelease(lock, weight, below);
}

/** Is it called by the very function that has the hold? Looked at while its acquisitions are. */
function isHolders(lock: PermitCore, node: Hold, below: Below): boolean {
  if (!isScope(node.kind)) {
    return node.asked.frames !== undefined && lock.rt.validator.tracker.isOwnNow(node) && isActOfTurn(below);
  }
  return captureFrames(below, OWN_FRAMES)[OWN_FRAMES - 1]?.scope === node;
}

function endOldest(lock: PermitCore, weight: number, below: Below): boolean {
  for (let node = lock.firstHold; node !== undefined; node = node.next) {
    if (node.state !== HELD && node.state !== TRANSFERRED) continue;
    endWith(lock, node, weight, below);
    return true;
  }
  return false;
}

function endWith(lock: PermitCore, node: Hold, weight: number, below: Below): void {
  const asked = node.ask();
  asked.returned += weight;
  if (lock.capacity > 1) lock.heldPermits -= weight;
  if (asked.returned < node.permits) return;
  asked.foreignRelease = true;
  try {
    lock.rt.validator.close(node, below);
  } finally {
    lock.rt.validator.tracker.ended(node);
  }
}
