/**
 * An acquisition names a nest lock, which is to serialise the locks of one class that are taken under it, and the flow
 * does not hold it. Made only where that is certain, so it is strict.
 */
import type { Below } from '../../platform/below.js';
import type { LockClass } from '../../model/lock-class.js';
import type { HoldMode, Violation } from '../../report/types.js';
import { captureFrames } from '../../platform/captured-frame.js';
import type { Hold, TrackedLock } from '../../model/hold.js';
import { rawUse, useFacts } from '../lock-use.js';

/** `held` is all that the flow holds, outermost first. */
export function nestLockNotHeld(
  lock: TrackedLock,
  lockClass: LockClass,
  nestLock: TrackedLock,
  mode: HoldMode,
  held: readonly Hold[],
  below: Below,
): Violation {
  const frames = captureFrames(below);
  const nest = nestLock.lockClass.name;
  return {
    id: `nest-lock-not-held:${nest}:${lockClass.name}`,
    kind: 'nest-lock-not-held',
    tier: 'strict',
    summary: `the nest lock ${nest}${nestLock.label === undefined ? '' : ` "${nestLock.label}"`} is not held by this flow`,
    acquiring: {
      lockClass: lockClass.name,
      name: lock.label,
      mode,
      state: 'waiting',
      evidence: 'own',
      frames,
      exact: true,
    },
    held: held.map((node) => rawUse(useFacts(node, 'proven', frames))),
    task: held.at(-1)?.task?.name ?? 'main',
  };
}
