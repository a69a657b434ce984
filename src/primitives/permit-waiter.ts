/** One request in the queue of a lock, with what may end its wait early. */
import { listenForAbort } from './abort-listeners.js';
import { Waiter } from '../queue/waiter-queue.js';
import type { HeldNode } from '../tracker/held-node.js';
import type { PermitCore } from './permit-core.js';

/** Makes what the caller of a granted request receives: a releaser, a guard, a value. */
export type Grant<T> = (lock: PermitCore, weight: number, previousValue: number, node: HeldNode | undefined) => T;

export class PermitWaiter<T> extends Waiter {
  timer: NodeJS.Timeout | undefined = undefined;
  #stopListening: (() => void) | undefined = undefined;
  readonly weight: number;
  readonly node: HeldNode | undefined;
  readonly grant: Grant<T>;
  readonly resolve: (granted: T) => void;
  readonly reject: (reason: unknown) => void;

  constructor(
    weight: number,
    priority: number,
    node: HeldNode | undefined,
    grant: Grant<T>,
    resolve: (granted: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super(priority);
    this.weight = weight;
    this.node = node;
    this.grant = grant;
    this.resolve = resolve;
    this.reject = reject;
  }

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
