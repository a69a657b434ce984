/** What the constructors of locks accept, checked. */
import { LockClass, namedClass } from '../../model/lock-class.js';
import { isObject, mistyped } from '../../platform/describe.js';
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

/** async-mutex's argument: it takes anything at all for what `cancel()` rejects with. `kind`: whose constructor. */
export function asyncMutexOptions(given: unknown, kind: string): LockOptions {
  return given !== undefined && isCancelError(given) ? { cancelError: given as Error } : lockOptions(given, kind);
}

/** The constructor argument: a cancel error, or options. `kind` knows more of them: known-options.ts. */
export function lockOptions(given: unknown, kind: string): LockOptions {
  if (given === undefined) return {};
  if (given instanceof NativeError) return { cancelError: given };
  if (!isObject(given)) throw mistyped('options', 'an object or an Error', given);
  noteUnknown(given, kind);
  const { cancelError } = given as LockOptions;
  checkNames(given);
  // async-mutex takes whatever there is: an Error of another realm, or an object that is thrown.
  if (cancelError !== undefined && !isObject(cancelError)) {
    throw mistyped('option cancelError', 'an Error', cancelError);
  }
  return given;
}

/** The options `class` and `name`. */
export function checkNames({ class: ofClass, name }: LockOptions): void {
  if (ofClass !== undefined && typeof ofClass !== 'string') checkedClass(ofClass, 'option class');
  if (name !== undefined && typeof name !== 'string') {
    throw mistyped('option name', 'a string', name);
  }
}

/** An object of a class may hold options, but a name tells none: errors have names too. An object literal of any realm does. */
function isCancelError(given: unknown): boolean {
  if (!isObject(given)) return true;
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return false;
  return !('class' in given || 'cancelError' in given);
}

/** A string stands for the class of that name. */
export function checkedClass(given: unknown, what: string): LockClass {
  if (typeof given === 'string') return namedClass(given);
  if (given instanceof LockClass) return given;
  throw mistyped(what, 'a LockClass or a string', given);
}
