/**
 * The own `then` of a promise. `await` never calls it. It tells user callbacks, in which what comes stays, from the
 * language's own handlers (Promise.all, `return promise` in an async function), which pass it on.
 *
 * Cost: a property on the promise, and a function call for each call of its `then`.
 */
import { Owner } from './held-node.js';
import { type Marked, marked, type PromiseNotes } from './promise-notes.js';

type Then = typeof Promise.prototype.then;

const nativeThen = Promise.prototype.then;
const nativeText = /\{\s*\[native code\]\s*\}$/;

/** `source` was given to a combinator, by `handler`. */
export type PutInto = (group: Owner, source: Marked, handler: unknown) => void;

export class OwnThen {
  readonly #notes: PromiseNotes;
  readonly #then: Then;
  readonly #putInto: PutInto;
  /** Holds that pass through one combinator, by the reject function that it gives to all its elements. */
  readonly #groups = new WeakMap<object, Owner>();
  /** Does one run, which sees the handlers? Without a handler of what is fulfilled? */
  isRunning = false;
  isCatch = false;
  /** Note kinds of handlers on promises that bring nothing yet? */
  notesAll = false;

  constructor(notes: PromiseNotes, putInto: PutInto) {
    this.#notes = notes;
    this.#putInto = putInto;
    const call = this.#call.bind(this);
    // A method, which has no prototype to be printed.
    const { then } = {
      // oxlint-disable-next-line unicorn/no-thenable -- not awaited.
      then(this: Promise<unknown>, onFulfilled?: unknown, onRejected?: unknown): Promise<never> {
        return call(this, onFulfilled, onRejected);
      },
    };
    this.#then = then as Then;
  }

  give(promise: Marked): void {
    try {
      // oxlint-disable-next-line unicorn/no-thenable -- it is a promise already.
      promise.then = this.#then;
    } catch {
      // The prototype's is read-only: in Node's own modules, and with frozen intrinsics.
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      Object.defineProperty(promise, 'then', { value: this.#then, writable: true, configurable: true });
    }
  }

  isOn(promise: Marked): boolean {
    return Object.getOwnPropertyDescriptor(promise, 'then')?.value === this.#then;
  }

  #call(source: Promise<unknown>, onFulfilled: unknown, onRejected: unknown): Promise<never> {
    // Whatever the class of the promise, or who patched the prototype, has made of it.
    const inherited = (Object.getPrototypeOf(source) as Promise<unknown>).then;
    const then = inherited === this.#then ? nativeThen : inherited;
    this.isRunning = true;
    this.isCatch = typeof onFulfilled !== 'function';
    let derived: Promise<never>;
    try {
      derived = then.call(source, onFulfilled as never, onRejected as never) as Promise<never>;
    } finally {
      this.isRunning = false;
      this.isCatch = false;
    }
    // A subclass may freeze its promises: who awaits this one does not receive.
    if (Object.isExtensible(derived)) this.#noteKind(marked(source), marked(derived), onFulfilled, onRejected);
    return derived;
  }

  #noteKind(source: Marked, derived: Marked, onFulfilled: unknown, onRejected: unknown): void {
    const notes = this.#notes;
    const brings = source[notes.carried] !== undefined;
    if (!brings && !this.notesAll) return;
    if (typeof onFulfilled !== 'function') {
      // A `catch`: what is fulfilled goes past it, to whoever awaits the derived promise.
      derived[notes.passive] = true;
      this.give(derived);
    } else if (isNative(onFulfilled)) {
      const group = this.#groupOf(onRejected);
      group.isLate ||= !brings;
      // It gets what comes when it comes: a race has the first alone.
      derived[notes.through] = group;
      if (brings) this.#putInto(group, source, onFulfilled);
    } else {
      derived[brings ? notes.callback : notes.reaction] = true;
      this.give(derived);
    }
  }

  #groupOf(onRejected: unknown): Owner {
    if (typeof onRejected !== 'function') return new Owner(true);
    let group = this.#groups.get(onRejected);
    if (group === undefined) this.#groups.set(onRejected, (group = new Owner(true)));
    return group;
  }
}

function isNative(handler: { readonly name: string }): boolean {
  return handler.name === '' && nativeText.test(Function.prototype.toString.call(handler));
}
