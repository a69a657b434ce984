/** What the constructors of locks accept, checked. */
import { LockClass, lockClass } from '../../model/lock-class.js';
import { describe } from '../../platform/describe.js';
import { NativeError } from '../../platform/intrinsics.js';
import { noteUnknown } from '../../platform/unknown-options.js';

/**
 * Options of every constructor. An option that is undefined is as if it were not there.
 *
 * @example
 * ```ts
 * const options: LockOptions = { class: 'accounts', name: 'account 7', cancelError: new Error('the server goes down') };
 * const mutex = new Mutex(options);
 * ```
 */
export interface LockOptions {
  /**
   * The lock's class, or the name of one (`lockClass(name)`): all locks of one class obey one order.
   *
   * @default undefined: the place where the lock is constructed, as a guess
   */
  class?: LockClass | string | undefined;
  /**
   * Label of this instance in reports.
   *
   * @default undefined: no label
   */
  name?: string | undefined;
  /**
   * What `cancel()` rejects the waiters with.
   *
   * @default E_CANCELED
   */
  cancelError?: Error | undefined;
}

const COMMON = ['class', 'name', 'cancelError'] as const;
const OF_ALL: ReadonlySet<string> = new Set(COMMON);
/** Those that only some constructors take. */
const OF_KIND: Readonly<Record<string, ReadonlySet<string>>> = {
  RWSemaphore: new Set([...COMMON, 'fairness']),
  PseudoLock: new Set([...COMMON, 'shared']),
  WorkQueue: new Set([...COMMON, 'concurrency', 'onError']),
};

/** Those of async-mutex, which takes anything at all for what `cancel()` rejects with. */
const ASYNC_MUTEX: ReadonlySet<string> = new Set(['Mutex', 'Semaphore']);

/** The constructor argument: async-mutex's cancel error, or options. `kind`: whose constructor. */
export function lockOptions(given: unknown, kind: string): LockOptions {
  if (given === undefined) return {};
  if (!isPlain(given) && isCancelError(given, kind)) return { cancelError: given as Error };
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`options must be an object or an Error, got ${describe(given)}`);
  }
  noteUnknown(given, OF_KIND[kind] ?? OF_ALL, `the constructor of ${kind}`);
  const { cancelError } = given as LockOptions;
  checkNames(given);
  // async-mutex takes whatever there is: an Error of another realm, or an object that is thrown.
  if (cancelError !== undefined && (typeof cancelError !== 'object' || cancelError === null)) {
    throw new TypeError(`option cancelError must be an Error, got ${describe(cancelError)}`);
  }
  return given;
}

/** The options `class` and `name`. */
export function checkNames({ class: ofClass, name }: LockOptions): void {
  if (ofClass !== undefined && typeof ofClass !== 'string') checkedClass(ofClass, 'option class');
  if (name !== undefined && typeof name !== 'string') {
    throw new TypeError(`option name must be a string, got ${describe(name)}`);
  }
}

function isPlain(given: unknown): boolean {
  return typeof given === 'object' && given !== null && Object.getPrototypeOf(given) === Object.prototype;
}

/** An object of a class may hold options, but a name tells none: errors have names too. An object literal of any realm does. */
function isCancelError(given: unknown, kind: string): boolean {
  if (given instanceof NativeError) return true;
  if (!ASYNC_MUTEX.has(kind)) return false;
  if (typeof given !== 'object' || given === null) return true;
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return false;
  return !('class' in given || 'cancelError' in given);
}

/** A string stands for the class of that name. */
export function checkedClass(given: unknown, what: string): LockClass {
  if (typeof given === 'string') return lockClass(given);
  if (given instanceof LockClass) return given;
  throw new TypeError(`${what} must be a LockClass or a string, got ${describe(given)}`);
}
