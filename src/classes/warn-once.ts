/**
 * Warnings of the parts below the reports.
 *
 * Invariant: one warning for each text in a process, whichever copy of the package gives it; texts that differ without end are
 * for the caller to bound. Where `process.emitWarning` throws (a program may have replaced it, or what it needs), the text
 * goes to stderr, and the program goes on.
 */
import { writeSync } from 'node:fs';
import { sharedState } from './shared-state.js';

const told: Set<string> = sharedState('lockdep.warnings.1', () => new Set<string>());

export function warnOnce(message: string, code: string): void {
  if (told.has(message)) return;
  told.add(message);
  try {
    process.emitWarning(message, { type: 'LockdepWarning', code });
  } catch {
    writeWarning(message);
  }
}

/** The last resort. A stderr that is closed ends nothing. */
export function writeWarning(message: string): void {
  try {
    writeSync(process.stderr.fd ?? 2, `LockdepWarning: ${message}\n`);
  } catch {
    // There is no further place to complain to.
  }
}
