/**
 * What a promise brings to whoever goes on in its turn: a hold, or all that a function returned with.
 *
 * A turn is that of a function that awaited the promise, of a user's callback of `then`, or of the language's own handlers, through which
 * holds pass on their way (`through`). Invariant: what comes for the second time has no certain holder any more. Cost: O(1) for a hold of a
 * function that awaited it; else a step for each hold. A caller must call `readTurn` before all else in a turn.
 */
import { HELD, isWait, type Hold } from '../model/hold.js';
import type { Arrivals } from './arrivals.js';
import { noteAwaited } from './bare-promises.js';
import type { HeldContext } from './held-context.js';
import { cellUnder, mayBeListed } from './hold-list.js';
import { hasFrames, isOpen, Owner } from './owner.js';
import type { Marked, PromiseNotes } from './promise-notes.js';
import { weakly } from '../platform/weak.js';

export class Delivery {
  /** Was the promise of the turn derived with a user's callback, or through what do holds pass there? */
  isCallback = false;
  through: Owner | undefined = undefined;
  readonly #notes: PromiseNotes;
  readonly #context: HeldContext;
  readonly #arrivals: Arrivals;
  /** Does the program ask what is held? Then it is looked at closely who has it. */
  isAsked = false;

  constructor(notes: PromiseNotes, context: HeldContext, arrivals: Arrivals) {
    this.#notes = notes;
    this.#context = context;
    this.#arrivals = arrivals;
  }

  readTurn(promise: Marked): void {
    this.isCallback = promise[this.#notes.callback] === true;
    this.through = promise[this.#notes.through] as Owner | undefined;
  }

  /** `promise`, whose turn it is, brings `parcel` to `owner`. */
  receive(promise: Marked, owner: Owner, parcel: Hold | Owner): void {
    const again = parcel.received;
    parcel.received = true;
    if (parcel instanceof Owner) this.#receiveAll(promise, owner, parcel, again);
    else if (this.#receiveHold(owner, parcel, again)) {
      // What comes for the first time is in no list yet, unless somebody has adopted it.
      const isNew = !again && parcel.asked.adoptedBy === undefined;
      if (isNew || !mayBeListed(this.#context.current(), parcel)) this.#enter(parcel, owner);
      if (!again && parcel.followed && owner.sure) noteAwaited(parcel.lock);
    }
  }

  #receiveAll(promise: Marked, owner: Owner, parcel: Owner, again: boolean): void {
    const { passage } = parcel;
    this.#receiveDebts(owner, parcel);
    // A callback gets what a function returned with; that it goes on with the locks nobody has said.
    const isSignal = this.isCallback || this.#notes.reaction.get(promise) !== undefined;
    // No two of them are one hold: what came with others is not looked for among those.
    const listed = this.#context.current();
    for (const node of parcel.nodes) {
      // Who else awaits what a function has returned nobody sees.
      node.seen = false;
      const inDoubt = again || isSignal || passage?.isShared === true;
      if (this.#receiveHold(owner, node, inDoubt) && !mayBeListed(listed, node)) this.#enter(node, owner);
    }
    if (again || passage?.batch === undefined) return;
    if (passage.batch.isOne) this.#receiveBatch(passage.batch.nodes);
    for (const [hold, unlock] of passage.batch.joined()) this.#arrivals.onJoin(hold, unlock, true);
  }

  /** Where one of them has also gone another way, it may have been released before the others were had. */
  #receiveBatch(nodes: readonly Hold[]): void {
    if (nodes.every((node) => node.state === HELD && !node.asked.unsure)) this.#arrivals.onBatch(nodes);
  }

  /** True: it is held, and belongs into the list of what the turn holds. */
  #receiveHold(owner: Owner, node: Hold, inDoubt: boolean): boolean {
    if (isWait(node.kind)) {
      this.#receiveWait(owner, node);
      return false;
    }
    if (node.state !== HELD) return false;
    const isPlain = !this.isCallback && this.through === undefined;
    node.followed = isPlain;
    owner.keep(node);
    if (inDoubt || !isPlain || !owner.sure || !node.isPlain) this.#noteRest(owner, node, inDoubt);
    return true;
  }

  #noteRest(owner: Owner, node: Hold, inDoubt: boolean): void {
    const { handle, adoptedBy } = node.asked;
    if (handle !== undefined) handle.owner = weakly(owner);
    // One hold has one holder: when several await it, nobody knows which.
    if (inDoubt) node.ask().unsure = true;
    this.through?.keep(node);
    if (!owner.sure) owner.doubt(node);
    const mayBeCallback = !owner.sure || this.isCallback;
    if (mayBeCallback && (this.isAsked || hasFrames(node))) owner.watched = true;
    if (adoptedBy !== undefined) owner.adopt(node);
  }

  #enter(node: Hold, owner: Owner): void {
    this.#context.enterTurn(cellUnder(node, this.#context.current()));
    // Of a plain one nothing is in question.
    if (!node.isPlain) this.#arrivals.onHold(node, owner);
  }

  /** The end of a wait; the language's own handlers pass it on. */
  #receiveWait(owner: Owner, node: Hold): void {
    const through = this.through;
    if (through === undefined) {
      this.#arrivals.onHold(node, owner);
      return;
    }
    owner.keep(node);
    through.keep(node);
  }

  #receiveDebts(owner: Owner, parcel: Owner): void {
    if (parcel.debts === undefined) return;
    const through = this.through;
    for (const debt of parcel.debts.values()) {
      if (!isOpen(debt.doubt)) continue;
      this.#arrivals.onDebt(debt, owner);
      if (!isOpen(debt.doubt)) continue;
      owner.owe(debt);
      through?.owe(debt);
    }
  }
}
