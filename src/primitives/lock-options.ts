/** What the constructors and the acquiring calls accept, checked: a bad value is named together with its argument. */
import { describe, LockClass, lockClass } from '../classes/lock-class.js';
import { noteUnknown } from '../classes/unknown-options.js';
import type { LockCore } from './lock-core.js';
import { CORE } from './symbols.js';

/** Duration in milliseconds. `Infinity` never ends. */
export type Milliseconds = number;

/** The longest finite timeout that a timer can keep. */
export const MAX_TIMEOUT: Milliseconds = 2 ** 31 - 1;

export interface LockOptions {
  /** The lock's class, or the name of one (`lockClass(name)`). Default: the place where the lock is constructed. */
  class?: LockClass | string;
  /** Label of this instance in reports. */
  name?: string;
  /** What `cancel()` rejects the waiters with. Default: async-mutex's `E_CANCELED`. */
  cancelError?: Error;
}

export interface AcquireOptions {
  /** Higher first, equal ones in order of arrival. Default 0. */
  priority?: number;
  /** Rejects with `signal.reason` unchanged; the place in the queue is given up. */
  signal?: AbortSignal;
  /** Rejects with LockTimeoutError after so many milliseconds; the place in the queue is given up. */
  timeout?: Milliseconds;
  /** Validate this acquisition as `lockClass.subclass(level)`. */
  subclass?: number | string;
  /** A lock that this flow holds and that serialises all locks of one class taken under it: their nesting is legal. */
  nestLock?: AnyLock;
}

/** Any lock of this package. */
export interface AnyLock {
  readonly lockClass: LockClass;
  setClass(lockClass: LockClass | string): void;
}

export interface WeightedAcquireOptions extends AcquireOptions {
  /** Permits to take. Default 1. */
  weight?: number;
}

/** A request as the lock wants it: everything filled in and checked. */
export interface PermitRequest {
  readonly weight: number;
  readonly priority: number;
  readonly signal: AbortSignal | undefined;
  readonly timeout: Milliseconds | undefined;
  /** Rejects a timed-out wait; undefined: a LockTimeoutError. */
  readonly timeoutError: unknown;
  readonly subclass: number | string | undefined;
  readonly nestLock: LockCore | undefined;
}

export const PLAIN_REQUEST: PermitRequest = request(1, 0);

export function request(weight: number, priority: number): PermitRequest {
  return {
    weight,
    priority,
    signal: undefined,
    timeout: undefined,
    timeoutError: undefined,
    subclass: undefined,
    nestLock: undefined,
  };
}

/** From the arguments of a Mutex: nothing, a priority, or options. */
export function mutexRequest(given: unknown): PermitRequest {
  return given === undefined ? PLAIN_REQUEST : requestOf(given, 1);
}

/** A priority or options, for a weight that is not the caller's to choose. */
export function requestOf(given: unknown, weight: number): PermitRequest {
  return typeof given === 'number' ? request(weight, checkedPriority(given)) : fromOptions(given, weight, PLAIN);
}

/** From the arguments of a Semaphore: a weight and a priority, or options. */
export function semaphoreRequest(given: unknown, priority: unknown): PermitRequest {
  if (given === undefined && priority === undefined) return PLAIN_REQUEST;
  if (given === undefined || typeof given === 'number') {
    return request(checkedWeight(given ?? 1), checkedPriority(priority ?? 0));
  }
  // What is null is refused below.
  const weight = given === null ? 1 : checkedWeight((given as WeightedAcquireOptions).weight ?? 1);
  const options = fromOptions(given, weight, WEIGHTED);
  return priority === undefined ? options : { ...options, priority: checkedPriority(priority) };
}

const PLAIN: ReadonlySet<string> = new Set(['priority', 'signal', 'timeout', 'subclass', 'nestLock']);
const WEIGHTED: ReadonlySet<string> = new Set([...PLAIN, 'weight']);

