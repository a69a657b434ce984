/** What `lockdep.configure()` takes, checked. Loads no validator. */
import { checkedMode, checkedTracking, type Mode, type TrackingLevel } from '../model/mode.js';
import { describe, mistyped } from '../platform/describe.js';
import type { Report } from '../report/types.js';

/** The longest time that a timer can wait for. */
const MAX_DELAY: number = 2 ** 31 - 1;

/**
 * What `lockdep.configure()` takes, some or all of it. An option that is undefined stays as it is, except for `onReport`, which ends
 * then.
 *
 * @example
 * ```ts
 * const options: Partial<LockdepOptions> = { mode: 'warn', onReport: (report) => console.error(report.message) };
 * lockdep.configure(options);
 * ```
 */
export interface LockdepOptions {
  /**
   * off: locks only. warn: one process warning for each distinct report. enforce: the offending call throws too. The environment's
   * LOCKDEP wins.
   *
   * @default 'warn' where NODE_ENV is 'development' or 'test', else 'off'
   */
  mode: Mode;
  /**
   * precise: locks that are taken by a call are followed too, by promise hooks. light: those of `runExclusive` alone. The
   * environment's LOCKDEP_TRACKING wins.
   *
   * @default 'precise'
   */
  tracking: TrackingLevel;
  /**
   * Called with every distinct report, besides the process warning. Its own failures are contained and shown.
   *
   * @default undefined
   */
  onReport: ((report: Report) => void) | undefined;
  /**
   * false: reports are not printed as process warnings; `onReport` and subscribers get them all the same.
   *
   * @default true, in isolated instances false
   */
  warnings: boolean;
  /**
   * Lines kept of each stack in a report: a whole number from 1.
   *
   * @default 20
   */
  stackDepth: number;
  /**
   * A wait for what is held that is older than so many milliseconds is reported once for each lock (`stall`, advisory). 0: never.
   *
   * @default 30000
   */
  stallTimeout: number;
  /**
   * Flows that wait for each other for so many milliseconds without a change are reported (`deadlock`, advisory: a timer may
   * release what one of them holds); where scopes make it certain, at once and as strict. 0: neither. At the end of a process they are
   * reported in any case, as strict.
   *
   * @default 1000
   */
  deadlockCheckAfter: number;
}

/** Any of the options, also as undefined. */
export type SomeOptions = { readonly [Name in keyof LockdepOptions]?: LockdepOptions[Name] | undefined };

/** Throws for what makes no sense; then nothing is changed. */
export function checkedOptions(options: unknown): SomeOptions {
  if (typeof options !== 'object' || options === null) {
    throw mistyped('options', 'an object', options);
  }
  const { mode, tracking, onReport, warnings, stackDepth } = options as SomeOptions;
  if (mode !== undefined) checkedMode(mode, 'option mode');
  if (tracking !== undefined) checkedTracking(tracking, 'option tracking');
  if (onReport !== undefined && typeof onReport !== 'function') {
    throw mistyped('option onReport', 'a function', onReport);
  }
  if (warnings !== undefined && typeof warnings !== 'boolean') {
    throw mistyped('option warnings', 'a boolean', warnings);
  }
  if (stackDepth !== undefined && typeof stackDepth !== 'number')
    throw mistyped('option stackDepth', 'a number', stackDepth);
  if (stackDepth !== undefined && !(Number.isInteger(stackDepth) && stackDepth > 0)) {
    throw new RangeError(`option stackDepth must be a positive integer, got ${describe(stackDepth)}`);
  }
  checkedDelay(options, 'stallTimeout');
  checkedDelay(options, 'deadlockCheckAfter');
  return options;
}

function checkedDelay(options: SomeOptions, name: 'stallTimeout' | 'deadlockCheckAfter'): void {
  const delay: unknown = options[name];
  if (delay === undefined) return;
  if (typeof delay !== 'number') throw mistyped(`option ${name}`, 'a number', delay);
  if (!(delay >= 0 && delay <= MAX_DELAY)) {
    throw new RangeError(`option ${name} must be from 0 to ${MAX_DELAY} milliseconds, got ${describe(delay)}`);
  }
}
