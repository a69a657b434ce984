/**
 * Time: all that is read of it, and every timer.
 *
 * Two kinds of it. The bounds of waits follow the timers that the program has when a wait begins (`programTimers`): fake timers
 * of a test move them, as they do in async-mutex. What the validator does for itself (ages, sweeps, the turns that it counts)
 * goes by what was global when this file was loaded: fake timers of a test neither stop nor move it. A clock that is injected
 * into an isolated instance stands for both, except for turns and sweeps: the validator takes the next microtask for the end
 * of what runs now, so no test may put it off, and a tick of its own would be one more timer among those of the test.
 *
 * Invariant: nothing else in the source, adapters and the command line apart, uses timers or dates.
 */

/** What ends a wait that takes too long. */
export interface Timers {
  /** Calls back once, after so many milliseconds. The result is for `clearTimeout` alone. */
  setTimeout(callback: () => void, delay: number): unknown;
  /** Keeps the callback from being called; `timer` is what `setTimeout` returned. */
  clearTimeout(timer: unknown): void;
}

/** The time and the timers of an isolated instance. None of it may throw. */
export interface Clock extends Timers {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Those of the program, whichever it has by then. */
export const programTimers: Timers = {
  setTimeout: (callback, delay) => setTimeout(callback, delay),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** A timer that runs from here on. An object, and no function that stops it: there may be very many, and that would take twice the memory. */
export class RunningTimer {
  /** @internal Plain fields for the same reason. */
  declare readonly _timers: Timers;
  /** @internal */
  declare readonly _timer: unknown;

  /** Throws what `setTimeout` throws. */
  constructor(timers: Timers, callback: () => void, delay: number) {
    this._timers = timers;
    this._timer = timers.setTimeout(callback, delay);
  }

  /** Throws what `clearTimeout` throws. */
  stop(): void {
    this._timers.clearTimeout(this._timer);
  }
}

// Each by its bare name, so that a bundle leaves out those that it does not use; a context of its own may lack any of them.
const setTimer = (typeof setTimeout === 'undefined' ? undefined : setTimeout) as typeof setTimeout;
const stopTimer = (typeof clearTimeout === 'undefined' ? undefined : clearTimeout) as typeof clearTimeout;
const startInterval = (typeof setInterval === 'undefined' ? undefined : setInterval) as typeof setInterval;
const stopInterval = (typeof clearInterval === 'undefined' ? undefined : clearInterval) as typeof clearInterval;
/** A window (a browser's, jsdom's) has none. */
const startImmediate = typeof setImmediate === 'undefined' ? undefined : setImmediate;

/** Milliseconds since the epoch. */
export const systemNow: () => number = Date.now;

/** A time in the words of ISO 8601. */
export function isoTime(at: number): string {
  return new Date(at).toISOString();
}

/** Milliseconds since some moment, as fine as there are: for what something takes. */
export const elapsed: () => number = () => performance.now();

/** Calls back when what runs now has ended. */
export const inMicrotask: (callback: () => void) => void = queueMicrotask;

/** Calls back once what the event loop has at hand is done, if the process lives so long. */
export function afterThisTurn(callback: () => void): void {
  if (startImmediate === undefined) unref(setTimer(callback, 0));
  else unref(startImmediate(callback));
}

/**
 * Calls back once after so many milliseconds, and keeps no process alive. The result stops it. By `clock` where there is one,
 * which must not throw.
 */
export function later(delay: number, callback: () => void, clock?: Timers): () => void {
  if (clock !== undefined) {
    const timer = clock.setTimeout(callback, delay);
    return () => clock.clearTimeout(timer);
  }
  const timer = setTimer(callback, delay);
  unref(timer);
  return () => stopTimer(timer);
}

/** Calls back every so many milliseconds, and keeps no process alive. The result stops it. */
export function every(period: number, callback: () => void): () => void {
  const timer = startInterval(callback, period);
  unref(timer);
  return () => stopInterval(timer);
}

/** The timers of a window are numbers, and end with it. */
function unref(timer: { readonly unref?: () => unknown }): void {
  timer.unref?.();
}
