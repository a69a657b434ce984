/** One place in a queue, with what may end its wait early: a timer, a signal. */
import { Waiter } from '../queue/waiter-queue.js';
import { listenForAbort } from './abort-listeners.js';

export class BoundedWaiter extends Waiter {
  timer: NodeJS.Timeout | undefined = undefined;
  #stopListening: (() => void) | undefined = undefined;

  listen(signal: AbortSignal, onAbort: () => void): void {
    this.#stopListening = listenForAbort(signal, onAbort);
  }

  /** The wait is over: no timer and no listener outlives it. */
  unbind(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}
