/** Does the running flow hold a lock, and how certain is that? */
import type { Below } from '../platform/below.js';
import type { LockClass } from '../model/lock-class.js';
import { captureFrames } from '../platform/captured-frame.js';
import { isInScope } from '../flow/evidence.js';
import { HELD, isScope, type Hold, type TrackedLock } from '../model/hold.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import { vouchedHolds } from '../flow/hold-list.js';

export type Question = 'any' | 'exclusive';

/**
 * undefined: not known. `false` only for a lock that nobody holds: a flow that does not list it may still have been handed
 * it, or be a job that its holder waits for. 'exclusive': a read hold does not count, and is not enough.
 */
export function isHeldBy(
  tracker: HeldTracker,
  lock: TrackedLock & { readonly isIdle: boolean },
  below: Below,
  question: Question = 'any',
): boolean | undefined {
  tracker.watch();
  if (lock.firstHold === undefined) return lock.isIdle ? false : undefined;
  const listed = tracker.heldOf(lock);
  const counting = listed.filter((node) => question === 'any' || !node.shared);
  if (counting.length > 0) return isCertain(tracker, counting, below) ? true : undefined;
  if (listed.length > 0) return isCertain(tracker, listed, below) ? false : undefined;
  const around = scopeAround(tracker, lock, below);
  if (around === undefined) return undefined;
  return question === 'any' || !around.shared;
}

function isCertain(tracker: HeldTracker, holds: readonly Hold[], below: Below): boolean {
  return holds.some((node) => evidenceNow(tracker, node, below) !== 'suspected');
}

/** What is known of a hold in the running flow's list, from what runs now. Captures a stack where the owner is not it. */
export function evidenceNow(tracker: HeldTracker, node: Hold, below: Below): 'own' | 'proven' | 'suspected' {
  tracker.watch();
  if (tracker.isOwnNow(node)) return 'own';
  if (vouchedHolds(tracker.current()).includes(node)) return 'proven';
  return isInScope(captureFrames(below), [node]) ? 'proven' : 'suspected';
}

/**
 * The scope of `lock` whose holder waits for what runs now, though its context did not come along (a callback that was
 * bound elsewhere). What runs in another root has said that it inherits nothing.
 */
function scopeAround(tracker: HeldTracker, lock: TrackedLock, below: Below): Hold | undefined {
  const scopes: Hold[] = [];
  const task = tracker.store?.task;
  for (let node = lock.firstHold; node !== undefined; node = node.next) {
    if (node.state === HELD && isScope(node.kind) && node.task === task) scopes.push(node);
  }
  if (scopes.length === 0) return undefined;
  const stack = captureFrames(below);
  return scopes.find((scope) => isInScope(stack, [scope]));
}

/** Is `nestLock` held, and were all held locks of the class taken under it? Then it carries their order. */
export function isSerialised(held: readonly Hold[], lockClass: LockClass, nestLock: TrackedLock): boolean {
  const nest = held.findLastIndex((node) => node.lock === nestLock);
  const first = held.findLastIndex((node) => node.lockClass === lockClass);
  // Innermost first: what was taken earlier comes later.
  return first !== -1 && first < nest;
}
