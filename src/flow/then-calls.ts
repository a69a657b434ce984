/**
 * The calls of `then` on promises that carry a hold, by a layer on those promises (then-layer.ts). `await` makes none. A call
 * tells user callbacks, in which what comes stays, from the language's own handlers (Promise.all, `return promise` in an
 * async function), which pass it on.
 *
 * Invariant: outside of a call of `then` there is no running call. Cost: the layer, and a record for each call.
 */
import { types } from 'node:util';
import { NativePromise } from '../platform/intrinsics.js';
import { sharedState } from '../platform/shared-state.js';
import { ThenLayer } from '../platform/then-layer.js';
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

/** What is known of who waits for one promise, and for those that calls of its `then` have made. */
export interface ThenWatch {
  /** Is another promise resolved with it, as that of a race is? Something else may resolve that one too, or those that wait for it. */
  isPassedOn: boolean;
}

interface WatchedPromise {
  readonly watch: ThenWatch;
  /** Does nobody else want to see the calls? */
  isAlone: boolean;
}

/** One for all trackers of a process, which see the same calls. Private, as Jest replaces what it finds behind globals. */
class SharedThen {
  readonly #layer = new ThenLayer((source, then, args) => this.#run(source, then, args));
  readonly #watched = new WeakMap<object, WatchedPromise>();
  #call: Call | undefined;

  /** From now on each call of the promise's `then` is seen. False where it takes no layer. */
  observe(promise: object): boolean {
    const watch = this.#watched.get(promise);
    if (watch !== undefined) watch.isAlone = false;
    return this.#layer.put(promise);
  }

  isObserved(promise: object): boolean {
    return this.#layer.isOn(promise) && this.#watched.get(promise)?.isAlone !== true;
  }

  /** Watches who waits for the promise; undefined where that can not be seen. */
  watch(promise: object, watch: ThenWatch = { isPassedOn: false }): ThenWatch | undefined {
    const known = this.#watched.get(promise);
    if (known !== undefined) return known.watch;
    const isAlone = !this.#layer.isOn(promise);
    if (!this.#layer.put(promise)) return undefined;
    this.#watched.set(promise, { watch, isAlone });
    return watch;
  }

  get layer(): ThenLayer {
    return this.#layer;
  }

  get call(): Call | undefined {
    return this.#call;
  }

  #run(source: object, then: Then, args: ArrayLike<unknown>): unknown {
    const watched = this.#watched.get(source);
    if (watched === undefined) return this.#called(source, then, args);
    const derived = watched.isAlone ? (Reflect.apply(then, source, args) as unknown) : this.#called(source, then, args);
    // One of the language's own resolves another promise: that of a race, or one that a race has.
    const isFollowed = kindOf(args[0]) !== PASSES && derived instanceof NativePromise;
    if (!isFollowed || this.watch(derived, watched.watch) === undefined) watched.watch.isPassedOn = true;
    return derived;
  }

  #called(source: object, then: Then, args: ArrayLike<unknown>): unknown {
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

/** Sees from now on who waits for the promise by a call of its `then`; undefined where that can not be seen. */
export function watchThen(promise: object): ThenWatch | undefined {
  return shared.watch(promise);
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
    return shared.observe(promise);
  }

  isObserved(promise: Marked): boolean {
    return shared.isObserved(promise);
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
