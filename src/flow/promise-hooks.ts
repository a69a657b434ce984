/**
 * Follows imperative holds from function to function, by V8's promise hooks.
 *
 * An `acquire()` can not say "from here on" to its caller: whatever it enters while it runs leaks into everything that
 * the caller does later. So the hold travels on the promise. `init` sees which continuation awaits it, `before` enters
 * it just before exactly that continuation runs, and there it belongs to the running function instance (Owner). When
 * the instance suspends, its next continuation owns them; when it returns with a lock held, those that await it do.
 *
 * Facts of V8 this rests on: the last event in a continuation's turn is `init` of the next continuation if the function
 * suspended and `settled` of its own promise if it returned; `settled` comes before the reactions of that promise are
 * queued.
 *
 * Cost: with no lock held or awaited in the process, a test per promise event; else a few property reads. Serialised by the event loop: one turn is open
 * at a time.
 */
import type { Arrivals } from './arrivals.js';
import { noteAwaitedBy } from './awaited-by.js';
import { BarePromises, noteThenCalled } from './bare-promises.js';
import { Batch, BatchTurns } from './batch-turns.js';
import { Delivery } from './delivery.js';
import type { HeldContext } from './held-context.js';
import { Hold, type ListCell, type TrackedLock } from '../model/hold.js';
import { hasFrames, Owner, type Debt } from './owner.js';
import { CATCH, PASSES, ThenCalls } from './then-calls.js';
import { IS_CALLBACK, type Marked, marked, passedOn, PromiseNotes } from './promise-notes.js';
import { Returns } from './returns.js';
import { ShieldedHooks } from './shielded-hooks.js';
import { TriesInCalls } from './tries-in-calls.js';
import { isRejected } from '../platform/rejected.js';
import { weakly } from '../platform/weak.js';
import { isActOfTurn, isCallOfThen } from '../platform/turn-function.js';
import type { Below } from '../platform/below.js';

const NOTHING = 0;
const SUSPENDED = 1;
const SETTLED = 2;
/** Where the count of calls begins anew: it stays a small number for V8. */
const MANY = 0x3fff_ffff;
/** In place of that of a promise that somebody waits for. */
const GONE = -1;

