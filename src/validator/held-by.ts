/** Does the running flow hold a lock? Answered only where it is certain. */
import type { LockClass } from '../classes/lock-class.js';
import type { HeldNode, TrackedLock } from '../tracker/held-node.js';
import type { Validator } from './validator.js';

type Below = (...args: never[]) => unknown;

export type Question = 'any' | 'exclusive';

/**
 * undefined: not known. `false` only for a lock that nobody holds: a flow that does not list it may still have been handed
 * it, or be a job that its holder waits for. 'exclusive': a read hold does not count, and is not enough.
 */
export function isHeldBy(
  validator: Validator,
  lock: TrackedLock & { readonly isIdle: boolean },
  below: Below,
  question: Question = 'any',
): boolean | undefined {
  if (lock.firstHold === undefined) return lock.isIdle ? false : undefined;
  const listed = validator.tracker.held().filter((node) => node.lock === lock);
  const counting = listed.filter((node) => question === 'any' || !node.shared);
  if (counting.length > 0) return isCertain(validator, counting, below) ? true : undefined;
  if (listed.length > 0) return isCertain(validator, listed, below) ? false : undefined;
  const around = validator.scopeAround(lock, below);
  if (around === undefined) return undefined;
  return question === 'any' || !around.shared;
}

function isCertain(validator: Validator, holds: readonly HeldNode[], below: Below): boolean {
  return holds.some((node) => validator.evidenceNow(node, below) !== 'suspected');
}

/** Is `nestLock` held, and were all held locks of the class taken under it? Then it carries their order. */
export function isSerialised(held: readonly HeldNode[], lockClass: LockClass, nestLock: TrackedLock): boolean {
  const nest = held.findLastIndex((node) => node.lock === nestLock);
  const first = held.findLastIndex((node) => node.lockClass === lockClass);
  // Innermost first: what was taken earlier comes later.
  return first !== -1 && first < nest;
}
