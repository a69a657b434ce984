/**
 * V8's promise hooks, out of which nothing is thrown: that would end the process.
 *
 * Invariant: what a handler throws goes to `fault`, which itself must not throw. Cost: one call more for each promise event.
 */
import { hookPromises } from './carriers.js';
import { marked, type Marked } from './promise-notes.js';

export abstract class ShieldedHooks {
  protected abstract init(promise: Marked, parent: Marked | undefined): void;
  protected abstract before(promise: Marked): void;
  protected abstract settled(promise: Marked): void;
  protected abstract after(): void;
  protected abstract fault(error: unknown): void;

  /** Registers them; the result takes them off. undefined where the runtime has no promise hooks. */
  protected register(): (() => void) | undefined {
    const { onInit: init, onBefore: before, onSettled: settled, onAfter: after } = this;
    return hookPromises({ init, before, settled, after });
  }

  // Fields, so that a stack can be taken from right below them.
  protected readonly onInit = (promise: Promise<unknown>, parent: Promise<unknown>): void => {
    try {
      this.init(marked(promise), parent as unknown as Marked | undefined);
    } catch (error) {
      this.fault(error);
    }
  };

  protected readonly onBefore = (promise: Promise<unknown>): void => {
    try {
      this.before(marked(promise));
    } catch (error) {
      this.fault(error);
    }
  };

  protected readonly onSettled = (promise: Promise<unknown>): void => {
    try {
      this.settled(marked(promise));
    } catch (error) {
      this.fault(error);
    }
  };

  protected readonly onAfter = (): void => {
    try {
      this.after();
    } catch (error) {
      this.fault(error);
    }
  };
}
