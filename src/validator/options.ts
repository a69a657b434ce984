/** What `lockdep.configure()` takes, checked. Loads no validator. */
import { checkedMode, checkedTracking, type Mode, type TrackingLevel } from '../model/mode.js';
import { describe } from '../platform/describe.js';
import type { Report } from '../report/types.js';

export interface LockdepOptions {
  /** off: locks only. warn: reports. enforce: the offending call throws too. The environment's LOCKDEP wins. */
  mode: Mode;
  /** precise: also imperative holds are followed, by promise hooks. light: scopes alone. LOCKDEP_TRACKING wins. */
  tracking: TrackingLevel;
  /** Called with every distinct report, besides the process warning. Its own failures are contained and shown. */
  onReport: ((report: Report) => void) | undefined;
  /** Default true, in isolated instances false. false: reports are not printed as process warnings; `onReport` gets them all the same. */
  warnings: boolean;
  /** Lines kept of each stack in a report. */
  stackDepth: number;
}

/** Throws for what makes no sense; then nothing is changed. */
export function checkedOptions(options: unknown): Partial<LockdepOptions> {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, got ${describe(options)}`);
  }
  const { mode, tracking, onReport, warnings, stackDepth } = options as Partial<LockdepOptions>;
  if (mode !== undefined) checkedMode(mode, 'option mode');
  if (tracking !== undefined) checkedTracking(tracking, 'option tracking');
  if (onReport !== undefined && typeof onReport !== 'function') {
    throw new TypeError(`option onReport must be a function, got ${describe(onReport)}`);
  }
  if (warnings !== undefined && typeof warnings !== 'boolean') {
    throw new TypeError(`option warnings must be a boolean, got ${describe(warnings)}`);
  }
  if (stackDepth !== undefined && !(Number.isInteger(stackDepth) && stackDepth > 0)) {
    throw new RangeError(`option stackDepth must be a positive integer, got ${describe(stackDepth)}`);
  }
  return options;
}
