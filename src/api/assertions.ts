/**
 * What services assert about their locks. An assertion fails only where the answer is certain, at once or when the hold is released:
 * while nothing is followed, or in a flow that the tracker does not know, every assertion passes.
 */
import type { Below } from '../platform/below.js';
import type { LockCore } from '../locks/lock-core.js';
import { evidenceNow, isHeldBy, type Question } from '../validator/held-by.js';
import { failedAssertion } from '../validator/rules/assertion.js';
import type { Runtime } from '../validator/runtime.js';

const IS_HELD = 'the flow holds the lock, as it must not here';
const NONE_HELD = 'the flow holds a lock where it must hold none';
const READS_ONLY = 'the flow holds the lock for reading only, where it must hold it for writing';

/** Does the running flow hold `lock`? undefined: not known. */
export function isHeld(runtime: Runtime, lock: LockCore, below: Below, question?: Question): boolean | undefined {
  if (runtime.off || lock.world !== runtime.world) return undefined;
  return isHeldBy(runtime.validator.tracker, lock, below, question);
}

export function assertHeld(runtime: Runtime, lock: LockCore, mode: 'read' | 'write', below: Below): void {
  const held = isHeld(runtime, lock, below, mode === 'write' ? 'exclusive' : 'any');
  if (held === undefined && mode === 'write') presumeRead(runtime, lock, below);
  if (held !== false) return;
  const reads = mode === 'write' && isHeld(runtime, lock, below) === true;
  const what = reads ? READS_ONLY : 'the flow does not hold the lock, as it must here';
  fail(runtime, what, lock, below);
}

export function assertNotHeld(runtime: Runtime, lock: LockCore, below: Below): void {
  const held = isHeld(runtime, lock, below);
  if (held === true) fail(runtime, IS_HELD, lock, below);
  else if (held === undefined) presume(runtime, IS_HELD, lock, below);
}

export function assertNoneHeld(runtime: Runtime, below: Below): void {
  if (runtime.off) return;
  const { tracker } = runtime.validator;
  const certain = tracker.held().some((node) => evidenceNow(tracker, node, below) !== 'suspected');
  if (certain) fail(runtime, NONE_HELD, undefined, below);
  else presume(runtime, NONE_HELD, undefined, below);
}

/** For writing, where all that the flow may hold of the lock are reads. */
function presumeRead(runtime: Runtime, lock: LockCore, below: Below): void {
  if (runtime.off || lock.world !== runtime.world) return;
  const listed = runtime.validator.tracker.heldOf(lock);
  if (listed.length > 0 && listed.every(({ shared }) => shared)) presume(runtime, READS_ONLY, lock, below);
}

/** Who has it is certain at its release at the latest. */
function presume(runtime: Runtime, what: string, lock: LockCore | undefined, below: Below): void {
  if (runtime.off || (lock !== undefined && lock.world !== runtime.world)) return;
  const { validator } = runtime;
  const held = validator.tracker.held();
  const meant = lock === undefined ? held : held.filter((hold) => hold.lock === lock);
  validator.presume(meant, () => failedAssertion(what, lock, held.toReversed(), below));
}

function fail(runtime: Runtime, what: string, lock: LockCore | undefined, below: Below): void {
  const held = runtime.validator.tracker.held().toReversed();
  const report = runtime.report(failedAssertion(what, lock, held, below));
  runtime.refuse(report);
}
