/** What the constructors and the acquiring calls accept, checked: a bad value is named together with its argument. */
import { NativeError } from '../platform/intrinsics.js';
import { LockClass, lockClass } from '../model/lock-class.js';
import { describe } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';
import type { LockCore } from './lock-core.js';
import { CORE } from './symbols.js';

/** Captured at load: a program may replace it. */
const NativeAbortSignal = AbortSignal;

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

/**
 * The bound that `withTimeout` puts on a wait. Its words are async-mutex's, and so is their meaning: a timer gets `timeout` as
 * it is, and the place in the queue is kept (ghosts.ts).
 */
export interface TimeLimit {
  readonly timeout: Milliseconds;
  readonly error: unknown;
  /** Microtask turns for which a waiter that is gone holds what it is granted. */
  readonly moment: number;
}

/** What a timer makes of it: what is no number of milliseconds that it can keep is one. */
export function effectiveTimeout({ timeout }: TimeLimit): Milliseconds {
  return timeout >= 1 && timeout <= MAX_TIMEOUT ? timeout : 1;
}

/** Is it a bound of nothing? Then it is a try, and nothing leads into it. */
export function isNoTime(limit: TimeLimit | undefined): boolean {
  return limit !== undefined && !(limit.timeout > 0);
}

/** A request as the lock wants it: everything filled in and checked. */
export interface PermitRequest {
  readonly weight: number;
  readonly priority: number;
  readonly signal: AbortSignal | undefined;
  readonly timeout: Milliseconds | undefined;
  /** Of a lock that `withTimeout` has decorated. */
  readonly limit: TimeLimit | undefined;
  /** Does it wait for nothing that takes any time? */
  readonly isTry: boolean;
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
    limit: undefined,
    isTry: false,
    subclass: undefined,
    nestLock: undefined,
  };
}

/** From the arguments of a Mutex: nothing, a priority, or options. To async-mutex null is the priority 0. */
export function mutexRequest(given: unknown): PermitRequest {
  return given === undefined || given === null ? PLAIN_REQUEST : requestOf(given, 1);
}

/** A priority or options, for a weight that is not the caller's to choose. */
export function requestOf(given: unknown, weight: number): PermitRequest {
  return typeof given === 'object' || typeof given === 'function'
    ? fromOptions(given, weight, PLAIN)
    : request(weight, plainPriority(given));
}

/** From the arguments of a Semaphore: a weight and a priority, or options. */
export function semaphoreRequest(given: unknown, priority: unknown): PermitRequest {
  if (given === undefined && priority === undefined) return PLAIN_REQUEST;
  if (given === null || typeof given !== 'object') {
    return request(checkedWeight(given), plainPriority(priority ?? 0));
  }
  const weight = optionWeight(given);
  const options = fromOptions(given, weight, WEIGHTED);
  return priority === undefined ? options : { ...options, priority: plainPriority(priority) };
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
  const checked = timeout === undefined ? undefined : checkedTimeout(timeout, 'option timeout');
  return {
    weight,
    priority: checkedPriority(priority ?? 0),
    signal,
    timeout: checked,
    limit: undefined,
    isTry: checked === 0,
    subclass,
    nestLock: nestLock === undefined ? undefined : coreOf(nestLock, 'option nestLock'),
  };
}

/** async-mutex reckons with whatever converts to a number. A string it would join to what there is: that stays one. */
function reckoned(given: unknown): unknown {
  return given === null || typeof given === 'boolean' || typeof given === 'bigint' ? Number(given) : given;
}

/** async-mutex's argument: it merely compares priorities, strings too. A string that is no number is refused as a string. */
export function plainPriority(given: unknown): number {
  const number = typeof given === 'string' ? Number(given) : Number.NaN;
  return checkedPriority(Number.isNaN(number) ? reckoned(given) : number);
}

/** async-mutex's argument, 1 unless it is given. */
export function checkedWeight(given: unknown = 1): number {
  refuseWeight(given);
  const weight = reckoned(given);
  if (typeof weight !== 'number') throw new TypeError(`weight must be a number, got ${describe(weight)}`);
  if (Number.isNaN(weight)) throw new RangeError(notPositive(weight));
  return weight;
}

/** async-mutex's own error, so that code that looks for it finds it. */
export function refuseWeight(weight: unknown): void {
  if ((weight as number) <= 0) throw new Error(notPositive(weight));
}

function optionWeight({ weight = 1 }: WeightedAcquireOptions): number {
  if (typeof weight !== 'number') throw new TypeError(`option weight must be a number, got ${describe(weight)}`);
  if (!(weight > 0)) throw new RangeError(notPositive(weight));
  return weight;
}

function notPositive(weight: unknown): string {
  return `invalid weight ${String(weight)}: must be positive`;
}

export function checkedPriority(priority: unknown): number {
  if (typeof priority !== 'number') throw new TypeError(`priority must be a number, got ${describe(priority)}`);
  if (Number.isNaN(priority)) throw new RangeError('priority must not be NaN');
  return priority;
}

/** A time that is used up, as where a budget is counted down or a clock has passed it, is none. */
export function checkedTimeout(timeout: unknown, what: string): Milliseconds {
  return timeout === Infinity ? timeout : checkedDuration(timeout, what, ' or Infinity');
}

export function checkedDuration(duration: unknown, what: string, orElse = ''): Milliseconds {
  if (typeof duration !== 'number')
    throw new TypeError(`${what} must be a number of milliseconds, got ${describe(duration)}`);
  if (duration <= MAX_TIMEOUT) return Math.max(0, duration);
  throw new RangeError(`${what} must be at most ${MAX_TIMEOUT} milliseconds${orElse}, got ${duration}`);
}

export function checkedValue(given: unknown, what: string): number {
  const value = reckoned(given);
  if (typeof value !== 'number') throw new TypeError(`${what} must be a number, got ${describe(value)}`);
  if (Number.isNaN(value)) throw new RangeError(`${what} must not be NaN`);
  return value;
}

/** The callback of async-mutex's calls, which takes the lock first and fails then. */
export function runnable<F extends (...args: never[]) => unknown>(callback: F): F {
  return typeof callback === 'function' ? callback : (failToRun as unknown as F);
}

function failToRun(): never {
  throw new TypeError('callback is not a function');
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
  const { class: ofClass, name, cancelError } = given as LockOptions;
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

/** The engine of a lock that was passed in. */
export function coreOf(lock: unknown, what: string): LockCore {
  const core = (lock as { [CORE]?: LockCore } | null | undefined)?.[CORE];
  if (core === undefined) throw new TypeError(`${what} must be a lock of this package, got ${describe(lock)}`);
  return core;
}

export function isSignal(value: unknown): value is AbortSignal {
  if (value instanceof NativeAbortSignal) return true;
  const signal = value as Partial<AbortSignal> | null;
  return (
    typeof signal === 'object' &&
    signal !== null &&
    'aborted' in signal &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  );
}
