/**
 * V8's promise hooks, out of which nothing is thrown: that would end the process.
 *
 * Invariant: what a handler throws goes to `fault`, which itself must not throw. Cost: one call more for each promise event.
 */
import { promiseHooks } from 'node:v8';
import { marked, type Marked } from './promise-notes.js';

export interface HookHandlers {
  init(promise: Marked, parent: Marked | undefined): void;
  before(promise: Marked): void;
  settled(promise: Marked): void;
  after(): void;
  fault(error: unknown): void;
}

export class ShieldedHooks {
  readonly #handlers: HookHandlers;

  constructor(handlers: HookHandlers) {
    this.#handlers = handlers;
  }

  /** Registers them; the result takes them off. */
  start(): () => void {
    const { onInit: init, onSettled: settled } = this;
    return promiseHooks.createHook({
      init,
      before: (promise) => {
        try {
          this.#handlers.before(marked(promise));
        } catch (error) {
          this.#handlers.fault(error);
        }
      },
      settled,
      after: () => {
        try {
          this.#handlers.after();
        } catch (error) {
          this.#handlers.fault(error);
        }
      },
    }) as unknown as () => void;
  }

  // Fields, so that a stack can be taken from right below them.
  readonly onInit = (promise: Promise<unknown>, parent: Promise<unknown>): void => {
    try {
      this.#handlers.init(marked(promise), parent as unknown as Marked | undefined);
    } catch (error) {
      this.#handlers.fault(error);
    }
  };

  readonly onSettled = (promise: Promise<unknown>): void => {
    try {
      this.#handlers.settled(marked(promise));
    } catch (error) {
      this.#handlers.fault(error);
    }
  };
}
