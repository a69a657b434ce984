/**
 * One listener on an AbortSignal for all the waits that it bounds: a signal looks through all its listeners at every
 * change, so one for each wait would cost the square of their number, and Node warns from the eleventh.
 *
 * Cost: O(1) to add and to remove. A signal that bounds nothing any more has no listener of ours.
 */
interface Listeners {
  readonly waits: Set<() => void>;
  readonly onAbort: () => void;
}

const bySignal = new WeakMap<AbortSignal, Listeners>();

/** Calls `onAbort` once, in order of arrival, when the signal is aborted. Returns how to stop listening. */
export function listenForAbort(signal: AbortSignal, onAbort: () => void): () => void {
  const listeners = bySignal.get(signal) ?? start(signal);
  listeners.waits.add(onAbort);
  return () => {
    listeners.waits.delete(onAbort);
    if (listeners.waits.size === 0 && bySignal.get(signal) === listeners) {
      bySignal.delete(signal);
      signal.removeEventListener('abort', listeners.onAbort);
    }
  };
}

function start(signal: AbortSignal): Listeners {
  const waits = new Set<() => void>();
  const onAbort = (): void => {
    bySignal.delete(signal);
    for (const wait of waits) wait();
    waits.clear();
  };
  const listeners = { waits, onAbort };
  bySignal.set(signal, listeners);
  signal.addEventListener('abort', onAbort, { once: true });
  return listeners;
}
