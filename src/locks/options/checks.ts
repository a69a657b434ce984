/** Checks of single arguments: a bad value is named together with its argument. */
import { mistyped } from '../../platform/describe.js';
import type { Milliseconds } from '../observed.js';

/** Captured at load: a program may replace it. */
const NativeAbortSignal = AbortSignal;

/** The longest finite timeout that a timer can keep. */
export const MAX_TIMEOUT: Milliseconds = 2 ** 31 - 1;

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

export function checkedCallback(callback: unknown): void {
  if (typeof callback !== 'function') throw mistyped('callback', 'a function', callback);
}

/** The callback of async-mutex's calls, which takes the lock first and fails then. */
export function runnable<F extends (...args: never[]) => unknown>(callback: F): F {
  return typeof callback === 'function' ? callback : (failToRun as unknown as F);
}

function failToRun(): never {
  throw new TypeError('callback is not a function');
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

export function checkedPriority(priority: unknown): number {
  if (typeof priority !== 'number') throw mistyped('priority', 'a number', priority);
  if (Number.isNaN(priority)) throw new RangeError('priority must not be NaN');
  return priority;
}

/** A time that is used up, as where a budget is counted down or a clock has passed it, is none. */
export function checkedTimeout(timeout: unknown, what: string): Milliseconds {
  return timeout === Infinity ? timeout : checkedDuration(timeout, what, ' or Infinity');
}

export function checkedDuration(duration: unknown, what: string, orElse = ''): Milliseconds {
  if (typeof duration !== 'number') throw mistyped(what, 'a number of milliseconds', duration);
  if (duration <= MAX_TIMEOUT) return Math.max(0, duration);
  throw new RangeError(`${what} must be at most ${MAX_TIMEOUT} milliseconds${orElse}, got ${duration}`);
}

export function checkedValue(given: unknown, what: string): number {
  const value = reckoned(given);
  if (typeof value !== 'number') throw mistyped(what, 'a number', value);
  if (Number.isNaN(value)) throw new RangeError(`${what} must not be NaN`);
  return value;
}

/** async-mutex's argument, 1 unless it is given. */
export function checkedWeight(given: unknown = 1): number {
  refuseWeight(given);
  const weight = reckoned(given);
  if (typeof weight !== 'number') throw mistyped('weight', 'a number', weight);
  if (Number.isNaN(weight)) throw new RangeError(notPositive(weight));
  return weight;
}

/** async-mutex's own error, so that code that looks for it finds it. */
export function refuseWeight(weight: unknown): void {
  if ((weight as number) <= 0) throw new Error(notPositive(weight));
}

export function notPositive(weight: unknown): string {
  return `invalid weight ${String(weight)}: must be positive`;
}
