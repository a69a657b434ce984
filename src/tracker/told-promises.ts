/**
 * Who waits for a promise, before it is known what that will bring: functions that await it, callbacks, combinators?
 *
 * A promise that gets its own `then` as it is made tells all calls of it; who waits without one awaits. So it is with the
 * first promises of a program, and with all of them once the program asks what is held. Of others nobody knows.
 *
 * Cost: two properties for each promise, a count for each await. A call of the prototype's `then`, past that of the promise,
 * is told from an await by the stack, which costs more than a lock: so only the first are looked at, and all of them in
 * a program that does such a thing to a promise which brings a hold.
 */
import { HeldNode, Owner } from './held-node.js';
import type { OwnThen } from './own-then.js';
import type { Marked, PromiseNotes } from './promise-notes.js';
import { isCallOfThen, type Below } from './turn-function.js';

/** Promises at the start that tell who waits for them, asked or not; more than most tests make. */
const EARLY_PROMISES = 10_000;

/** Waits at the start that are looked at. */
const LOOKS = 1000;

export class ToldPromises {
  readonly #notes: PromiseNotes;
  readonly #ownThen: OwnThen;
  readonly #onInit: Below;
  #early = EARLY_PROMISES;
  #looks = LOOKS;
  #isWatching = false;
  /** What was last seen to wait, and for what. */
  #asker: Marked | undefined;
  #asked: Marked | undefined;

  /** `onInit`: the hook, below which stacks are taken. */
  constructor(notes: PromiseNotes, ownThen: OwnThen, onInit: Below) {
    this.#notes = notes;
    this.#ownThen = ownThen;
    this.#onInit = onInit;
    ownThen.notesAll = true;
  }

  /** From now on each promise tells. */
  watch(): void {
    this.#isWatching = true;
    this.#ownThen.notesAll = true;
  }

  /** No more than by itself. */
  unwatch(): void {
    this.#isWatching = false;
    this.#ownThen.notesAll = this.#early > 0;
    this.#asker = undefined;
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Does each new promise tell? */
  get areAll(): boolean {
    return this.#isWatching || this.#early > 0;
  }

  /** `promise` is made, as one that waits for `parent` where there is one. */
  made(promise: Marked, parent: Marked | undefined): void {
    if (!this.#isWatching && --this.#early === 0) this.#ownThen.notesAll = false;
    if (parent === undefined) this.#tell(promise);
    else this.#ask(promise, parent);
  }

  #tell(promise: Marked): void {
    promise[this.#notes.askers] = 0;
    this.#ownThen.give(promise);
  }

  #ask(promise: Marked, parent: Marked): void {
    const { askers, carried, reaction } = this.#notes;
    if (parent === this.#asker && parent[askers] === undefined) {
      // An `await` of what is no promise of the language: it has made one, and waits for that.
      this.settled(parent);
      this.#tell(parent);
    }
    const count = parent[askers] as number | undefined;
    if (count === undefined || this.#ownThen.isCatch) return;
    // A frozen promise can not count: nobody knows.
    if (!Reflect.set(parent, askers, count + 1)) return;
    this.#asker = promise;
    this.#asked = parent;
    const parcel = parent[carried];
    // One hold has one holder: where several wait for it, nobody knows which.
    if (count > 0 && parcel instanceof HeldNode) parcel.ask().unsure = true;
    else if (count > 0 && parcel instanceof Owner) parcel.isShared = true;
    if (parcel === undefined && this.isPast(false)) this.unseen(promise, reaction);
  }

  /** An `await` of no promise makes one, as if that waited for the promise of the function itself; it settles at once. */
  settled(promise: Marked): void {
    if (promise !== this.#asker) return;
    const { askers } = this.#notes;
    const asked = this.#asked as Marked;
    this.#asker = undefined;
    Reflect.set(asked, askers, (asked[askers] as number) - 1);
  }

  /** Is it a call of the prototype's `then` that waits? `must`: it is looked at in any case. */
  isPast(must: boolean): boolean {
    if (this.#ownThen.isRunning) return false;
    if (!must) {
      if (this.#looks === 0 || !this.areAll) return false;
      this.#looks -= 1;
    }
    return isCallOfThen(this.#onInit);
  }

  /** From now on all waits are looked at. */
  lookAlways(): void {
    this.#looks = Number.POSITIVE_INFINITY;
  }

  /** Made by the prototype's `then`: its handlers are not seen. */
  unseen(promise: Marked, kind: symbol): void {
    promise[kind] = true;
    this.#ownThen.give(promise);
  }

  /** Is it known of all who wait for `promise` how they do? */
  isTold(promise: Marked): boolean {
    return promise[this.#notes.askers] !== undefined && Object.isExtensible(promise) && this.#ownThen.isOn(promise);
  }

  /** Are they several? */
  isShared(promise: Marked): boolean {
    return ((promise[this.#notes.askers] as number | undefined) ?? 0) > 1;
  }
}
