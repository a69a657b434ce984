/**
 * How holds end: releasers, `release()` on the lock itself; guards.ts has the guards.
 *
 * Invariant: permits go back exactly as in async-mutex, whatever the validator thinks of it; it only looks on.
 */
import { HELD, RELEASED, TRANSFERRED, type HeldNode } from '../tracker/held-node.js';
import { badUnlockBalance } from '../validator/rules/bad-unlock-balance.js';
import { failedAssertion } from '../validator/rules/assertion.js';
import type { PermitCore, Releaser } from './permit-core.js';
import type { Grant } from './permit-waiter.js';

type Below = (...args: never[]) => unknown;

/** Property of what a tracked acquisition gave its caller: the hold. */
export const HOLD: unique symbol = Symbol('lockdep.hold');

export interface TrackedReleaser extends Releaser {
  [HOLD]?: HeldNode;
}

/** The hold behind a guard or a releaser of ours; undefined when it is not followed, or not ours. */
export function holdOf(handle: object): HeldNode | undefined {
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
export function releaseHold(lock: PermitCore, weight: number, node: HeldNode, below: Below): void {
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
    lock.give(weight);
  }
}

/**
 * A foreign `release()` or a reset has ended this hold already. As in async-mutex the permits are returned again, which
 * may free the next owner's lock: so it is reported, and the next owner's hold ends with it.
 */
function staleRelease(lock: PermitCore, weight: number, node: HeldNode, below: Below): void {
  const { foreignRelease } = node.asked;
  if (foreignRelease && !lock.rt.off) lock.rt.report(badUnlockBalance(lock, 'stale-releaser', below));
  if (foreignRelease) endOldest(lock, weight, below);
  lock.give(weight);
}

/** `release()` on the lock: ends a hold of this flow if it has one, else the oldest. False when nobody holds it. */
export function releaseForeign(lock: PermitCore, weight: number, below: Below): boolean {
  const own = lock.rt.validator.tracker.held().find((node) => node.lock === lock);
  if (own === undefined) return endOldest(lock, weight, below);
  endWith(lock, own, weight, below);
  return true;
}

function endOldest(lock: PermitCore, weight: number, below: Below): boolean {
  for (let node = lock.firstHold; node !== undefined; node = node.next) {
    if (node.state !== HELD && node.state !== TRANSFERRED) continue;
    endWith(lock, node, weight, below);
    return true;
  }
  return false;
}

function endWith(lock: PermitCore, node: HeldNode, weight: number, below: Below): void {
  const asked = node.ask();
  asked.returned += weight;
  if (asked.returned < node.permits) return;
  asked.foreignRelease = true;
  try {
    lock.rt.validator.close(node, below);
  } finally {
    lock.rt.validator.tracker.ended(node);
  }
}
