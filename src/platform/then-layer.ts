/**
 * A layer on a promise: a hidden prototype between the promise and its own one, with a `then` that tells of each call.
 *
 * V8 counts on it that no promise has an own `then`: the first one that has makes `Promise.all`, `return promise` and async
 * generators slower until the process ends. A prototype of ours is outside of what V8 counts on. `await` never calls the
 * layer's `then` and takes as many microtasks as before; `constructor`, and with it the class of derived promises, is
 * inherited; the promise has no property more.
 *
 * States of a promise: plain, or layered; nothing takes a layer off. There is one layer for each original prototype, so a
 * subclass keeps its methods and its `then`. A promise that cannot change (frozen) or that has an own `then` gets no layer.
 *
 * Cost: `resolved` about 100 ns over that of the language, `put` 150 ns; a call more for each call of the `then`.
 * A caller must give only promises of the language, no proxies: `put` looks at their prototype.
 */
import { NativePromise } from './intrinsics.js';

type Then = typeof NativePromise.prototype.then;

const nativePrototype: object = NativePromise.prototype;
const nativeThen: Then = NativePromise.prototype.then;
const { getPrototypeOf, setPrototypeOf } = Reflect;
const { hasOwn } = Object;

type Executor<T> = ConstructorParameters<typeof NativePromise<T>>[0];

/** Calls `then`, the one below the layer, on `promise` with `args`, and returns what that does. */
export type ThenCall = (promise: object, then: Then, args: ArrayLike<unknown>) => unknown;

/** One executor for all, which takes its value from here: a closure for each promise would have to be made. */
let next: unknown;

function resolveNext(resolve: (value: unknown) => void): void {
  const value = next;
  next = undefined;
  resolve(value);
}

export class ThenLayer {
  readonly #call: ThenCall;
  /** From a prototype to the layer above it, and back. */
  readonly #above = new WeakMap<object, object>();
  readonly #below = new WeakMap<object, object>();
  /** The language's class with the layer, and that layer. Made at the first use: by then a program has frozen what it freezes. */
  #class: PromiseConstructor | undefined;
  #native: object | undefined;

  constructor(call: ThenCall) {
    this.#call = call;
  }

  /** The class of the language's promises with the layer; its promises say that they are of the language's class. */
  get promiseClass(): PromiseConstructor {
    return this.#class ?? this.#makeClass();
  }

  /** A layered promise that is resolved with `value`. */
  resolved<T>(value: T): Promise<T> {
    next = value;
    return new (this.#class ?? this.#makeClass())<T>(resolveNext as Executor<T>);
  }

  /** The same for one that most probably has no layer of any kind yet, which is seen sooner. undefined: it is another one. */
  putOnPlain(promise: object): boolean | undefined {
    return getPrototypeOf(promise) === nativePrototype && !hasOwn(promise, 'then')
      ? setPrototypeOf(promise, this.#native ?? this.#layerOver(nativePrototype))
      : undefined;
  }

  /** Puts the layer on a promise where it is not on yet. False: it takes none, or has an own `then` above it. */
  put(promise: object): boolean {
    if (hasOwn(promise, 'then')) return false;
    const prototype = getPrototypeOf(promise);
    if (prototype === nativePrototype) return setPrototypeOf(promise, this.#native ?? this.#layerOver(nativePrototype));
    if (prototype === null || this.#isLayer(prototype)) return prototype !== null;
    return setPrototypeOf(promise, this.#layerOver(prototype));
  }

  /** Does the layer's `then` see every call of the promise's? */
  isOn(promise: object): boolean {
    const prototype = getPrototypeOf(promise);
    return prototype !== null && this.#isLayer(prototype) && !hasOwn(promise, 'then');
  }

  /** The prototype that the promise would have without the layer. */
  prototypeOf(promise: object): object | null {
    const prototype = getPrototypeOf(promise);
    return prototype === null ? null : (this.#below.get(prototype) ?? prototype);
  }

  #isLayer(prototype: object): boolean {
    return prototype === this.#native || this.#below.has(prototype);
  }

  #layerOver(prototype: object): object {
    if (prototype === nativePrototype) return this.promiseClass.prototype;
    let layer = this.#above.get(prototype);
    if (layer === undefined) this.#cover(prototype, (layer = Object.create(prototype) as object));
    return layer;
  }

  #makeClass(): PromiseConstructor {
    const Layered = class<T> extends NativePromise<T> {
      // Spares V8 a search for the constructor at each call.
      constructor(executor: Executor<T>) {
        super(executor);
      }
    };
    // The promises say that they are of the language's class, and `then` derives plain ones. A copy of that property is read
    // sooner by each `await` than the one below; a program that replaces that one later is not followed.
    const named = Reflect.getOwnPropertyDescriptor(nativePrototype, 'constructor');
    if (named === undefined) void Reflect.deleteProperty(Layered.prototype, 'constructor');
    else void Object.defineProperty(Layered.prototype, 'constructor', { ...named, configurable: true });
    this.#cover(nativePrototype, Layered.prototype);
    this.#native = Layered.prototype;
    return (this.#class = Layered as PromiseConstructor);
  }

  /** Gives `layer` its `then`, which can be assigned over where that of the prototype can. */
  #cover(prototype: object, layer: object): void {
    const call = this.#call;
    // A method, which has no prototype to be printed.
    const { then } = {
      // oxlint-disable-next-line unicorn/no-thenable -- not awaited.
      then(this: object, _onFulfilled?: unknown, _onRejected?: unknown): unknown {
        // The class of the promise may have a getter, and a program may replace what is there at any time.
        const below: unknown = Reflect.get(prototype, 'then', this);
        // `arguments`: the `then` below sees as many as were given, while the length is that of the language's.
        return call(this, typeof below === 'function' && below !== then ? (below as Then) : nativeThen, arguments);
      },
    };
    const writable = isWritable(prototype);
    // oxlint-disable-next-line unicorn/no-thenable -- the prototype of promises.
    void Object.defineProperty(layer, 'then', { value: then, writable, configurable: true, enumerable: false });
    this.#above.set(prototype, layer);
    this.#below.set(layer, prototype);
  }
}

/** May a promise with this prototype be given a `then` by assignment? */
function isWritable(prototype: object): boolean {
  for (let at: object | null = prototype; at !== null; at = getPrototypeOf(at)) {
    const found = Reflect.getOwnPropertyDescriptor(at, 'then');
    if (found !== undefined) return found.writable ?? found.set !== undefined;
  }
  return true;
}
