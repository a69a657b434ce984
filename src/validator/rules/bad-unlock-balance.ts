/**
 * Something is released that is not held: a free mutex, a guard a second time, a mutex that a scope has, or, by a releaser whose lock was taken
 * from it by a foreign `release()`, the hold of somebody else. Or permits that one flow gives back twice, so that there are more
 * than ever; that there are more is no fault by itself, since a `release()` may be meant to add some.
 */
import type { Below } from '../../platform/below.js';
import type { UnlockFault } from '../../locks/observed.js';
import type { HoldMode, Violation } from '../../report/types.js';
import type { TrackedLock } from '../../model/hold.js';
import { captureFrames } from '../../platform/captured-frame.js';

const SUMMARIES: Record<UnlockFault, string> = {
  free: 'the lock is released though nobody holds it',
  'released-guard': 'a guard is released a second time',
  'over-release':
    'the flow gives back more permits than it took, by release() and besides by what the acquisition gave it, and the semaphore has more than ever',
  scope:
    'the lock is released while the callback of a runExclusive() has it until it returns: another flow may enter, and what that one ' +
    'has is released as well when the callback returns',
  'stale-releaser': 'a releaser whose hold was ended by somebody else releases the hold of the next owner',
};

export function badUnlockBalance(
  lock: TrackedLock,
  fault: UnlockFault,
  below: Below,
  mode: HoldMode = 'exclusive',
): Violation {
  const lockClass = lock.lockClass.name;
  return {
    id: `bad-unlock-balance:${fault}:${lockClass}`,
    kind: 'bad-unlock-balance',
    tier: 'strict',
    summary: SUMMARIES[fault],
    acquiring: {
      lockClass,
      name: lock.label,
      mode,
      state: 'held',
      evidence: 'own',
      frames: captureFrames(below),
      exact: true,
    },
    held: [],
    task: 'main',
  };
}
