/**
 * What a tracker notes on promises, under names of its own, so that two trackers do not mix.
 *
 * What every promise may get is a stamp, a private field that no program sees. What only promises with holds get are
 * symbols, which cost less to look for where there is none.
 */
export class PromiseNotes {
  /** What whoever awaits it receives: a hold, or all that a function returned with. */
  readonly carried: symbol = Symbol('lockdep.carried');
  /** The function instance that continues here. */
  readonly owned: symbol = Symbol('lockdep.owned');
  /** Receives nothing: derived by `catch`, which what is fulfilled goes past, or has received already. */
  readonly passive: symbol = Symbol('lockdep.passive');
  /** Derived with the language's own handlers (Promise.all, return of a promise): these holds pass through. */
  readonly through: symbol = Symbol('lockdep.through');
  /** Derived with a user's callback from what carries a hold: what that resolves is a signal, not its return. */
  readonly callback: symbol = Symbol('lockdep.callback');
  /** Derived with a user's callback, or with none, maybe before it was known what that brings. */
  readonly reaction: Stamp<Reaction> = makeStamp();
}

/**
 * Of a `catch` the promise whose result it passes on: the first of a chain of them, which may have no end. Not weakly: what is
 * looked at weakly stays for the whole of a synchronous run, and a run of microtasks has no end either.
 */
export type Reaction = typeof IS_CALLBACK | Marked;

export const IS_CALLBACK = true;

/** What a promise passes on that was derived by `catch`; undefined for every other one. */
export function passedOn(reaction: Reaction | undefined): Marked | undefined {
  return reaction === IS_CALLBACK ? undefined : reaction;
}

export interface Marked {
  [note: symbol]: unknown;
}

export function marked(promise: object): Marked {
  return promise as Marked;
}

export interface Stamp<T> {
  get(promise: object): T | undefined;
  /** False where the promise takes none. */
  set(promise: object, value: T): boolean;
}

/** So that a class derived from it puts its fields on what it is given. */
class Given {
  constructor(object: object) {
    return object;
  }
}

function makeStamp<T>(): Stamp<T> {
  return class Stamped extends Given {
    #value: T;

    private constructor(object: object, value: T) {
      super(object);
      this.#value = value;
    }

    static get(promise: object): T | undefined {
      return #value in promise ? promise.#value : undefined;
    }

    static set(promise: object, value: T): boolean {
      if (#value in promise) {
        promise.#value = value;
        return true;
      }
      try {
        void new Stamped(promise, value);
        return true;
      } catch {
        // Frozen, in a runtime where that counts for private fields as well.
        return false;
      }
    }
  };
}
