/**
 * Who waits for a promise, before it is known what that will bring: functions that await it, callbacks, combinators?
 *
 * A promise that is layered (then-layer.ts) as it is made tells all calls of its `then`; who waits without one awaits. So it is with the
 * first promises of a program, and with all of them once the program asks what is held. Of others nobody knows.
 *
 * Certain is who gets what it brings only where it is waited for once, and at once, by what called the function that
 * made it: a promise that is kept may be a mere signal to who awaits it.
 *
 * Cost: a stamp and a layer for each promise, a stamp for each await. A call of the prototype's `then`, past that of the
 * promise, is told from an await by the stack, which costs more than a lock: so only the first are looked at, and all of
 * them in a program that does such a thing to a promise which brings a hold.
 */
import { Hold } from '../model/hold.js';
import { Owner } from './owner.js';
import { CATCH, PASSES, type ThenCalls } from './then-calls.js';
import { IS_CALLBACK, type Marked, passedOn, type PromiseNotes } from './promise-notes.js';
import { isCallOfThen } from '../platform/turn-function.js';
import type { Below } from '../platform/below.js';

/** Promises at the start that tell who waits for them, asked or not; more than most tests make. */
const EARLY_PROMISES = 10_000;

/** Waits at the start that are looked at. */
const LOOKS = 1000;

/** A stamp is the turn in which the promise was made, times this, and one of the following. */
const STATES = 4;
const UNASKED = 0;
/** Asked once, by who was there when it was made. */
const ASKED = 1;
/** By one who may have been given it. */
const KEPT = 2;
/** By several. */
const SHARED = 3;

export class ToldPromises {
  readonly #notes: PromiseNotes;
  readonly #thenCalls: ThenCalls;
  readonly #onInit: Below;
  #early = EARLY_PROMISES;
  #looks = LOOKS;
  #isWatching = false;
  /** Turns so far, and those after which all promises have told without a gap. */
  #turn = 1;
  #since = 0;
  #isFirst = true;
  /** What was made last, if that waits for nothing. */
  #started: Marked | undefined;
  /** What was last seen to wait, for what, and the stamp of that before. */
  #asker: Marked | undefined;
  #asked: Marked | undefined;
  #before = 0;

  /** `onInit`: the hook, below which stacks are taken. */
  constructor(notes: PromiseNotes, thenCalls: ThenCalls, onInit: Below) {
    this.#notes = notes;
    this.#thenCalls = thenCalls;
    this.#onInit = onInit;
  }

  /** From now on each promise tells. */
  watch(): void {
    if (!this.areAll) this.#since = ++this.#turn;
    this.#isWatching = true;
  }

