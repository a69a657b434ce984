/** An assertion of the program about what it holds does not hold. Strict: it is made only where the answer is known. */
import type { Below } from '../../platform/below.js';
import type { RawUse, Violation } from '../../report/types.js';
import { captureFrames } from '../../platform/captured-frame.js';
import type { Hold, TrackedLock } from '../../model/hold.js';
import { rawUse, useFacts } from '../lock-use.js';

/** `what` names the broken promise, `held` is all that the flow holds, outermost first. */
export function failedAssertion(
  what: string,
  lock: TrackedLock | undefined,
  held: readonly Hold[],
  below: Below,
): Violation {
  const frames = captureFrames(below);
  const about = lock ?? held.at(-1)?.lock;
  const lockClass = about?.lockClass.name ?? '';
  const acquiring: RawUse = {
    lockClass,
    name: about?.label,
    mode: 'exclusive',
    state: 'held',
    evidence: 'own',
    frames,
    exact: true,
  };
  return {
    id: `assertion:${what}:${lockClass}`,
    kind: 'assertion',
    tier: 'strict',
    summary: what,
    acquiring,
    held: held.map((node) => rawUse(useFacts(node, 'proven', frames))),
    task: held.at(-1)?.task?.name ?? 'main',
  };
}
