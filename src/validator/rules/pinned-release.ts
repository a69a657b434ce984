/** A hold is released while somebody has pinned it, which says that it must stay. */
import type { Violation } from '../../report/types.js';
import { captureFrames } from '../../tracker/captured-frame.js';
import type { TrackedLock } from '../../tracker/held-node.js';

export function pinnedRelease(lock: TrackedLock, below: (...args: never[]) => unknown): Violation {
  const lockClass = lock.lockClass.name;
  return {
    id: `assertion:pinned:${lockClass}`,
    kind: 'assertion',
    tier: 'strict',
    summary: 'the lock is released while it is pinned',
    acquiring: {
      lockClass,
      name: lock.label,
      mode: 'exclusive',
      state: 'held',
      evidence: 'own',
      frames: captureFrames(below),
      exact: true,
    },
    held: [],
    task: 'main',
  };
}
