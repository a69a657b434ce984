/**
 * Promises of acquisitions that go without a layer (then-layer.ts), which an `await` of them costs more than it costs to follow it.
 *
 * The layer tells an `await` from a call of `then`. In the turn of a function that V8 has resumed the order of events tells it as
 * well: its `await` is the last event of the turn, but for the end of the turn itself; after a call of `then` something else
 * follows, at the latest the return of the function. That holds while the function is alone: the first `await` of an async
 * function that it calls would not be the last event either. What the events can not tell is what `then` was called with, so a
 * promise goes bare only where the lock's acquisitions were all awaited so far.
 *
 * States of a turn, and the events that change them. SHUT: no promise may go bare.
 *
 *   event                                       SHUT   ALONE  ASKED  MADE    WAITED
 *   opened: a function goes on, for certain     ALONE  ALONE  ASKED  MADE    WAITED
 *   asked: an acquisition begins                SHUT   ASKED  SHUT   MADE    WAITED
 *   made: its promise exists                    SHUT   ALONE  MADE   MADE    WAITED
 *   init: a promise that waits for nothing      SHUT   SHUT   ASKED  cover   `then`
 *   init: one that waits for the bare one       SHUT   ALONE  ASKED  WAITED  `then`
 *   init: one that waits for another            SHUT   ALONE  ASKED  cover   `then`
 *   acted: a promise settles                    SHUT   ALONE  ASKED  cover   `then`
 *   ended: the turn ends                        SHUT   SHUT   SHUT   cover   awaited
 *
 * `cover` puts the layer on the promise: nobody waits for it so far, so it tells all that will. `then` says that who waits was
 * derived by a call of `then` whose handlers nobody saw. Both end in SHUT, and so does `awaited`. Who waits for a promise that was bare
 * once it has been awaited is told by the stack (promise-hooks.ts).
 *
 * Invariant: outside of a turn the state is SHUT. `latest` is the promise that was last made or settled in the turn, before this event: in MADE
 * it is the bare one, in WAITED who waits for it; nothing else is kept here, since what is written into an object as old as this one
 * costs V8 more than the rest. Cost: a branch for each event. A caller must not report what the locks settle themselves, and of what
 * they make the `init` alone.
 */
import type { TrackedLock } from '../model/hold.js';
import type { Marked } from './promise-notes.js';

const SHUT = 0;
const ALONE = 1;
const ASKED = 2;
const MADE = 3;
const WAITED = 4;

/** So many acquisitions of a lock must have been awaited before its promises go bare. */
export const AWAITED_BEFORE = 4;

/** Of a lock of which an acquisition was waited for by a call of `then`: it never gets there. */
const NEVER = -0x4000_0000;

/** What becomes of a bare promise. */
export interface BareEnds {
  /** Puts the layer on it. */
  cover(promise: Marked): void;
  /** `derived` was made by a call of its `then`, which nobody saw. */
  wasCalled(derived: Marked): void;
}

export class BarePromises {
  readonly #ends: BareEnds;
  #state: typeof SHUT | typeof ALONE | typeof ASKED | typeof MADE | typeof WAITED = SHUT;

  constructor(ends: BareEnds) {
    this.#ends = ends;
  }

  /** The turn that begins is that of a function that awaited what it was resumed with: that is certain. */
  opened(): void {
    if (this.#state === SHUT) this.#state = ALONE;
  }

  /** May the promise of the acquisition that begins go bare? */
  asked(lock: TrackedLock): boolean {
    if (this.#state === ALONE && lock.awaited >= AWAITED_BEFORE) {
      this.#state = ASKED;
      return true;
    }
    if (this.#state === ASKED) this.#state = SHUT;
    return false;
  }

  /** Is a promise to be made that was asked for? */
  get isAsked(): boolean {
    return this.#state === ASKED;
  }

  /** The acquisition's promise; where `asked` said yes, it has no layer. */
  made(promise: Marked, latest: object | undefined): void {
    if (this.#state !== ASKED) return;
    this.#state = promise === latest ? MADE : SHUT;
    if (promise !== latest) this.#ends.cover(promise);
  }

  /** A promise is made, for who waits for `parent` where there is one. Is it the first that waits for the bare one? */
  init(parent: Marked | undefined, latest: object | undefined): boolean {
    if (this.#state === MADE && parent !== undefined && parent === latest) {
      this.#state = WAITED;
      return true;
    }
    if (this.#state > ASKED) this.acted(latest);
    else if (parent === undefined && this.#state === ALONE) this.#state = SHUT;
    return false;
  }

  /** The turn's function goes on: what waits for the bare promise was no `await`. */
  acted(latest: object | undefined): void {
    const state = this.#state;
    if (state <= ASKED) return;
    this.#state = SHUT;
    if (state === MADE) this.#ends.cover(latest as Marked);
    else this.#ends.wasCalled(latest as Marked);
  }

  ended(latest: object | undefined): void {
    if (this.#state === MADE) this.#ends.cover(latest as Marked);
    this.#state = SHUT;
  }
}

/** An acquisition of the lock came to a function that awaited it. */
export function noteAwaited(lock: TrackedLock): void {
  lock.awaited += 1;
}

/** One was waited for by a call of `then`. */
export function noteThenCalled(lock: TrackedLock): void {
  lock.awaited = NEVER;
}
