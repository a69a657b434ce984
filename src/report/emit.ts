/**
 * Shows a report: a process warning, and the user's `onReport`.
 *
 * Invariant: showing a report never disturbs the program that it is about. Neither a failing `onReport`, synchronous or not, nor
 * a replaced `process.emitWarning` that throws reaches the caller; what that does not show goes to stderr. (A throwing listener of 'warning' runs later, outside
 * of this module, and is the user's.)
 *
 * Cost: for new reports only; the caller sees to that, so a distinct report is shown once. Nothing is awaited.
 */
import { inspect } from 'node:util';
import { guardStderr } from '../classes/stderr-guard.js';
import { plainLines } from '../text/plain.js';
import { NativePromise } from '../classes/intrinsics.js';
import { writeWarning } from '../classes/warn-once.js';
import type { Report, ReportKind } from './types.js';

/** The code of the warning that shows an `onReport` that failed. */
export const ONREPORT_FAILED = 'LOCKDEP_ONREPORT_FAILED';

export interface WarningOptions {
  readonly type: string;
  readonly code: string;
}

export type Warn = (message: string, options: WarningOptions) => void;

export interface EmitOptions {
  readonly onReport?: ((report: Report) => unknown) | undefined;
  /** What shows a warning; false for none. Default: `process.emitWarning`. */
  readonly warn?: Warn | false | undefined;
}

/** Callbacks whose failure has been shown: one that always fails would otherwise say so at every report. */
const failed = new WeakSet<WeakKey>();

/** Shows one report. */
export function emitReport(report: Report, options: EmitOptions = {}): void {
  const warn = options.warn ?? processWarning;
  if (warn !== false) contained(warn, report.message, warningCode(report.kind));
  const { onReport } = options;
  if (onReport === undefined) return;
  // An isolated instance without warnings must not hide that its callback is broken.
  const fail = (error: unknown): void => showFailure(onReport, error, warn === false ? processWarning : warn);
  try {
    const result = onReport(report);
    if (isThenable(result)) void NativePromise.resolve(result).then(undefined, fail);
  } catch (error) {
    fail(error);
  }
}

/** Shows what is no report, in the same way; foreign words in the message need no care. */
export function showWarning(message: string, code: string): void {
  contained(processWarning, plainLines(message), code);
}

/** `LOCKDEP_CIRCULAR_DEPENDENCY` for `circular-dependency`. */
export function warningCode(kind: ReportKind): string {
  return `LOCKDEP_${kind.toUpperCase().replaceAll('-', '_')}`;
}

const emitWarning = process.emitWarning;
/** Handed to the process and not shown yet, by their messages. */
const unshown = new Map<string, WarningOptions>();
let watching = false;

function processWarning(message: string, options: WarningOptions): void {
  // Where somebody has replaced it, showing is theirs.
  if (process.emitWarning === emitWarning) {
    if ((process as { readonly _exiting?: boolean })._exiting === true) {
      showNow(message, options);
      return;
    }
    guardStderr();
    watchExit();
    unshown.set(message, options);
  }
  process.emitWarning(message, options);
}

/** A warning is shown in a later turn. A process that exits in this one would take the report with it. */
function watchExit(): void {
  if (watching) return;
  watching = true;
  process.on('warning', ({ message }) => unshown.delete(message));
  process.on('exit', () => {
    for (const [message, options] of unshown) showNow(message, options);
  });
}

/**
 * For a process that has no later turn. Node's own listener shows it then too, if there is one: it knows of --no-warnings,
 * --disable-warning and --redirect-warnings.
 */
function showNow(message: string, { type, code }: WarningOptions): void {
  const stack = `${type}: ${message}`;
  try {
    process.emit('warning', Object.assign(new Error(message), { name: type, code, stack }));
  } catch {
    // A listener that throws, or stderr: the process ends as it would have.
  }
}

function showFailure(onReport: NonNullable<EmitOptions['onReport']>, error: unknown, warn: Warn): void {
  if (failed.has(onReport)) return;
  if (typeof onReport === 'function') failed.add(onReport); // without types it can be anything
  contained(warn, `onReport failed, and is left to fail in silence from now on: ${errorText(error)}`, ONREPORT_FAILED);
}

function contained(warn: Warn, message: string, code: string): void {
  try {
    warn(message, { type: 'LockdepWarning', code });
  } catch {
    unshown.delete(message);
    writeWarning(message);
  }
}

function isThenable(value: unknown): boolean {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && 'then' in value;
}

/** Anything can be thrown, even what cannot be printed. */
export function errorText(error: unknown): string {
  try {
    return plainLines(inspect(error));
  } catch {
    return 'an error that cannot be printed';
  }
}
