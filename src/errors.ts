/** The errors of this package. A fresh object each time; `code` is stable; `instanceof` works across two copies. */
import { isObject } from './platform/describe.js';
import type { Report, ReportKind } from './report/types.js';

/** A kind of report as codes spell it: CIRCULAR_DEPENDENCY. */
type Spelled<Kind extends string> = Kind extends `${infer Word}-${infer Rest}`
  ? `${Uppercase<Word>}_${Spelled<Rest>}`
  : Uppercase<Kind>;

/**
 * Every `code` of this package's errors: `ERR_LOCKDEP_<KIND>` for each kind of report, and one for each other failure.
 *
 * @example
 * ```ts
 * const isTimeout = (error: unknown): boolean => {
 *   const code: LockdepErrorCode = 'ERR_LOCKDEP_TIMEOUT';
 *   return error instanceof LockdepError && error.code === code;
 * };
 * console.log(isTimeout(new Error('another'))); // false
 * ```
 */
export type LockdepErrorCode =
  | 'ERR_LOCKDEP_TIMEOUT'
  | 'ERR_LOCKDEP_NOT_HELD'
  | 'ERR_LOCKDEP_DECLARED_ORDER'
  | 'ERR_LOCKDEP_CLOSED'
  | `ERR_LOCKDEP_${Spelled<ReportKind>}`;

const BRAND = Symbol.for('lockdep.error');

/**
 * What an offending call throws or rejects with in `enforce`, with the code of the report's kind; and the base of all errors of
 * this package. A call that is refused takes no lock and keeps no place in a queue.
 *
 * @example
 * ```ts
 * const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
 * try {
 *   await a.runExclusive(() => b.runExclusive(() => 'done'));
 * } catch (error) {
 *   if (!(error instanceof LockdepError)) throw error;
 *   if (error.code === 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY') console.error(error.report?.cycle);
 * }
 * ```
 */
export class LockdepError extends Error {
  /** The name of the class. */
  override readonly name: string = 'LockdepError';
  /** What has failed; the same in every version. */
  declare readonly code: LockdepErrorCode;
  /** The report that this error stands for, if there is one. */
  declare readonly report?: Report;

  /** Made by this package: a program has nothing to make one for, except in a test. */
  constructor(message: string, code: LockdepErrorCode, report?: Report) {
    super(message);
    this.code = code;
    if (report !== undefined) this.report = report;
  }

  /** @internal */
  get [BRAND](): true {
    return true;
  }

  /** Also true for an error of another copy of this package. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    const { CODE: code } = this as { readonly CODE?: LockdepErrorCode };
    return isObject(value) && BRAND in value && (code === undefined || (value as LockdepError).code === code);
  }
}

/** What is known of a wait whose time is up. JSON can carry all of it. */
export interface LockTimeoutFacts {
  /** The lock that was waited for, as reports name it. */
  readonly lock?: string;
  /** The task of whoever has it, of several the one that has had it for longest. */
  readonly holder?: string;
  /** Where that one took it, `file:line:column`. */
  readonly site?: string;
  /** How many milliseconds ago that one asked for it, as fine as the times in `lockdep.waits()`. */
  readonly age?: number;
  /** How many waited for the lock, this one included. */
  readonly queueLength?: number;
}

/**
 * A wait took longer than its option `timeout`. The place in the queue has been given up, and nothing is held.
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * try {
 *   await mutex.runExclusive(() => 'done', { timeout: 100 });
 * } catch (error) {
 *   if (!(error instanceof LockTimeoutError)) throw error;
 *   console.error(`busy: ${error.queueLength} wait, since ${error.site}`);
 * }
 * ```
 */
export class LockTimeoutError extends LockdepError implements LockTimeoutFacts {
  /** The code of every error of this class. */
  static readonly CODE = 'ERR_LOCKDEP_TIMEOUT';
  /** The name of the class. */
  override readonly name: string = 'LockTimeoutError';
  /** Always ERR_LOCKDEP_TIMEOUT. */
  declare readonly code: typeof LockTimeoutError.CODE;
  /** The lock that was waited for, as reports name it; undefined while the mode is off, and for what is no lock. */
  declare readonly lock?: string;
  /** The task of whoever has it, where that is known. */
  declare readonly holder?: string;
  /** Where that one took it, `file:line:column`, where that is known. */
  declare readonly site?: string;
  /** How many milliseconds ago that one asked for it. */
  declare readonly age?: number;
  /** How many waited for the lock, this one included; undefined while the mode is off, and for what is no lock. */
  declare readonly queueLength?: number;

