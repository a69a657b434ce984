/**
 * The AsyncLocalStorage under the tracker: which hold is the innermost of the running flow.
 *
 * One storage for a tracker. Nothing is entered until `start`; then one warm-up run, because on Node 20 and 22 a storage
 * that is first used inside a running async chain leaks what is entered there to its outer callers.
 */
import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks';
import { nearestHeld, type HeldNode, type ListCell } from './held-node.js';

type Resource = Record<symbol, unknown>;

export class HeldContext {
  readonly #storage = new AsyncLocalStorage<ListCell | undefined>();
  /** Where async-hooks based storages keep their value on a promise; undefined on AsyncContextFrame. */
  #slot: symbol | undefined;
  #started = false;

  start(): void {
    if (this.#started) return;
    this.#started = true;
    const marker = {} as ListCell;
    this.#storage.run(marker, () => {
      const resource = executionAsyncResource() as unknown as Resource;
      this.#slot = Object.getOwnPropertySymbols(resource).find((symbol) => resource[symbol] === marker);
    });
  }

  /** Gives the storage back to the runtime: no store, no cost, until the next `start`. */
  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.#storage.disable();
  }

  /** What was last entered in this flow; undefined when nothing was, or the flow is not known. */
  get store(): ListCell | undefined {
    return this.#storage.getStore();
  }

  /** The innermost hold of this flow that is still held. */
  current(): HeldNode | undefined {
    return nearestHeld(this.#storage.getStore());
  }

  /** Enters `cell` in the continuation that `promise` is about to run; only from a `before` hook. */
  enterContinuation(promise: object, cell: ListCell): void {
    // Writing the slot needs no agreement on whether async_hooks or promise hooks run first.
    if (this.#slot !== undefined) (promise as Resource)[this.#slot] = cell;
    else this.#storage.enterWith(cell);
  }

  /** Enters `cell` for the rest of the running function and what it starts. */
  enterHere(cell: ListCell | undefined): void {
    this.#storage.enterWith(cell);
  }

  run<T>(cell: ListCell | undefined, fn: () => T): T {
    return this.#storage.run(cell, fn);
  }
}
