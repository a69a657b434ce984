/**
 * Whose return do the continuations receive that run now?
 *
 * `arm` queues a microtask before V8 queues the reactions of the promise that has settled, `end` queues one behind them: whatever continuation
 * runs between the two awaited this promise. Invariant: outside of the two `from` is undefined. Cost: two microtasks for a function that
 * returns with holds. A caller must `arm` from the hook that tells of the settlement, and `end` when the turn in which it came ends.
 */
import { inMicrotask } from '../platform/clock.js';
import type { Owner } from './owner.js';

export class Returns {
  /** What the function returned with whose awaiting functions run now. */
  from: Owner | undefined = undefined;
  readonly #owners = new WeakMap<object, Owner>();

  arm(promise: object): void {
    inMicrotask(() => {
      this.from = this.#owners.get(promise);
    });
  }

  end(promise: object, owner: Owner): void {
    this.#owners.set(promise, owner);
    inMicrotask(() => {
      this.from = undefined;
      this.#owners.delete(promise);
    });
  }
}
