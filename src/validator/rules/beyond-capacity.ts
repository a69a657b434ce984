/**
 * More permits are wanted than the semaphore ever had. No holder can give so many back: the request waits, and all behind it in
 * the queue do, until the value is raised by `setValue()`, or by a `release()` of permits that nobody took. Somebody may do that,
 * so it is a suspicion. A semaphore that starts at 0 is a signal, and is not asked about.
 */
import type { Below } from '../../platform/below.js';
import type { LockClass } from '../../model/lock-class.js';
import type { Violation } from '../../report/types.js';
import type { TrackedLock } from '../../model/hold.js';
import { captureFrames } from '../../platform/captured-frame.js';

export function beyondCapacity(lock: TrackedLock, lockClass: LockClass, wanted: number, below: Below): Violation {
  const { capacity } = lock;
  return {
    id: `semaphore-exhaustion:beyond:${lockClass.name}`,
    kind: 'semaphore-exhaustion',
    tier: 'advisory',
    summary:
      `${wanted} permits are wanted of a semaphore that never had more than ${capacity}: unless its value is raised, this one is ` +
      'never granted, nor is any behind it in the queue',
    advice: `Ask for ${capacity} at most, or raise the value first, with setValue().`,
    acquiring: {
      lockClass: lockClass.name,
      name: lock.label,
      permits: { count: wanted, of: capacity },
      mode: 'exclusive',
      state: 'waiting',
      evidence: 'own',
      frames: captureFrames(below),
      exact: true,
    },
    held: [],
    task: 'main',
  };
}
