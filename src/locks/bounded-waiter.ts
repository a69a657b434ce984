/**
 * One place in a queue, with what may end its wait early: a timer, a signal. Both may be the program's own (fake timers, a
 * signal that is none), and fail.
 *
 * Invariant: `unbind` never throws, so that a wait whose end is begun comes to its end.
 */
import { RunningTimer, type Timers } from '../platform/clock.js';
import { Waiter } from '../queue/waiter-queue.js';
import { listenForAbort, reasonOf } from './abort-listeners.js';

export class BoundedWaiter extends Waiter {
  _timer: RunningTimer | undefined = undefined;
  /** @internal A plain field: there may be very many waiters, and private ones take longer to make. */
  _unlisten: (() => void) | undefined = undefined;

  /**
   * Of a waiter that is queued by now: calls `onTime` when the timeout is over, and `giveUp` with the reason when the signal is
   * aborted; within this call where the timer or the signal fails, with its error.
   */
  bound(
    clock: Timers,
    { signal, timeout }: { readonly signal: AbortSignal | undefined; readonly timeout: number | undefined },
    onTime: () => void,
    giveUp: (reason: unknown) => void,
  ): void {
    try {
      if (signal !== undefined) this.listen(signal, () => giveUp(reasonOf(signal)));
      // Last: one that is over at once may leave a ghost queued, and that has nothing to listen to.
      if (timeout !== undefined) this._timer = new RunningTimer(clock, onTime, timeout);
    } catch (error) {
      giveUp(error);
    }
    if (!this.queued) this.unbind();
  }

  /** Throws what the signal throws. */
  listen(signal: AbortSignal, onAbort: () => void): void {
    this._unlisten = listenForAbort(signal, onAbort);
  }

  /** The wait is over: no timer and no listener outlives it. */
  unbind(): void {
    const { _timer, _unlisten } = this;
    this._timer = this._unlisten = undefined;
    try {
      _timer?.stop();
    } catch {
      // Somebody has replaced it. The timer goes on, and finds the wait over.
    }
    _unlisten?.();
  }
}
