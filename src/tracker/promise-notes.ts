/** What a tracker notes on a promise: fields under symbols of its own, so that two trackers do not mix. */
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
  /** Derived with a user's callback before it was known what that brings. */
  readonly reaction: symbol = Symbol('lockdep.reaction');
  /** How many wait for it, where that has been seen from its start. */
  readonly askers: symbol = Symbol('lockdep.askers');
}

export interface Marked {
  [note: symbol]: unknown;
  then?: unknown;
}

export function marked(promise: object): Marked {
  return promise as Marked;
}
