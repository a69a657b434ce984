/**
 * Has the program put something else in the place of the language's promises: another class behind the global name, another
 * `then` on their prototype? Then holds may go ways that promise hooks do not see, and it has to be tried out (rehearsal.ts).
 *
 * Cost: two property reads for each acquisition.
 */
import { NativePromise } from '../platform/intrinsics.js';

const { prototype } = NativePromise;
/** As V8 prints it; a function that is bound has no name. */
const NATIVE_THEN = 'function then() { [native code] }';

export class PromiseWatch {
  #class: unknown = NativePromise;
  #then: unknown = prototype.then;

  /** Since the last call, or since the start. */
  hasChanged(): boolean {
    try {
      if (Promise === this.#class && prototype.then === this.#then) return false;
    } catch {
      // It throws whoever asks for it.
    }
    return this.#note();
  }

  #note(): boolean {
    let current: unknown;
    let then: unknown;
    try {
      current = Promise;
      ({ then } = prototype);
    } catch {
      // Neither of the two is there.
    }
    if (current === this.#class && then === this.#then) return false;
    this.#class = current;
    this.#then = then;
    return true;
  }
}

/** Is another class global, or the `then` of the language's own none of V8's? */
export function isPromiseReplaced(): boolean {
  try {
    return Promise !== NativePromise || Function.prototype.toString.call(prototype.then) !== NATIVE_THEN;
  } catch {
    return true;
  }
}
