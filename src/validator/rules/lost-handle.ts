/**
 * What was given to release a lock was collected while the lock was held: nobody can call it any more. Strict for
 * the guard of a lock that nothing else gives back. Advisory where the lock has a `release()` of its own, which may still be called, and
 * for a releaser, of which it is not certain who had it.
 */
import type { Hold } from '../../model/hold.js';
import { siteOf } from '../../report/stack-text.js';
import type { Violation } from '../../report/types.js';
import { rawUse, useFacts } from '../lock-use.js';
import { taskOf } from './rule.js';

/** How it came to that, as far as it is known. */
export interface LostHandle {
  readonly isGuard: boolean;
  /** Has the function that had it thrown? */
  readonly threw: boolean;
  /** Had the task that waited for it ended when it was granted? */
  readonly isLate: boolean;
}

export function lostHandle(hold: Hold, lost: LostHandle): Violation {
  const lockClass = hold.lockClass.name;
  const use = rawUse(useFacts(hold, 'own', []));
  return {
    id: `leaked-lock:lost:${lockClass}:${siteOf(use.frames)}`,
    kind: 'leaked-lock',
    tier: lost.isGuard && !hasRelease(hold) ? 'strict' : 'advisory',
    summary: `${hold.lock.capacity > 1 ? `a permit of ${lockClass}` : lockClass} ${whyLost(hold, lost)}`,
    ...(lost.isLate ? { advice: lateAdvice(lockClass) } : {}),
    acquiring: use,
    held: [use],
    task: taskOf(hold),
  };
}

function whyLost(hold: Hold, { isGuard, threw, isLate }: LostHandle): string {
  if (isLate) return `was granted to task "${taskOf(hold)}" after that had ended, and nobody has kept what releases it`;
  if (isGuard && !hasRelease(hold)) return 'is held for ever: its guard was collected, and nothing else releases it';
  const how = threw ? 'the function that took it has thrown' : 'who took it has ended';
  const lost = isGuard ? 'its guard was collected' : `${how} without a call of its releaser, which was collected`;
  return `is held, and ${lost}: only release() of the lock itself could free it`;
}

function hasRelease({ lock }: Hold): boolean {
  return 'release' in lock.owner;
}

function lateAdvice(lockClass: string): string {
  return (
    `Pass \`signal\` or \`timeout\` to the acquisition of ${lockClass}: who gives up a wait by a race leaves its place in the queue, and ` +
    'the lock is granted to nobody.'
  );
}
