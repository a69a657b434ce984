/**
 * What services assert about their locks. An assertion fails only where the answer is certain: while nothing is followed,
 * or in a flow that the tracker does not know, every assertion passes.
 */
import type { PermitCore } from '../primitives/permit-core.js';
import { errorCode, LockdepError } from '../validator/errors.js';
import { failedAssertion } from '../validator/rules/assertion.js';
import type { Runtime } from '../validator/runtime.js';

type Below = (...args: never[]) => unknown;

/**
 * Does the running flow hold `lock`? undefined: not known. `false` only for a lock that nobody holds: a flow that does not
 * list it may still have been handed it, or be a job that its holder waits for.
 */
export function isHeldBy(runtime: Runtime, lock: PermitCore, below: Below): boolean | undefined {
  if (runtime.off || lock.rt !== runtime) return undefined;
  if (lock.firstHold === undefined) return lock.value < lock.capacity ? undefined : false;
  const { validator } = runtime;
  const listed = validator.tracker.held().find((node) => node.lock === lock);
  if (listed !== undefined) return validator.evidenceNow(listed, below) === 'suspected' ? undefined : true;
  return validator.scopeAround(lock, below) ? true : undefined;
}

export function assertHeld(runtime: Runtime, lock: PermitCore, below: Below): void {
  if (isHeldBy(runtime, lock, below) !== false) return;
  fail(runtime, 'the flow does not hold the lock, as it must here', lock, below);
}

export function assertNotHeld(runtime: Runtime, lock: PermitCore, below: Below): void {
  if (isHeldBy(runtime, lock, below) !== true) return;
  fail(runtime, 'the flow holds the lock, as it must not here', lock, below);
}

export function assertNoneHeld(runtime: Runtime, below: Below): void {
  if (runtime.off) return;
  const { validator } = runtime;
  const certain = validator.tracker.held().some((node) => validator.evidenceNow(node, below) !== 'suspected');
  if (certain) fail(runtime, 'the flow holds a lock where it must hold none', undefined, below);
}

function fail(runtime: Runtime, what: string, lock: PermitCore | undefined, below: Below): void {
  const held = runtime.validator.tracker.held().toReversed();
  const report = runtime.report(failedAssertion(what, lock, held, below));
  if (runtime.enforce) throw new LockdepError(report.message, errorCode(report.kind), report);
}
