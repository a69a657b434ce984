/**
 * The calls of `then` on promises that carry a hold, by a layer on those promises (then-layer.ts). `await` makes none. A call
 * tells user callbacks, in which what comes stays, from the language's own handlers (Promise.all, `return promise` in an
 * async function), which pass it on.
 *
 * Invariant: outside of a call of `then` there is no running call. Cost: the layer, and a record for each call.
 */
import { types } from 'node:util';
import type { NativePromise } from '../platform/intrinsics.js';
import { sharedState } from '../platform/shared-state.js';
import { ThenLayer } from '../platform/then-layer.js';
import { Hold } from '../model/hold.js';
import { noteThenCalled } from './bare-promises.js';
import { Owner } from './owner.js';
import { IS_CALLBACK, type Marked, marked, passedOn, type PromiseNotes } from './promise-notes.js';

type Then = typeof NativePromise.prototype.then;

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
  readonly #layer = new ThenLayer((source, then, args) => this.#run(source, then, args));
  /** For promises of which nothing else is to be known. */
  readonly #watches = new ThenLayer((source, then, args) => {
    this.#waitedFor.add(source);
    return Reflect.apply(then, source, args) as unknown;
  });
  readonly #waitedFor = new WeakSet<object>();
  #call: Call | undefined;

  /** From now on it is seen whether `then` of the promise is called. False where it takes no layer. */
  watch(promise: object): boolean {
    return this.#watches.putOnPlain(promise) ?? (this.#layer.isOn(promise) || this.#watches.put(promise));
  }

  wasCalled(promise: object): boolean {
    return this.#waitedFor.has(promise);
  }

  get layer(): ThenLayer {
    return this.#layer;
  }

  get call(): Call | undefined {
    return this.#call;
  }

  #run(source: object, then: Then, args: ArrayLike<unknown>): unknown {
    this.#waitedFor.add(source);
    const [onFulfilled, onRejected] = [args[0], args[1]];
    const outer = this.#call;
    this.#call = { source: marked(source), onFulfilled, onRejected, kind: kindOf(onFulfilled) };
    try {
      return Reflect.apply(then, source, args) as unknown;
    } finally {
      this.#call = outer;
    }
  }
}

function kindOf(onFulfilled: unknown): Call['kind'] {
  if (typeof onFulfilled !== 'function') return CATCH;
  return isNative(onFulfilled) ? PASSES : CALLBACK;
}

const shared = sharedState('lockdep.then.3', () => new SharedThen());

/** `Promise.resolve` of a value, as a promise whose calls of `then` are seen from its start. */
export function observedResolve<T>(value: T): Promise<T> {
  return shared.layer.resolved(value);
}

/** The language's class, for a promise whose calls of `then` are seen from its start. */
export function observedClass(): PromiseConstructor {
  return shared.layer.promiseClass;
}

/** From now on `wasThenCalled` knows of the promise. False where its calls of `then` can not be seen. */
export function watchThen(promise: object): boolean {
  return shared.watch(promise);
}

/** Does anybody wait for the promise by a call of its `then`, such as a race or the program? `await` makes none. */
export function wasThenCalled(promise: object): boolean {
  return shared.wasCalled(promise);
}

/** As it would be if nobody observed the promise. */
export function prototypeOf(promise: object): object | null {
  return shared.layer.prototypeOf(promise);
}

export class ThenCalls {
  readonly #notes: PromiseNotes;
  readonly #putInto: PutInto;
  /** Holds that pass through one combinator, by the reject function that it gives to all its elements. */
  readonly #groups = new WeakMap<object, Owner>();

  constructor(notes: PromiseNotes, putInto: PutInto) {
    this.#notes = notes;
    this.#putInto = putInto;
  }

  /** From now on each call of the promise's `then` is seen. False where the promise takes no layer. */
  observe(promise: Marked): boolean {
    return shared.layer.put(promise);
  }

  isObserved(promise: Marked): boolean {
    return shared.layer.isOn(promise);
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
    const parcel = source[carried];
    const brings = parcel !== undefined;
    if (parcel instanceof Hold) noteThenCalled(parcel.lock);
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
    this.observe(derived);
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
