/** Helpers for tests: `createLockdep` for an isolated instance, `expectReport` for the validator of the process. */
import { lockdep } from './index.js';
import { expectReport as expectReportOf } from './api/isolated-lockdep.js';
import type { Report, ReportKind } from './report/types.js';

export { createLockdep, type IsolatedLockdep, type IsolatedOptions } from './api/isolated-lockdep.js';
export type { Clock } from './platform/clock.js';

/**
 * Runs `fn` and resolves with the one report of `kind` that it made or repeated, by locks of the process. For locks of an isolated
 * instance take its own `expectReport`.
 *
 * @throws {TypeError} when `fn` is no function
 * @throws {Error} when it made no report, or others besides
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * const report = await expectReport('recursive-locking', () => mutex.runExclusive(() => mutex.might()));
 * console.log(report.tier); // strict
 * ```
 */
export function expectReport(kind: ReportKind, fn: () => unknown): Promise<Report> {
  return expectReportOf(lockdep, kind, fn);
}
