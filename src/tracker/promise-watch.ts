/**
 * Has the program put something else in the place of the language's promises: another class behind the global name, another
 * `then` on their prototype? Then holds may go ways that promise hooks do not see, and it has to be tried out (rehearsal.ts).
 *
 * Cost: two property reads for each acquisition.
 */
import { NativePromise } from '../classes/intrinsics.js';

const nativeThen: unknown = NativePromise.prototype.then;

export class PromiseWatch {
  #class: unknown = NativePromise;
  #then: unknown = nativeThen;

  /** Since the last call, or since the start. */
  hasChanged(): boolean {
    let current: unknown;
    let then: unknown;
    try {
      current = globalThis.Promise;
      ({ then } = NativePromise.prototype);
    } catch {
      // It throws whoever asks for it: neither of the two is there.
    }
    if (current === this.#class && then === this.#then) return false;
    this.#class = current;
    this.#then = then;
    return true;
  }
}

/** Is another class global, or the `then` of the language's own another one? */
export function isPromiseReplaced(): boolean {
  return new PromiseWatch().hasChanged();
}
