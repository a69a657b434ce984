/** The errors of this package. A fresh object each time; `code` is stable; `instanceof` works across two copies. */
import type { Report, ReportKind } from './report/types.js';

const brandOf = (code: string): symbol => Symbol.for(`lockdep.error.${code}`);
const ANY = brandOf('any');

/** Base of all; also thrown itself in `enforce`, with `ERR_LOCKDEP_<KIND>` and the report. */
export class LockdepError extends Error {
  override readonly name: string = 'LockdepError';
  readonly code: string;
  /** The report that this error stands for, if there is one. */
  readonly report?: Report;

  constructor(message: string, code: string, report?: Report) {
    super(message);
    this.code = code;
    if (report !== undefined) this.report = report;
    Object.defineProperty(this, ANY, { value: true });
    Object.defineProperty(this, brandOf(code), { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const { CODE: code } = this as { readonly CODE?: string };
    const brand = code === undefined ? ANY : brandOf(code);
    return typeof value === 'object' && value !== null && brand in value;
  }
}

/** A wait took longer than its `timeout`. The place in the queue has been given up; nothing is held. */
export class LockTimeoutError extends LockdepError {
  static readonly CODE: string = 'ERR_LOCKDEP_TIMEOUT';
  override readonly name: string = 'LockTimeoutError';

  /** `timeout` in milliseconds; `what` was not so by then. */
  constructor(timeout: number, what = 'the lock was not available') {
    super(`${what} within ${timeout} ms`, LockTimeoutError.CODE);
  }
}

/** A guard was released that holds nothing any more. The lock is as it was. */
export class NotHeldError extends LockdepError {
  static readonly CODE: string = 'ERR_LOCKDEP_NOT_HELD';
  override readonly name: string = 'NotHeldError';

  constructor() {
    super('this guard has been released already', NotHeldError.CODE);
  }
}

/** An order of classes is declared whose reverse is known already. Nothing was declared. */
export class DeclaredOrderError extends LockdepError {
  static readonly CODE: string = 'ERR_LOCKDEP_DECLARED_ORDER';
  override readonly name: string = 'DeclaredOrderError';

  constructor(message: string) {
    super(message, DeclaredOrderError.CODE);
  }
}

/** Work was given to a queue that is closed, or was still delayed when it was closed. It will not run. */
export class QueueClosedError extends LockdepError {
  static readonly CODE: string = 'ERR_LOCKDEP_CLOSED';
  override readonly name: string = 'QueueClosedError';

  constructor() {
    super('the work queue is closed', QueueClosedError.CODE);
  }
}

/** The code that a report's kind throws with in `enforce`. */
export function errorCode(kind: ReportKind): string {
  return `ERR_LOCKDEP_${kind.toUpperCase().replaceAll('-', '_')}`;
}
