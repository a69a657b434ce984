/**
 * Adapters that use the seam for foreign locks wrongly: told once, since a mistake in an adapter must not disturb the program
 * that it watches.
 *
 * Invariant: one warning for each kind of lock and fault, at most MAX_MISUSES of them in a process. Nothing here throws.
 */
import { plain } from '../platform/plain-text.js';
import { sharedState } from '../platform/shared-state.js';
import { showWarning } from '../platform/warnings.js';
import type { ObservedLock } from './observed.js';

/** Warnings of this kind in the life of a process: kinds of locks are the adapter's words, and may be any number. */
export const MAX_MISUSES = 100;

const told: Set<string> = sharedState('lockdep.misuses.1', () => new Set<string>());

/** `fault`: a sentence about what was called, one of few. `detail`: of this call, for the text alone. */
export function tellMisuse(lock: ObservedLock, fault: string, detail = ''): void {
  const which = `${lock.primitive} ${fault}`;
  if (told.size >= MAX_MISUSES || told.has(which)) return;
  told.add(which);
  const label = lock.label === undefined ? '' : ` "${plain(lock.label)}"`;
  showWarning(
    `the adapter of ${plain(lock.primitive)} misuses trackedLock: ${fault}${detail} (at a lock of class ${lock.lockClass.name}${label}). ` +
      'The call is ignored',
    'LOCKDEP_FOREIGN_MISUSE',
  );
}
