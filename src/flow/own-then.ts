/**
 * The own `then` of a promise. `await` never calls it. It tells user callbacks, in which what comes stays, from the
 * language's own handlers (Promise.all, `return promise` in an async function), which pass it on.
 *
 * It calls the `then` of the promise's class, or what a program has put in its place, with the same arguments. Cost: a
 * property on the promise, and a function call for each call of its `then`.
 */
import { types } from 'node:util';
import { NativePromise } from '../platform/intrinsics.js';
import { sharedState } from '../platform/shared-state.js';
import { Owner } from './owner.js';
import { IS_CALLBACK, type Marked, passedOn, type PromiseNotes } from './promise-notes.js';

type Then = typeof NativePromise.prototype.then;

const nativeThen = NativePromise.prototype.then;
const nativeText = /\{\s*\[native code\]\s*\}$/;

/** `source` was given to a combinator, by `handler`. */
export type PutInto = (group: Owner, source: Marked, handler: unknown) => void;

/** A call that runs. */
interface Call {
  readonly source: Marked;
  readonly onFulfilled: unknown;
  readonly onRejected: unknown;
  readonly kind: typeof CATCH | typeof PASSES | typeof CALLBACK;
}

/** Without a handler of what is fulfilled; with one of the language's own; with one of the program's. */
export const CATCH = 0;
export const PASSES = 1;
export const CALLBACK = 2;

/** One for all trackers of a process, which see the same calls. Private, as Jest replaces what it finds behind globals. */
class SharedThen {
  readonly #own: Then;
  /** As a property that nobody lists. */
  readonly #hidden: PropertyDescriptor;
  #call: Call | undefined;

  constructor() {
    const run = this.#run.bind(this);
    // A method, which has no prototype to be printed.
    const { then } = {
      // oxlint-disable-next-line unicorn/no-thenable -- not awaited.
      then(this: Promise<unknown>, _onFulfilled?: unknown, _onRejected?: unknown): unknown {
        // As many as were given, under the length of the prototype's.
        return run(this, arguments);
      },
    };
    this.#own = then as Then;
    this.#hidden = { value: then, writable: true, configurable: true, enumerable: false };
  }

  get own(): Then {
    return this.#own;
  }

  get hidden(): PropertyDescriptor {
    return this.#hidden;
  }

  get call(): Call | undefined {
    return this.#call;
  }

  #run(source: Promise<unknown>, args: ArrayLike<unknown>): unknown {
    // Whatever the class of the promise, or who patched the prototype, has made of it.
    const prototype = Object.getPrototypeOf(source) as object | null;
    const inherited: unknown = prototype === null ? undefined : Reflect.get(prototype, 'then', source);
    const then = typeof inherited !== 'function' || inherited === this.#own ? nativeThen : inherited;
    const [onFulfilled, onRejected] = [args[0], args[1]];
    const outer = this.#call;
    const kind = typeof onFulfilled !== 'function' ? CATCH : isNative(onFulfilled) ? PASSES : CALLBACK;
    this.#call = { source: source as unknown as Marked, onFulfilled, onRejected, kind };
    try {
      return Reflect.apply(then, source, args) as unknown;
    } finally {
      this.#call = outer;
    }
  }
}

const shared = sharedState('lockdep.then.1', () => new SharedThen());

export class OwnThen {
  readonly #notes: PromiseNotes;
  readonly #putInto: PutInto;
  /** Holds that pass through one combinator, by the reject function that it gives to all its elements. */
  readonly #groups = new WeakMap<object, Owner>();

  constructor(notes: PromiseNotes, putInto: PutInto) {
    this.#notes = notes;
    this.#putInto = putInto;
  }

  /** To the promise of an acquisition, which nobody has seen yet. */
  giveNew(promise: Marked): void {
    try {
      // oxlint-disable-next-line unicorn/no-thenable -- it is a promise already.
      promise.then = shared.own;
    } catch {
      // The prototype's is read-only: in Node's own modules, and with frozen intrinsics.
      this.give(promise);
    }
  }

  /** Where the program has not given it one itself. */
  give(promise: Marked): boolean {
    if (Object.hasOwn(promise, 'then')) return this.isOn(promise);
    // oxlint-disable-next-line unicorn/no-thenable -- as above.
    return Reflect.defineProperty(promise, 'then', shared.hidden);
  }

  isOn(promise: Marked): boolean {
    return Object.getOwnPropertyDescriptor(promise, 'then')?.value === shared.own;
  }

  get isRunning(): boolean {
    return shared.call !== undefined;
  }

  /** How the running call uses what `source` brings; undefined where none runs, or for another promise. */
  kindFor(source: Marked): Call['kind'] | undefined {
    return shared.call?.source === source ? shared.call.kind : undefined;
  }

  /** Does the running call make what is made now as one that waits for `parent`? A class of its own makes it by itself. */
  derives(parent: Marked | undefined): boolean {
    return parent === undefined || shared.call?.source === parent;
  }

  /** Of what it makes. */
  noteKind(derived: Marked): Call['kind'] {
    const { source, onFulfilled, onRejected, kind } = shared.call as Call;
    const { carried, passive, through, callback, reaction } = this.#notes;
    const brings = source[carried] !== undefined;
    if (kind === PASSES) {
      const group = this.#groupOf(onRejected);
      if (!brings) group.pass().isLate = true;
      // It gets what comes when it comes: a race has the first alone.
      derived[through] = group;
      if (brings) this.#putInto(group, source, onFulfilled);
      return kind;
    }
    // A `catch`: what is fulfilled goes past it, to whoever awaits the derived promise.
    if (brings) derived[kind === CATCH ? passive : callback] = true;
    reaction.set(derived, kind === CATCH ? (passedOn(reaction.get(source)) ?? source) : IS_CALLBACK);
    this.give(derived);
    return kind;
  }

  #groupOf(onRejected: unknown): Owner {
    if (typeof onRejected !== 'function') return new Owner(true);
    let group = this.#groups.get(onRejected);
    if (group === undefined) this.#groups.set(onRejected, (group = new Owner(true)));
    return group;
  }
}

/** Looks at nothing that the program could see it look at. */
function isNative(handler: object): boolean {
  if (types.isProxy(handler)) return false;
  const name: unknown = Object.getOwnPropertyDescriptor(handler, 'name')?.value ?? '';
  return name === '' && nativeText.test(Function.prototype.toString.call(handler));
}
