/**
 * What services assert about their locks. An assertion fails only where the answer is certain: while nothing is followed,
 * or in a flow that the tracker does not know, every assertion passes.
 */
import type { Below } from '../platform/below.js';
import type { LockCore } from '../locks/lock-core.js';
import { evidenceNow, isHeldBy, type Question } from '../validator/held-by.js';
import { failedAssertion } from '../validator/rules/assertion.js';
import type { Runtime } from '../validator/runtime.js';

/** Does the running flow hold `lock`? undefined: not known. */
export function isHeld(runtime: Runtime, lock: LockCore, below: Below, question?: Question): boolean | undefined {
  if (runtime.off || lock.world !== runtime.world) return undefined;
  return isHeldBy(runtime.validator.tracker, lock, below, question);
}

export function assertHeld(runtime: Runtime, lock: LockCore, mode: 'read' | 'write', below: Below): void {
  if (isHeld(runtime, lock, below, mode === 'write' ? 'exclusive' : 'any') !== false) return;
  const reads = mode === 'write' && isHeld(runtime, lock, below) === true;
  const what = reads
    ? 'the flow holds the lock for reading only, where it must hold it for writing'
    : 'the flow does not hold the lock, as it must here';
  fail(runtime, what, lock, below);
}

export function assertNotHeld(runtime: Runtime, lock: LockCore, below: Below): void {
  if (isHeld(runtime, lock, below) !== true) return;
  fail(runtime, 'the flow holds the lock, as it must not here', lock, below);
}

export function assertNoneHeld(runtime: Runtime, below: Below): void {
  if (runtime.off) return;
  const { tracker } = runtime.validator;
  const certain = tracker.held().some((node) => evidenceNow(tracker, node, below) !== 'suspected');
  if (certain) fail(runtime, 'the flow holds a lock where it must hold none', undefined, below);
}

function fail(runtime: Runtime, what: string, lock: LockCore | undefined, below: Below): void {
  const held = runtime.validator.tracker.held().toReversed();
  const report = runtime.report(failedAssertion(what, lock, held, below));
  runtime.refuse(report);
}
