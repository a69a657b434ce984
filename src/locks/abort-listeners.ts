/**
 * One listener on an AbortSignal for all the waits that it bounds: a signal looks through all its listeners at every
 * change, so one for each wait would cost the square of their number, and Node warns from the eleventh.
 *
 * A signal may be the program's own, and each of its methods and getters may throw. Invariant: what that throws never gets
 * between two steps of a lock: it comes to whoever wants to wait, before anything of the signal is left here, or it is shown.
 *
 * Cost: O(1) to add and to remove. A signal that bounds nothing any more has no listener of ours.
 */
import { warnOnce } from '../platform/warnings.js';

interface Listeners {
  readonly waits: Set<() => void>;
  readonly onAbort: () => void;
}

/** Why a wait does not begin. */
export interface Refusal {
  readonly reason: unknown;
}

const bySignal = new WeakMap<AbortSignal, Listeners>();

/** Undefined unless there is a signal that is aborted. One that can not be asked refuses with its own error. */
export function refusalOf(signal: AbortSignal | undefined): Refusal | undefined {
  try {
    return signal?.aborted === true ? { reason: signal.reason } : undefined;
  } catch (error) {
    return { reason: error };
  }
}

/** Of a signal that is aborted; what it throws is one too. */
export function reasonOf(signal: AbortSignal): unknown {
  try {
    return signal.reason;
  } catch (error) {
    return error;
  }
}

/**
 * Calls `onAbort` once, in order of arrival, when the signal is aborted; that may be within this call. Returns how to stop
 * listening. Throws what the signal throws, and then listens to nothing.
 */
export function listenForAbort(signal: AbortSignal, onAbort: () => void): () => void {
  const listeners = bySignal.get(signal) ?? start(signal, onAbort);
  const { waits } = listeners;
  waits.add(onAbort);
  return () => {
    if (!waits.delete(onAbort) || waits.size > 0) return;
    bySignal.delete(signal);
    stop(signal, listeners);
  };
}

/** Listeners that are not those of their signal any more have no waits: a signal may fail to forget them. */
function start(signal: AbortSignal, first: () => void): Listeners {
  const waits = new Set([first]);
  const onAbort = (): void => {
    if (waits.size > 0) bySignal.delete(signal);
    for (const wait of waits) {
      waits.delete(wait);
      wait();
    }
  };
  const listeners = { waits, onAbort };
  bySignal.set(signal, listeners);
  try {
    signal.addEventListener('abort', onAbort, { once: true });
  } catch (error) {
    bySignal.delete(signal);
    waits.clear();
    throw error;
  }
  return listeners;
}

/** The wait is over by now: nobody is there to hear that the signal keeps the listener, which does nothing any more. */
function stop(signal: AbortSignal, { onAbort }: Listeners): void {
  try {
    signal.removeEventListener('abort', onAbort);
  } catch {
    warnOnce('removeEventListener of a signal failed', 'LOCKDEP_SIGNAL_FAILED');
  }
}
