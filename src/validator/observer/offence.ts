/** What a look at the stack of an attempt comes to. */
import type { Hold } from '../../model/hold.js';
import { errorCode, LockdepError } from '../../errors.js';
import type { Below } from '../../locks/observed.js';
import type { ObserverHost } from './host.js';

/** In enforce, the error with which attempts are refused that are seen to be an offence now. `below`: as for captureFrames. */
export function offenceOf(runtime: ObserverHost, holds: readonly Hold[], below: Below): LockdepError | undefined {
  const reports = holds.map((hold) => runtime.validator.probe(hold, below));
  const report = reports.find((found) => found !== undefined);
  if (report === undefined || !runtime.enforce) return undefined;
  return new LockdepError(report.message, errorCode(report.kind), report);
}
