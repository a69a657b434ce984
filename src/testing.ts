/** Helpers for tests: `createLockdep` for an isolated instance, `expectReport` for the validator of the process. */
import { lockdep } from './index.js';
import { expectReport as expectReportOf } from './api/isolated-lockdep.js';
import type { Report, ReportKind } from './report/types.js';

export { createLockdep, type IsolatedLockdep, type IsolatedOptions } from './api/isolated-lockdep.js';
export type { Clock } from './platform/clock.js';

/** Runs `fn` and resolves with the one report of `kind` that it made or repeated; rejects for none, or others besides. */
export function expectReport(kind: ReportKind, fn: () => unknown): Promise<Report> {
  return expectReportOf(lockdep, kind, fn);
}