  /** The hooks are taken off: what is made and asked meanwhile nobody sees. */
  pause(): void {
    this.#isWatching = false;
    this.#since = ++this.#turn;
    this.endTurn();
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Does each new promise tell? */
  get areAll(): boolean {
    return this.#isWatching || this.#early > 0;
  }

  /** A turn begins or ends. */
  endTurn(): void {
    this.#turn += 1;
    this.#isFirst = true;
    this.#started = undefined;
    this.#asker = undefined;
  }

  /** `promise` is made, as one that waits for `parent` where there is one. */
  made(promise: Marked, parent: Marked | undefined): void {
    if (!this.#isWatching) this.#early -= 1;
    if (parent === undefined) {
      this.#tell(promise);
      this.#started = promise;
    } else this.#ask(promise, parent);
    this.#isFirst = false;
  }

  #tell(promise: Marked): void {
    this.#notes.askers.set(promise, this.#turn * STATES);
    this.#thenCalls.observe(promise);
  }

  /** `promise` is that of a wait, and of no function that has been called. */
  isWait(promise: Marked): void {
    if (promise === this.#started) this.#started = undefined;
  }

  #ask(promise: Marked, parent: Marked): void {
    const { askers } = this.#notes;
    if (parent === this.#asker && askers.get(parent) === undefined) {
      // An `await` of what is no promise of the language: it has made one, and waits for that.
      this.settled(parent);
      this.#tell(parent);
      this.#started = undefined;
    }
    const stamp = askers.get(parent);
    if (stamp === undefined) {
      this.#started = undefined;
      return;
    }
    this.#asker = promise;
    this.#asked = parent;
    this.#before = stamp;
    this.#count(parent, stamp);
    this.#started = undefined;
    if (parent[this.#notes.carried] === undefined && this.isPast(parent, false)) this.unseen(promise);
  }

  #count(asked: Marked, stamp: number): void {
    const kind = this.#thenCalls.kindFor(asked);
    if (kind === CATCH) return;
    const isAtOnce = this.#isAtOnce(asked, stamp, kind);
    this.#set(asked, stamp, isAtOnce);
    // What a `catch` lets pass is asked for with it.
    const source = passedOn(this.#notes.reaction.get(asked));
    const before = source === undefined ? undefined : this.#notes.askers.get(source);
    if (source !== undefined && before !== undefined) this.#set(source, before, isAtOnce);
  }

  #set(asked: Marked, stamp: number, isAtOnce: boolean): void {
    const before = stamp % STATES;
    const isFirst = before === UNASKED;
    const state = isFirst ? (isAtOnce ? ASKED : KEPT) : SHARED;
    this.#notes.askers.set(asked, stamp - before + state);
    const parcel = asked[this.#notes.carried];
    if (parcel instanceof Hold) {
      parcel.seen = state === ASKED;
      if (!isFirst) parcel.ask().unsure = true;
    } else if (parcel instanceof Owner) {
      if (state !== ASKED) parcel.pass().isKept = true;
      if (!isFirst) share(parcel);
    }
  }

  /** Does it come from who was there when the promise was made, and has called nobody since who could have asked? */
  #isAtOnce(asked: Marked, stamp: number, kind: number | undefined): boolean {
    const isOfTurn = stamp - (stamp % STATES) === this.#turn * STATES;
    // A promise that was resolved with it asks in a turn of its own.
    if (kind === PASSES) return isOfTurn || this.#isFirst;
    return isOfTurn && (this.#started === undefined || this.#started === asked);
  }

  /** An `await` of no promise makes one, as if that waited for the promise of the function itself; it settles at once. */
  settled(promise: Marked): void {
    if (promise !== this.#asker) return;
    this.#notes.askers.set(this.#asked as Marked, this.#before);
    this.#asker = undefined;
  }

  /** Is it a call of the prototype's `then` that waits for `asked`? `must`: it is looked at in any case. */
  isPast(asked: Marked, must: boolean): boolean {
    if (this.#thenCalls.kindFor(asked) !== undefined) return false;
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

  /** Made by the prototype's `then`, or one that nobody saw: its handlers are not known. What its source brings is noted on it by now. */
  unseen(promise: Marked): void {
    if (promise[this.#notes.carried] !== undefined) promise[this.#notes.callback] = true;
    this.#notes.reaction.set(promise, IS_CALLBACK);
    this.#tell(promise);
  }

  /** Made by the call of a layer's `then` that runs. What goes into a combinator nobody sees. */
  derived(promise: Marked): void {
    if (this.#thenCalls.noteKind(promise) !== PASSES && this.areAll) this.#tell(promise);
  }

  /** Is it known of all who wait for `promise` how they do? */
  isTold(promise: Marked): boolean {
    const stamp = this.#notes.askers.get(promise);
    if (stamp === undefined || !this.areAll || stamp < this.#since * STATES) return false;
    return this.#thenCalls.isObserved(promise);
  }

  /** Does one wait for it who may have been given it? */
  isKept(promise: Marked): boolean {
    return (this.#notes.askers.get(promise) ?? 0) % STATES === KEPT;
  }

  /** Do several, so that it is not certain who goes on with what it brings? */
  isShared(promise: Marked): boolean {
    return (this.#notes.askers.get(promise) ?? 0) % STATES === SHARED;
  }
}

/** Several wait for what a function returned with. */
export function share(parcel: Owner): void {
  parcel.pass().isShared = true;
  parcel.unsettle();
}
