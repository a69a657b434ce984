/**
 * One place in a queue, with what may end its wait early: a timer, a signal. Both may be the program's own (fake timers, a
 * signal that is none), and fail.
 *
 * Invariant: `unbind` never throws, so that a wait whose end is begun comes to its end.
 */
import { Waiter } from '../queue/waiter-queue.js';
import { listenForAbort, reasonOf } from './abort-listeners.js';

export class BoundedWaiter extends Waiter {
  timer: NodeJS.Timeout | undefined = undefined;
  /** @internal A plain field: there may be very many waiters, and private ones take longer to make. */
  _stopListening: (() => void) | undefined = undefined;

  /**
   * Of a waiter that is queued by now: calls `onTime` when the timeout is over, and `giveUp` with the reason when the signal is
   * aborted; within this call where the timer or the signal fails, with its error.
   */
  bound(
    signal: AbortSignal | undefined,
    timeout: number | undefined,
    onTime: () => void,
    giveUp: (reason: unknown) => void,
  ): void {
    try {
      if (timeout !== undefined) this.timer = setTimeout(onTime, timeout);
      if (signal !== undefined) this.listen(signal, () => giveUp(reasonOf(signal)));
    } catch (error) {
      giveUp(error);
    }
    if (!this.queued) this.unbind();
  }

  /** Throws what the signal throws. */
  listen(signal: AbortSignal, onAbort: () => void): void {
    this._stopListening = listenForAbort(signal, onAbort);
  }

  /** The wait is over: no timer and no listener outlives it. */
  unbind(): void {
    const { timer, _stopListening } = this;
    if (timer !== undefined) {
      this.timer = undefined;
      stopTimer(timer);
    }
    if (_stopListening === undefined) return;
    this._stopListening = undefined;
    _stopListening();
  }
}

function stopTimer(timer: NodeJS.Timeout): void {
  try {
    clearTimeout(timer);
  } catch {
    // Somebody has replaced it. The timer goes on, and finds the wait over.
  }
}
