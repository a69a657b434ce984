/**
 * Shows a report: a process warning, and the user's `onReport`.
 *
 * Invariant: showing a report never disturbs the program that it is about. A failing callback of the user, synchronous or not,
 * is contained and shown, once; for warnings see platform/kept-warnings.ts.
 *
 * Cost: for new reports only; the caller sees to that, so a distinct report is shown once. Nothing is awaited.
 */
import { resolved } from '../platform/intrinsics.js';
import { contained, processWarning } from '../platform/kept-warnings.js';
import { errorText, type Warn } from '../platform/warnings.js';
import type { Report, ReportKind } from './types.js';

/** The code of the warning that shows an `onReport` that failed. */
export const ONREPORT_FAILED = 'LOCKDEP_ONREPORT_FAILED';

export interface EmitOptions {
  readonly onReport?: ((report: Report) => unknown) | undefined;
  /** What shows a warning; false for none. Default: `process.emitWarning`. */
  readonly warn?: Warn | false | undefined;
}

/** How the failure of a callback is shown. */
interface Failing {
  /** What the callback is, as the text of the warning begins. */
  readonly name: string;
  readonly code: string;
  readonly warn?: Warn;
}

/** Callbacks whose failure has been shown: one that always fails would otherwise say so at every report. */
const failed = new WeakSet<WeakKey>();

/** Shows one report. */
export function emitReport(report: Report, options: EmitOptions = {}): void {
  const warn = options.warn ?? processWarning;
  if (warn !== false) contained(warn, report.message, warningCode(report.kind));
  const { onReport } = options;
  if (onReport === undefined) return;
  // An instance without warnings must not hide that its callback is broken.
  callContained(onReport, report, {
    name: 'onReport',
    code: ONREPORT_FAILED,
    warn: warn === false ? processWarning : warn,
  });
}

/** Calls a function of the user's, whose failure disturbs nobody. */
export function callContained<T>(callback: (given: T) => unknown, given: T, failing: Failing): void {
  const fail = (error: unknown): void => showFailure(callback, error, failing);
  try {
    const result = callback(given);
    if (isThenable(result)) void resolved(result).then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}

/** `LOCKDEP_CIRCULAR_DEPENDENCY` for `circular-dependency`. */
export function warningCode(kind: ReportKind): string {
  return `LOCKDEP_${kind.toUpperCase().replaceAll('-', '_')}`;
}

function showFailure(callback: unknown, error: unknown, { name, code, warn = processWarning }: Failing): void {
  // Without types it can be anything.
  if (typeof callback === 'function') {
    if (failed.has(callback)) return;
    failed.add(callback);
  }
  contained(warn, `${name} failed, and is left to fail in silence from now on: ${errorText(error)}`, code);
}

function isThenable(value: unknown): boolean {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && 'then' in value;
}
