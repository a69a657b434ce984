/** A clock from outside: a mistake in it is named at once, and not by the first lock that has to wait. */
import type { Clock } from '../platform/clock.js';
import { describe, mistyped } from '../platform/describe.js';

const PARTS = ['now', 'setTimeout', 'clearTimeout'] as const satisfies readonly (keyof Clock)[];

/** The clock, if it is one. */
export function checkedClock(given: unknown): Clock {
  if ((typeof given !== 'object' && typeof given !== 'function') || given === null) {
    throw mistyped('option clock', 'an object', given);
  }
  const clock = given as Clock;
  for (const part of PARTS) {
    if (typeof clock[part] === 'function') continue;
    throw new TypeError(`option clock.${part} must be a function, got ${describe(clock[part])}`);
  }
  const now: unknown = clock.now();
  if (typeof now !== 'number') throw new TypeError(`option clock.now must return a number, got ${describe(now)}`);
  if (!Number.isFinite(now)) throw new RangeError(`option clock.now must return a finite number, got ${now}`);
  return clock;
}