export class PromiseHooks extends ShieldedHooks {
  readonly #notes = new PromiseNotes();
  readonly #context: HeldContext;
  readonly #arrivals: Arrivals;
  #stop: (() => void) | undefined;
  /** The function instance that runs, while it owns holds. It has the promise of the turn, and of the last event in it. */
  #owner: Owner | undefined;
  /** Is it a promise's turn that runs? Where there is no owner so far, that of this promise. */
  #isInTurn = false;
  #unowned: Marked | undefined;
  /** Calls of `mute` that go on: a callback of the program may make locks settle more within. */
  #muted = 0;
  /** Has the promise of the turn itself settled? */
  #selfSettled = false;
  #last = NOTHING;
  /** Of a watched owner, by its stack: was the last event an await or a return of the turn's own function? */
  #byTurn = false;
  /** Has the turn begun with the call of an async function? Then it is a callback's. */
  #isCall = false;
  readonly #returns = new Returns();
  readonly #turns = new BatchTurns();
  readonly #thenCalls = new ThenCalls(this.#notes, (group, source, handler) => this.#joinBatch(group, source, handler));
  readonly #delivery: Delivery;
  /** Has the prototype's `then` been called on a promise past its layer? A program that does so may do it again. */
  #looksAlways = false;
  /** Turns, and calls of async functions in them: a promise that is awaited in the same one was given to nobody. */
  #calls = 0;
  readonly #bare = new BarePromises({
    cover: (promise) => void this.#thenCalls.observe(promise),
    wasCalled: (derived) => {
      this.#unseen(derived);
      const parcel = derived[this.#notes.carried];
      if (parcel instanceof Hold) noteThenCalled(parcel.lock);
    },
  });
  readonly tries: TriesInCalls = new TriesInCalls();

  constructor(context: HeldContext, arrivals: Arrivals) {
    super();
    this.#context = context;
    this.#arrivals = arrivals;
    this.#delivery = new Delivery(this.#notes, context, arrivals);
  }

  /** The turn that runs is one of which nothing is known. */
  protected fault(error: unknown): void {
    this.#context.cell = undefined;
    this.#closeTurn();
    this.#arrivals.onFault(error);
  }

  start(): void {
    this.#stop ??= this.register();
  }

  stop(): void {
    this.#stop?.();
    this.#delivery.isAsked = false;
    this.#stop = undefined;
    this.#closeTurn();
    this.#returns.from = undefined;
  }

  /** Is it the turn of a promise that runs, and not the callback of a timer or the like? */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /** Lets a new promise bring a hold, or the ends of several waits, to whoever awaits it. `mayBatch`: a hold that others may come with. */
  carry(promise: Promise<unknown>, parcel: Hold | Owner, mayBatch = false): void {
    try {
      if (mayBatch) this.#turns.requested(parcel as Hold, this.isInTurn);
      if (parcel instanceof Hold) parcel.madeIn = this.#calls;
      marked(promise)[this.#notes.carried] = parcel;
    } catch (error) {
      this.#arrivals.onFault(error);
    }
  }

  /** May the promise of an acquisition of `lock` that begins do without a layer? Then `carryNew` has to follow. */
  mayGoBare(lock: TrackedLock): boolean {
    return this.#bare.asked(lock);
  }

  /** `carry`, of one that is layered, or that `mayGoBare` has just said yes for. */
  carryNew(promise: Promise<unknown>, hold: Hold, mayBatch: boolean): void {
    if (!this.#bare.isAsked) {
      this.carry(promise, hold, mayBatch);
      return;
    }
    // As `carry`, for the promises that `#derive` is there for.
    if (mayBatch) this.#turns.requested(hold, true);
    hold.madeIn = this.#calls;
    marked(promise)[this.#notes.carried] = hold;
    this.#bare.made(marked(promise), this.#owner?.latest);
  }

  /** For `carry`, where the promise has no layer: tells awaits of it from calls of `then`. */
  observe(promise: Promise<unknown>): void {
    this.#thenCalls.observe(marked(promise));
  }

  /** What settles until `unmute` is made by the locks themselves, and nobody's return. */
  mute(): void {
    this.#muted += 1;
  }

  unmute(): void {
    this.#muted -= 1;
  }

  get isRunning(): boolean {
    return this.#stop !== undefined;
  }

  /** The program asks who holds what. */
  watch(): void {
    this.#delivery.isAsked = true;
  }

  /** The running function instance took `node` at once: certain where that is the function of the turn. */
  took(node: Hold, below: Below): void {
    const byTurn = (this.#delivery.isAsked || node.asked.frames !== undefined) && isActOfTurn(below);
    this.#takeOver(node, byTurn);
    if (!byTurn) this.tries.took(node, this.isRunning);
  }

  /** The running function instance takes over `node`, whoever had it. */
  adopt(node: Hold, below: Below): void {
    const asked = node.ask();
    asked.unsure = false;
    asked.astray = false;
    this.#takeOver(node, isActOfTurn(below));
    (this.#owner ?? new Owner(true)).adopt(node);
  }

  #takeOver(node: Hold, byTurn: boolean): void {
    node.followed = this.isInTurn;
    node.seen = true;
    const isNew = this.#owner?.sure !== true;
    const owner = this.#ensureOwner();
    owner?.keep(node);
    const { handle } = node.asked;
    if (handle !== undefined && owner !== undefined) handle.owner = weakly(owner);
    if (!byTurn) node.ask().unsure = true;
    // The turn may be that of a callback, which goes on nowhere.
    else if (isNew && owner !== undefined) owner.watched = true;
  }

  /** The running function instance has to prove `debt`, with those that it returns to. */
  owe(debt: Debt): void {
    this.#ensureOwner()?.owe(debt);
  }

  /** That of the open turn; undefined outside of one, as in the callback of a timer. */
  #ensureOwner(): Owner | undefined {
    const promise = this.#unowned;
    if (this.#owner === undefined && promise !== undefined) {
      this.#delivery.readTurn(promise);
      this.#begin(promise, new Owner(true));
    }
    return this.#owner;
  }

  /** The running function instance, if it owns holds. */
  get owner(): Owner | undefined {
    return this.#owner;
  }

  /** The same, unless it is a callback on the way of what it owns. */
  get lastOwner(): Owner | undefined {
    return this.#delivery.through === undefined ? this.#owner : undefined;
  }

  protected init(promise: Marked, parent: Marked | undefined): void {
    const context = this.#context;
    const owner = this.#owner;
    const isBare = owner !== undefined && this.#bare.init(parent, owner.latest);
    if (owner !== undefined) owner.latest = promise;
    if (this.#thenCalls.isRunning && this.#thenCalls.derives(parent)) this.#thenCalls.noteKind(promise);
    if (context.live === 0) return;
    if (parent === undefined) this.#calls = (this.#calls + 1) & MANY;
    if (owner !== undefined) {
      if (owner.watched) this.#lookAtInit(parent);
      this.#last = SUSPENDED;
    }
    if (isBare) this.#derive(promise, parent as Marked);
    else if (context.cell !== undefined || parent !== undefined) this.#note(promise, parent, context.cell);
  }

  /** What the new promise takes from the turn, and from the promise that it waits for. */
  #note(promise: Marked, parent: Marked | undefined, cell: ListCell | undefined): void {
    if (cell !== undefined) promise[this.#context.mark] = cell;
    if (parent === undefined) return;
    if (this.tries.isOpen && cell !== undefined) promise[this.#context.mark] = this.tries.branch(cell);
    const parcel = parent[this.#notes.carried] as Hold | Owner | undefined;
    if (parcel === undefined) return;
    promise[this.#notes.carried] = parcel;
    parcel.takers += 1;
    const kind = this.#thenCalls.kindFor(parent);
    if (parcel instanceof Hold && kind !== CATCH && parent[this.#notes.callback] !== true)
      this.#noteAsked(parcel, kind !== PASSES);
    if (kind !== undefined || !(this.#looksAlways || this.#mustLook(parcel, parent)) || !isCallOfThen(this.onInit))
      return;
    this.#unseen(promise);
    this.#looksAlways = true;
  }

  /** Does it come to who has called for it and to nobody else? Who waits for it at once was the only one that had its promise. */
  #noteAsked(hold: Hold, comesHere: boolean): void {
    hold.seen = comesHere && hold.madeIn === this.#calls;
    hold.madeIn = GONE;
  }

  /** Made by the prototype's `then`, or one that nobody saw: its handlers are not known. What its source brings is noted on it by now. */
  #unseen(promise: Marked): void {
    if (promise[this.#notes.carried] !== undefined) promise[this.#notes.callback] = true;
    this.#notes.reaction.set(promise, IS_CALLBACK);
    this.#thenCalls.observe(promise);
  }

  /**
   * What waits for a bare promise, of which the events that follow tell. It does what `init` does, in a place of its own: V8 knows
   * the few kinds of promises that come by here, while those that come by there are too many for it.
   */
  #derive(promise: Marked, bare: Marked): void {
    const { cell, mark } = this.#context;
    if (cell !== undefined) promise[mark] = this.tries.isOpen ? this.tries.branch(cell) : cell;
    const parcel = bare[this.#notes.carried] as Hold | undefined;
    if (parcel === undefined) return;
    promise[this.#notes.carried] = parcel;
    parcel.takers += 1;
    // As #noteAsked, in place: V8 puts no more calls in place here.
    parcel.seen = parcel.madeIn === this.#calls;
    parcel.madeIn = GONE;
  }

  /** Has it to be known for certain whether it is an `await` that waits for the parcel's promise? */
  #mustLook(parcel: Hold | Owner, promise: Marked): boolean {
    if (parcel instanceof Owner || hasFrames(parcel)) return hasFrames(parcel);
    // Of a promise that was bare nobody knows who waits for it after the first.
    return parcel.takers > 1 && !this.#thenCalls.isObserved(promise);
  }

  /** A resumed function begins with none of its promises; a called one with that of its result. */
  #lookAtInit(parent: Marked | undefined): void {
    this.#byTurn = isActOfTurn(this.onInit);
    if (parent === undefined && this.#last === NOTHING && this.#byTurn) this.#isCall = true;
  }

  protected before(promise: Marked): void {
    const context = this.#context;
    // No turn of a promise begins within another one: that one went without an end.
    if (this.#isInTurn) this.#closeTurn();
    this.#isInTurn = true;
    if (context.live === 0) {
      context.cell = undefined;
      this.#unowned = promise;
      return;
    }
    this.#turns.next();
    this.#calls = (this.#calls + 1) & MANY;
    if (this.tries.isOpen) this.tries.endTurn();
    const owner = promise[this.#notes.owned] as Owner | undefined;
    const arriving = promise[this.#notes.carried] as Hold | Owner | undefined;
    if (context.byHooks) context.cell = promise[context.mark] as ListCell | undefined;
    if (owner === undefined && arriving === undefined && this.#returns.from === undefined) {
      this.#unowned = promise;
      return;
    }
    this.#openTurn(promise, owner, arriving);
  }

  #openTurn(promise: Marked, known: Owner | undefined, carried: Hold | Owner | undefined): void {
    const { from } = this.#returns;
    if (from !== undefined || promise[this.#notes.passive] === true) {
      this.#openWith(promise, known, carried, from);
      return;
    }
    const owner = known ?? new Owner(false);
    if (known !== undefined) known.prune();
    this.#delivery.readTurn(promise);
    if (carried !== undefined) this.#receive(promise, owner, carried);
    this.#opened(promise, owner);
  }

  /** The same where it may be one who awaits a function that has just returned with holds, or receives nothing at all. */
  #openWith(
    promise: Marked,
    known: Owner | undefined,
    carried: Hold | Owner | undefined,
    from: Owner | undefined,
  ): void {
    const reaction = from === undefined ? undefined : this.#notes.reaction.get(promise);
    const isPassive = promise[this.#notes.passive] === true || passedOn(reaction) !== undefined;
    const owner = known ?? new Owner(false);
    if (known !== undefined) known.prune();
    this.#delivery.readTurn(promise);
    if (!isPassive) {
      if (carried !== undefined) this.#receive(promise, owner, carried);
      if (from !== undefined) this.#delivery.receive(promise, owner, from);
    }
    this.#opened(promise, owner, isPassive);
  }

  #receive(promise: Marked, owner: Owner, carried: Hold | Owner): void {
    owner.sure = true;
    this.#delivery.receive(promise, owner, carried);
    // A derived promise has a second turn when its callback returns a promise: that one brings nothing.
    if (this.#delivery.isCallback) Reflect.set(promise, this.#notes.passive, true);
  }

  #opened(promise: Marked, owner: Owner, isPassive = false): void {
    if (owner.isEmpty) {
      this.#unowned = promise;
      return;
    }
    this.#begin(promise, owner);
    const { isCallback, through } = this.#delivery;
    // What a function goes on with after its `await`: nobody else runs in its turn, unless it calls them.
    if (owner.sure && !isPassive && !isCallback && through === undefined) this.#bare.opened();
  }

  #begin(promise: Marked, owner: Owner): void {
    this.#owner = owner;
    owner.turn = promise;
    this.#last = NOTHING;
    this.#selfSettled = false;
    this.#isCall = false;
  }

  protected settled(promise: Marked): void {
    const owner = this.#owner;
    if (owner === undefined || this.#muted > 0) return;
    if (promise === owner.turn) {
      this.#selfSettled = true;
      return;
    }
    this.#bare.acted(owner.latest);
    this.#last = SETTLED;
    owner.latest = promise;
    if (owner.watched) this.#byTurn = isActOfTurn(this.onSettled);
    if (!owner.prune()) this.#returns.arm(promise);
  }

  protected after(): void {
    this.#context.cell = undefined;
    const owner = this.#owner;
    if (owner !== undefined) this.#end(owner, owner.latest as Marked | undefined);
    this.#closeTurn();
  }

  #end(owner: Owner, latest: Marked | undefined): void {
    this.#bare.ended(latest);
    if (this.#last === NOTHING || latest === undefined) return;
    if (this.#last === SUSPENDED) this.#suspend(owner, latest);
    else if (!this.#delivery.isCallback) {
      if (this.#delivery.through !== undefined) this.#pass(latest, this.#delivery.through);
      else this.#return(latest, owner);
    }
  }

  /**
   * The turn ended with a wait. A turn of a callback of `then` whose own promise has settled by then was over, and the wait
   * that of somebody it called. It may be so for any callback, and where the turn is not known to be none (`unsure`).
   */
  #suspend(owner: Owner, next: Marked): void {
    const { isCallback } = this.#delivery;
    if (isCallback && this.#selfSettled) return;
    if (owner.watched || isCallback || !owner.sure) this.#settleDoubts(owner, isCallback);
    owner.doubted = undefined;
    const awaited = next[this.#notes.carried] as Hold | Owner | undefined;
    // Most bring a hold of which nothing is in question.
    if (awaited !== undefined && !(awaited instanceof Hold && awaited.isPlain))
      noteAwaitedBy(awaited, owner, this.#arrivals);
    if (owner.prune()) return;
    try {
      next[this.#notes.owned] = owner;
    } catch {
      // A frozen promise takes no notes.
    }
  }

  #settleDoubts(owner: Owner, isCallback: boolean): void {
    const certain = owner.watched ? this.#byTurn && (isCallback || !this.#isCall) : owner.sure && !isCallback;
    if (!certain) owner.unsettle();
    owner.sure = certain;
    owner.watched = false;
  }

  #return(promise: Marked, owner: Owner): void {
    if (owner.prune()) return;
    for (const node of owner.nodes) {
      const asked = node.ask();
      node.followed = false;
      if (asked.handle !== undefined && isRejected(promise) === true) asked.handle.threw = true;
      asked.returnedBy += 1;
      asked.astray ||= owner.watched ? !this.#byTurn || this.#isCall : !owner.sure;
    }
    this.#handOver(promise, owner);
  }

  /** The turn was that of an element of a combinator, or of a promise that was resolved with another. */
  #pass(promise: Marked, through: Owner): void {
    if (through.passage?.isLate === true) {
      for (const node of through.nodes) {
        node.followed = false;
        node.ask().returnedBy += 1;
      }
    }
    this.#handOver(promise, through);
  }

  /** Those that await `promise` by now are between the two microtasks; those that will await it find it marked. */
  #handOver(promise: Marked, owner: Owner): void {
    owner.pass();
    // A frozen promise takes no notes: who awaits it late does not receive.
    if (Object.isExtensible(promise)) {
      promise[this.#notes.carried] = owner;
      // A `then` of the program's own tells nothing.
      if (!this.#thenCalls.observe(promise)) owner.share();
    }
    this.#returns.end(promise, owner);
  }

  #closeTurn(): void {
    const owner = this.#owner;
    if (owner !== undefined) {
      owner.turn = undefined;
      owner.latest = undefined;
    }
    this.#owner = undefined;
    this.#isInTurn = false;
    this.#unowned = undefined;
    this.#delivery.through = undefined;
  }

  /** Only an acquisition's own promise counts: what a callback makes of it may have released it. */
  #joinBatch(group: Owner, source: Marked, handler: unknown): void {
    const { callback, passive, through, carried } = this.#notes;
    if (source[callback] === true || source[passive] === true || source[through] !== undefined) return;
    const node = source[carried];
    if (!(node instanceof Hold) || !this.#turns.isOfThisTurn(node)) return;
    const batch = (group.pass().batch ??= new Batch());
    batch.add(node, handler);
    const join = batch.joinOf(node);
    if (join !== undefined) this.#arrivals.onJoin(join[0], join[1], false);
  }
}