function fromOptions(given: unknown, weight: number, known: ReadonlySet<string>): PermitRequest {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`options must be a number or an object, got ${describe(given)}`);
  }
  noteUnknown(given, known, 'an acquisition');
  const { priority, signal, timeout, subclass, nestLock } = given as AcquireOptions;
  if (signal !== undefined && !isSignal(signal)) {
    throw new TypeError(`option signal must be an AbortSignal, got ${describe(signal)}`);
  }
  if (subclass !== undefined && typeof subclass !== 'number' && typeof subclass !== 'string') {
    throw new TypeError(`option subclass must be a number or a string, got ${describe(subclass)}`);
  }
  return {
    weight,
    priority: checkedPriority(priority ?? 0),
    signal,
    timeout: timeout === undefined ? undefined : checkedTimeout(timeout, 'option timeout'),
    timeoutError: undefined,
    subclass,
    nestLock: nestLock === undefined ? undefined : coreOf(nestLock, 'option nestLock'),
  };
}

/** async-mutex's own words, so that code that looks for them finds them. */
export function checkedWeight(weight: unknown): number {
  if (typeof weight !== 'number') throw new TypeError(`weight must be a number, got ${describe(weight)}`);
  if (!(weight > 0)) throw new RangeError(`invalid weight ${weight}: must be positive`);
  return weight;
}

export function checkedPriority(priority: unknown): number {
  if (typeof priority !== 'number') throw new TypeError(`priority must be a number, got ${describe(priority)}`);
  if (Number.isNaN(priority)) throw new RangeError('priority must not be NaN');
  return priority;
}

export function checkedTimeout(timeout: unknown, what: string): Milliseconds {
  if (typeof timeout !== 'number')
    throw new TypeError(`${what} must be a number of milliseconds, got ${describe(timeout)}`);
  if (timeout >= 0 && (timeout <= MAX_TIMEOUT || timeout === Infinity)) return timeout;
  throw new RangeError(`${what} must be from 0 to ${MAX_TIMEOUT} milliseconds or Infinity, got ${timeout}`);
}

export function checkedValue(value: unknown, what: string): number {
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, got ${describe(value)}`);
  if (Number.isNaN(value)) throw new RangeError(`${what} must not be NaN`);
  return value;
}

export function checkedCallback(callback: unknown): void {
  if (typeof callback !== 'function') throw new TypeError(`callback must be a function, got ${describe(callback)}`);
}

const COMMON = ['class', 'name', 'cancelError'] as const;
const OF_ALL: ReadonlySet<string> = new Set(COMMON);
/** Those that only some constructors take. */
const OF_KIND: Readonly<Record<string, ReadonlySet<string>>> = {
  RWSemaphore: new Set([...COMMON, 'fairness']),
  PseudoLock: new Set([...COMMON, 'shared']),
  WorkQueue: new Set([...COMMON, 'concurrency', 'onError']),
};

/** The constructor argument: async-mutex's cancel error, or options. `kind`: whose constructor. */
export function lockOptions(given: Error | LockOptions | undefined, kind: string): LockOptions {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`options must be an object or an Error, got ${describe(given)}`);
  }
  if (given instanceof Error) return { cancelError: given };
  noteUnknown(given, OF_KIND[kind] ?? OF_ALL, `the constructor of ${kind}`);
  const { class: ofClass, name, cancelError } = given;
  if (ofClass !== undefined && typeof ofClass !== 'string') checkedClass(ofClass, 'option class');
  if (name !== undefined && typeof name !== 'string') {
    throw new TypeError(`option name must be a string, got ${describe(name)}`);
  }
  // async-mutex takes whatever there is: an Error of another realm, or an object that is thrown.
  if (cancelError !== undefined && (typeof cancelError !== 'object' || cancelError === null)) {
    throw new TypeError(`option cancelError must be an Error, got ${describe(cancelError)}`);
  }
  return given;
}

/** A string stands for the class of that name. */
export function checkedClass(given: unknown, what: string): LockClass {
  if (typeof given === 'string') return lockClass(given);
  if (given instanceof LockClass) return given;
  throw new TypeError(`${what} must be a LockClass or a string, got ${describe(given)}`);
}

/** The engine of a lock that was passed in. */
export function coreOf(lock: unknown, what: string): LockCore {
  const core = (lock as { [CORE]?: LockCore } | null | undefined)?.[CORE];
  if (core === undefined) throw new TypeError(`${what} must be a lock of this package, got ${describe(lock)}`);
  return core;
}

export function isSignal(value: unknown): value is AbortSignal {
  if (value instanceof AbortSignal) return true;
  const signal = value as Partial<AbortSignal> | null;
  return (
    typeof signal === 'object' &&
    signal !== null &&
    'aborted' in signal &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  );
}