  /** `timeout` in milliseconds, for a message of its own. */
  constructor(timeout: number, message = `the lock was not available within ${timeout} ms`) {
    super(message, 'ERR_LOCKDEP_TIMEOUT');
  }
}

/**
 * A guard was released that holds nothing any more. The lock is as it was: whoever holds it now still does.
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * const guard = await mutex.lock();
 * guard.release();
 * try {
 *   guard.release();
 * } catch (error) {
 *   console.error(error instanceof NotHeldError); // true
 * }
 * ```
 */
export class NotHeldError extends LockdepError {
  /** The code of every error of this class. */
  static readonly CODE = 'ERR_LOCKDEP_NOT_HELD';
  /** The name of the class. */
  override readonly name: string = 'NotHeldError';
  /** Always ERR_LOCKDEP_NOT_HELD. */
  declare readonly code: typeof NotHeldError.CODE;

  /** Of a guard. */
  constructor() {
    super('this guard has been released already', 'ERR_LOCKDEP_NOT_HELD');
  }
}

/**
 * An order of classes was declared whose reverse is known already. Nothing was declared.
 *
 * @example
 * ```ts
 * try {
 *   lockdep.declareOrder('accounts', 'audit log');
 * } catch (error) {
 *   if (!(error instanceof DeclaredOrderError)) throw error;
 *   console.error(error.message); // which order is known, and from where
 * }
 * ```
 */
export class DeclaredOrderError extends LockdepError {
  /** The code of every error of this class. */
  static readonly CODE = 'ERR_LOCKDEP_DECLARED_ORDER';
  /** The name of the class. */
  override readonly name: string = 'DeclaredOrderError';
  /** Always ERR_LOCKDEP_DECLARED_ORDER. */
  declare readonly code: typeof DeclaredOrderError.CODE;

  /** `message` says which order is known, and from where. */
  constructor(message: string) {
    super(message, DeclaredOrderError.CODE);
  }
}

/**
 * Work was given to a queue that is closed, or was still delayed when it was closed. It will not run.
 *
 * @example
 * ```ts
 * const queue = new WorkQueue();
 * await queue.close();
 * await queue.run(() => 'done').catch((error: unknown) => {
 *   if (!(error instanceof QueueClosedError)) throw error;
 *   console.error('the service is going down');
 * });
 * ```
 */
export class QueueClosedError extends LockdepError {
  /** The code of every error of this class. */
  static readonly CODE = 'ERR_LOCKDEP_CLOSED';
  /** The name of the class. */
  override readonly name: string = 'QueueClosedError';
  /** Always ERR_LOCKDEP_CLOSED. */
  declare readonly code: typeof QueueClosedError.CODE;

  /** Of a queue. */
  constructor() {
    super('the work queue is closed', QueueClosedError.CODE);
  }
}

/**
 * The wait was one of a deadlock that has happened, and is certain: in `enforce` the one that began last gives up, so that the
 * others go on. The place in the queue has been given up, and nothing is held of what was wanted; what the flow held before, it
 * still does.
 *
 * @example
 * ```ts
 * const [from, to] = [new Mutex({ class: 'from' }), new Mutex({ class: 'to' })];
 * try {
 *   await from.runExclusive(() => to.runExclusive(() => 'done'));
 * } catch (error) {
 *   if (!(error instanceof DeadlockError)) throw error;
 *   console.error(error.report?.cycle?.map((link) => link.acquiring.site));
 * }
 * ```
 */
export class DeadlockError extends LockdepError {
  /** The code of every error of this class. */
  static readonly CODE = 'ERR_LOCKDEP_DEADLOCK';
  /** The name of the class. */
  override readonly name: string = 'DeadlockError';
  /** Always ERR_LOCKDEP_DEADLOCK. */
  declare readonly code: typeof DeadlockError.CODE;

  /** `report` says who waits for whom. */
  constructor(message: string, report?: Report) {
    super(message, DeadlockError.CODE, report);
  }
}

/** The code that a report's kind throws with in `enforce`. */
export function errorCode(kind: ReportKind): LockdepErrorCode {
  return `ERR_LOCKDEP_${kind.toUpperCase().replaceAll('-', '_')}` as LockdepErrorCode;
}
