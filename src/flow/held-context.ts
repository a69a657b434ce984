/**
 * Which hold is the innermost of the running flow? A cell that follows the program from function to function.
 *
 * Two carriers. While promise hooks run anyway (tracking precise) they carry the cell: each promise is marked with the cell
 * of the turn that made it, and its own turn starts with it. What is called back by a timer, a socket or the like starts
 * with no cell: who started it is not known, as it is not known who waits for it. Roots (`task`, `structured`) do go
 * through those, by an AsyncLocalStorage, which comes to life with the first of them. Entering a storage for every hold
 * would cost as much as the lock on AsyncContextFrame (Node 24), and make every await of the program three times as long
 * where storages are built on async hooks (Node 20 and 22).
 *
 * Without those hooks (tracking light) a storage carries; except where it is built on async hooks and the program has none
 * alive: there, hooks of our own cost less.
 *
 * Invariant: between turns `cell` is undefined. Nothing is entered before `start` or after `stop`. Cost: O(1) a call, and
 * a property for a promise that is made under a hold.
 */
import type { AsyncLocalStorage } from 'node:async_hooks';
import { inMicrotask } from '../platform/clock.js';
import { NativePromise } from '../platform/intrinsics.js';
import type { Hold, ListCell } from '../model/hold.js';
import { hookPromises, isBuiltOnHooks, newStorage } from './carriers.js';
import { nearestHeld } from './hold-list.js';

export class HeldContext {
  /** On a promise, where the hooks carry: the cell that its turn starts with. */
  readonly mark: symbol = Symbol('lockdep.held');
  /** Do promise hooks carry the cell? Then they keep `cell`. */
  byHooks = false;
  /** The cell of the running turn, where the hooks carry; undefined also where a root's applies. */
  cell: ListCell | undefined = undefined;
  /** Holds and waits that there are in the process, for the hooks: while there are none, nothing has to be carried. */
  live = 0;
  /** Made when it is needed first: on some runtimes one that nobody uses costs every promise already. */
  #storage: AsyncLocalStorage<ListCell | undefined> | undefined;
  #started = false;
  #hooked = false;
  /** Ends the hooks of our own, which carry where no others do. */
  #unhook: (() => void) | undefined;

  /** `hooked`: promise hooks run anyway, and keep `cell` where hooks carry. */
  start(hooked: boolean): void {
    if (this.#started && hooked === this.#hooked) return;
    this.stop();
    this.#started = true;
    this.#hooked = hooked;
    if (!hooked && isBuiltOnHooks && !arePromisesTracked()) this.#unhook = this.#hook();
    this.byHooks = hooked || this.#unhook !== undefined;
    if (!this.byHooks) this.#warmUp();
  }

  /** Gives hooks and storage back to the runtime: no store, no cost, until the next `start`. */
  stop(): void {
    if (!this.#started) return;
    this.#started = false;
    this.byHooks = false;
    this.#dropHook();
    this.#storage?.disable();
    this.#storage = undefined;
  }

  /** Has the program brought async hooks to life meanwhile? Then a storage costs less than hooks of our own. */
  adapt(): void {
    if (this.#unhook === undefined || !arePromisesTracked()) return;
    this.#dropHook();
    this.byHooks = false;
    this.#warmUp();
  }

  /** A storage that is first used inside a running async chain leaks what is entered there to its outer callers (Node 20, 22). */
  #warmUp(): void {
    this.#ensureStorage()?.run({} as ListCell, () => undefined);
  }

  /** What is thrown out of a hook ends the process: a promise that can not be marked has nothing to carry. */
  #hook(): (() => void) | undefined {
    return hookPromises({
      init: (promise) => {
        if (this.cell !== undefined) this.#mark(promise, this.cell);
      },
      before: (promise) => {
        this.cell = this.live === 0 ? undefined : this.#markOf(promise);
      },
      after: () => {
        this.cell = undefined;
      },
    });
  }

  #mark(promise: object, cell: ListCell): void {
    try {
      marked(promise)[this.mark] = cell;
    } catch {
      // Somebody has put a Proxy behind the prototype of all promises.
    }
  }

  #markOf(promise: object): ListCell | undefined {
    try {
      return marked(promise)[this.mark];
    } catch {
      return undefined;
    }
  }

  #dropHook(): void {
    this.#unhook?.();
    this.#unhook = undefined;
    this.cell = undefined;
  }

  /** What was last entered in this flow; undefined when nothing was, or the flow is not known. */
  get store(): ListCell | undefined {
    return this.cell ?? this.#storage?.getStore();
  }

  /** The innermost hold of this flow that is still held. */
  current(): Hold | undefined {
    return nearestHeld(this.store);
  }

  /** Enters `cell` for the turn that runs and what it starts. Only from a promise's turn, or from a hook just before it. */
  enterTurn(cell: ListCell): void {
    if (this.byHooks) this.cell = cell;
    else this.#storage?.enterWith(cell);
  }

  /** The same where there may be no turn of a promise, as in the callback of a timer: for what is left of this callback. */
  enterCallback(cell: ListCell): void {
    this.enterTurn(cell);
    if (!this.byHooks) return;
    inMicrotask(() => {
      if (this.cell === cell) this.cell = undefined;
    });
  }

  /** Runs `fn` with `cell`, and what it starts. */
  run<T>(cell: ListCell | undefined, fn: () => T): T {
    if (!this.byHooks) return this.#storage === undefined ? fn() : this.#storage.run(cell, fn);
    const outer = this.cell;
    this.cell = cell;
    try {
      return this.#storage === undefined ? fn() : this.#storage.run(cell, fn);
    } finally {
      this.cell = outer;
    }
  }

  /** The same, for a cell that must be found through timers, sockets and all other ways. */
  runRoot<T>(cell: ListCell, fn: () => T): T {
    this.#ensureStorage();
    return this.run(cell, fn);
  }

  #ensureStorage(): AsyncLocalStorage<ListCell | undefined> | undefined {
    return (this.#storage ??= newStorage());
  }
}

interface Marked {
  [mark: symbol]: ListCell | undefined;
}

function marked(promise: object): Marked {
  return promise as Marked;
}

/** Do async hooks follow the promises of this process? They leave an id on each. */
function arePromisesTracked(): boolean {
  return Object.getOwnPropertySymbols(new NativePromise(() => undefined)).length > 0;
}
