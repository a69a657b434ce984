/** One place in a queue, with what may end its wait early: a timer, a signal. */
import { Waiter } from '../queue/waiter-queue.js';
import { listenForAbort } from './abort-listeners.js';

export class BoundedWaiter extends Waiter {
  timer: NodeJS.Timeout | undefined = undefined;
  /** @internal A plain field: there may be very many waiters, and private ones take longer to make. */
  _stopListening: (() => void) | undefined = undefined;

  listen(signal: AbortSignal, onAbort: () => void): void {
    this._stopListening = listenForAbort(signal, onAbort);
  }

  /** The wait is over: no timer and no listener outlives it. */
  unbind(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    if (this._stopListening === undefined) return;
    this._stopListening();
    this._stopListening = undefined;
  }
}
