/** Checks of single arguments: a bad value is named together with its argument. */
import { mistyped } from '../../platform/describe.js';
import type { Milliseconds } from '../observed.js';

/** The longest finite timeout that a timer can keep. */
export const MAX_TIMEOUT: Milliseconds = 2 ** 31 - 1;

/** By what is used of it: a program may replace the class, and only to name it would have Node load it. */
export function isSignal(value: unknown): value is AbortSignal {
  const signal = value as Partial<AbortSignal> | null | undefined;
  return typeof signal?.addEventListener === 'function' && 'aborted' in signal;
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
  const isNumber = typeof given === 'string' && !Number.isNaN(Number(given));
  return checkedPriority(isNumber ? Number(given) : reckoned(given));
}

export function checkedPriority(priority: unknown): number {
  return checkedNumber(priority, 'priority');
}

/** NaN is of the type, and out of range. */
export function checkedNumber(value: unknown, what: string): number {
  if (typeof value !== 'number' || Number.isNaN(value)) throw mistyped(what, 'a number', value, 'number');
  return value;
}

/** undefined: without end. A time that is used up, as where a budget is counted down or a clock has passed it, is none. */
export function checkedTimeout(timeout: unknown): Milliseconds | undefined {
  const isNone = timeout === undefined || timeout === Infinity;
  return isNone ? undefined : checkedDuration(timeout, 'option timeout', ' or Infinity');
}

export function checkedDuration(duration: unknown, what: string, orElse = ''): Milliseconds {
  if (typeof duration === 'number' && duration <= MAX_TIMEOUT) return Math.max(0, duration);
  throw mistyped(what, `a number of at most ${MAX_TIMEOUT} milliseconds${orElse}`, duration, 'number');
}

export function checkedValue(given: unknown, what: string): number {
  return checkedNumber(reckoned(given), what);
}

/** async-mutex's argument, 1 unless it is given. */
export function checkedWeight(given: unknown = 1): number {
  refuseWeight(given);
  return checkedValue(given, 'weight');
}

/** async-mutex's own error, so that code that looks for it finds it. */
export function refuseWeight(weight: unknown): void {
  if ((weight as number) <= 0) throw new Error(`invalid weight ${String(weight)}: must be positive`);
}
