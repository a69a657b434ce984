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
import { BarePromises, noteAwaited, noteThenCalled } from './bare-promises.js';
import { Batch, BatchTurns } from './batch-turns.js';
import type { HeldContext } from './held-context.js';
import { HELD, Hold, isWait, type ListCell, type TrackedLock } from '../model/hold.js';
import { hasFrames, isOpen, Owner, type Debt } from './owner.js';
import { cellUnder, mayBeListed } from './hold-list.js';
import { ThenCalls } from './then-calls.js';
import { type Marked, marked, passedOn, PromiseNotes } from './promise-notes.js';
import { ShieldedHooks } from './shielded-hooks.js';
import { share, ToldPromises } from './told-promises.js';
import { TriesInCalls } from './tries-in-calls.js';
import { inMicrotask } from '../platform/clock.js';
import { isActOfTurn } from '../platform/turn-function.js';
import type { Below } from '../platform/below.js';

const NOTHING = 0;
const SUSPENDED = 1;
const SETTLED = 2;

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
  #handingOver: Owner | undefined;
  /** Of a watched owner, by its stack: was the last event an await or a return of the turn's own function? */
  #byTurn = false;
  /** Has the turn begun with the call of an async function? Then it is a callback's. */
  #isCall = false;
  /** Of the turn's promise, while there is an owner: was it derived with a user's callback, or through what do holds pass there? */
  #isCallback = false;
  #through: Owner | undefined;
  /** Promises that settled as their function returned with holds, until their reactions have run. */
  readonly #returned = new WeakMap<Marked, Owner>();
  readonly #turns = new BatchTurns();
  readonly #thenCalls = new ThenCalls(this.#notes, (group, source, handler) => this.#joinBatch(group, source, handler));
  readonly #told: ToldPromises;
  readonly #bare = new BarePromises({
    cover: (promise) => void this.#thenCalls.observe(promise),
    wasCalled: (derived) => {
      this.#told.unseen(derived);
      const parcel = derived[this.#notes.carried];
      if (parcel instanceof Hold) noteThenCalled(parcel.lock);
    },
  });
  readonly tries: TriesInCalls = new TriesInCalls();

  constructor(context: HeldContext, arrivals: Arrivals) {
    super();
    this.#context = context;
    this.#arrivals = arrivals;
    this.#told = new ToldPromises(this.#notes, this.#thenCalls, this.onInit);
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
    this.#told.pause();
    this.#stop = undefined;
    this.#closeTurn();
    this.#handingOver = undefined;
  }

  /** Is it the turn of a promise that runs, and not the callback of a timer or the like? */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /** Lets a new promise bring a hold, or the ends of several waits, to whoever awaits it. `mayBatch`: a hold that others may come with. */
  carry(promise: Promise<unknown>, parcel: Hold | Owner, mayBatch = false): void {
    try {
      if (mayBatch) this.#turns.requested(parcel as Hold, this.isInTurn);
      this.#told.isWait(marked(promise));
      marked(promise)[this.#notes.carried] = parcel;
    } catch (error) {
      this.#arrivals.onFault(error);
    }
  }

  /** May the promise of an acquisition of `lock` that begins do without a layer? Then `carryNew` has to follow. */
  mayGoBare(lock: TrackedLock): boolean {
    return !this.#told.areAll && this.#bare.asked(lock);
  }

  /** `carry`, of one that is layered, or that `mayGoBare` has just said yes for. */
  carryNew(promise: Promise<unknown>, hold: Hold, mayBatch: boolean): void {
    this.carry(promise, hold, mayBatch);
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

  /** Watches who gets a hold from a helper, in a program that asks who holds what. */
  watch(): void {
    this.#told.watch();
  }

  /** The running function instance took `node` at once: certain where that is the function of the turn. */
  took(node: Hold, below: Below): void {
    const byTurn = (this.#told.isWatching || node.asked.frames !== undefined) && isActOfTurn(below);
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
      this.#isCallback = promise[this.#notes.callback] === true;
      this.#through = promise[this.#notes.through] as Owner | undefined;
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
    return this.#through === undefined ? this.#owner : undefined;
  }

  protected init(promise: Marked, parent: Marked | undefined): void {
    const context = this.#context;
    const owner = this.#owner;
    const isBare = owner !== undefined && this.#bare.init(parent, owner.latest);
    if (owner !== undefined) owner.latest = promise;
    if (this.#told.areAll) this.#told.made(promise, parent);
    if (this.#thenCalls.isRunning && this.#thenCalls.derives(parent)) this.#told.derived(promise);
    if (context.live === 0) return;
    if (owner !== undefined) {
      if (owner.watched) this.#lookAtInit(parent);
      this.#last = SUSPENDED;
    }
    if (context.cell !== undefined) promise[context.mark] = context.cell;
    if (parent === undefined) return;
    if (this.tries.isOpen && context.cell !== undefined) promise[context.mark] = this.tries.branch(context.cell);
    const parcel = parent[this.#notes.carried] as Hold | Owner | undefined;
    if (parcel === undefined) return;
    promise[this.#notes.carried] = parcel;
    parcel.takers += 1;
    // What follows tells of this one.
    if (isBare) return;
    if (!this.#told.isPast(parent, this.#mustLook(parcel, parent))) return;
    this.#told.unseen(promise);
    this.#told.lookAlways();
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
    if (this.#told.areAll) this.#told.endTurn();
    if (context.live === 0) {
      context.cell = undefined;
      this.#unowned = promise;
      return;
    }
    this.#turns.next();
    if (this.tries.isOpen) this.tries.endTurn();
    const owner = promise[this.#notes.owned] as Owner | undefined;
    const arriving = promise[this.#notes.carried] as Hold | Owner | undefined;
    if (context.byHooks) context.cell = promise[context.mark] as ListCell | undefined;
    if (owner === undefined && arriving === undefined && this.#handingOver === undefined) {
      this.#unowned = promise;
      return;
    }
    this.#openTurn(promise, owner, arriving);
  }

  #openTurn(promise: Marked, known: Owner | undefined, carried: Hold | Owner | undefined): void {
    const reaction = this.#handingOver === undefined ? undefined : this.#notes.reaction.get(promise);
    const isPassive = promise[this.#notes.passive] === true || passedOn(reaction) !== undefined;
    const arriving = isPassive ? undefined : carried;
    const handed = isPassive ? undefined : this.#handingOver;
    const owner = known ?? new Owner(false);
    const isAwait = handed?.passage?.isTold === true && reaction === undefined;
    if (isAwait || arriving !== undefined) owner.sure = true;
    if (known !== undefined) known.prune();
    this.#isCallback = promise[this.#notes.callback] === true;
    this.#through = promise[this.#notes.through] as Owner | undefined;
    if (arriving !== undefined) {
      this.#receive(promise, owner, arriving);
      // A derived promise has a second turn when its callback returns a promise: that one brings nothing.
      if (this.#isCallback) Reflect.set(promise, this.#notes.passive, true);
    }
    if (handed !== undefined) this.#receive(promise, owner, handed);
    if (owner.isEmpty) {
      this.#unowned = promise;
      return;
    }
    this.#begin(promise, owner);
    // What a function goes on with after its `await`: nobody else runs in its turn, unless it calls them.
    if (owner.sure && !isPassive && !this.#isCallback && this.#through === undefined) this.#bare.opened();
  }

  #begin(promise: Marked, owner: Owner): void {
    this.#owner = owner;
    owner.turn = promise;
    this.#last = NOTHING;
    this.#selfSettled = false;
    this.#isCall = false;
  }

  #receive(promise: Marked, owner: Owner, parcel: Hold | Owner): void {
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
    const isSignal = this.#isCallback || this.#notes.reaction.get(promise) !== undefined;
    // No two of them are one hold: what came with others is not looked for among those.
    const listed = this.#context.current();
    for (const node of parcel.nodes) {
      node.seen = passage?.isTold === true && !passage.isKept;
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
    const through = this.#through;
    node.followed = !this.#isCallback && through === undefined;
    // One hold has one holder: when several await it, nobody knows which.
    if (inDoubt) node.ask().unsure = true;
    through?.keep(node);
    owner.keep(node);
    if (!owner.sure) owner.doubt(node);
    const mayBeCallback = !owner.sure || this.#isCallback;
    if (mayBeCallback && (this.#told.isWatching || hasFrames(node))) owner.watched = true;
    if (node.asked.adoptedBy !== undefined) owner.adopt(node);
    return true;
  }

  #enter(node: Hold, owner: Owner): void {
    this.#context.enterTurn(cellUnder(node, this.#context.current()));
    this.#arrivals.onHold(node, owner);
  }

  /** The end of a wait; the language's own handlers pass it on. */
  #receiveWait(owner: Owner, node: Hold): void {
    const through = this.#through;
    if (through === undefined) {
      this.#arrivals.onHold(node, owner);
      return;
    }
    owner.keep(node);
    through.keep(node);
  }

  #receiveDebts(owner: Owner, parcel: Owner): void {
    if (parcel.debts === undefined) return;
    const through = this.#through;
    for (const debt of parcel.debts.values()) {
      if (!isOpen(debt.doubt)) continue;
      this.#arrivals.onDebt(debt, owner);
      if (!isOpen(debt.doubt)) continue;
      owner.owe(debt);
      through?.owe(debt);
    }
  }

  protected settled(promise: Marked): void {
    this.#told.settled(promise);
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
    if (!owner.prune()) this.#armHandOver(promise);
  }

  /**
   * The microtask queued here runs right before the reactions of `promise`, the one queued when the turn ends right
   * after them: whatever continuation runs between the two awaited this promise.
   */
  #armHandOver(promise: Marked): void {
    inMicrotask(() => {
      this.#handingOver = this.#returned.get(promise);
    });
  }

  protected after(): void {
    this.#context.cell = undefined;
    if (this.#told.areAll) this.#told.endTurn();
    const owner = this.#owner;
    if (owner !== undefined) this.#end(owner, owner.latest as Marked | undefined);
    this.#closeTurn();
  }

  #end(owner: Owner, latest: Marked | undefined): void {
    this.#bare.ended(latest);
    if (this.#last === NOTHING || latest === undefined) return;
    if (this.#last === SUSPENDED) this.#suspend(owner, latest);
    else if (!this.#isCallback) {
      if (this.#through !== undefined) this.#pass(latest, this.#through);
      else this.#return(latest, owner);
    }
  }

  /**
   * The turn ended with a wait. A turn of a callback of `then` whose own promise has settled by then was over, and the wait
   * that of somebody it called. It may be so for any callback, and where the turn is not known to be none (`unsure`).
   */
  #suspend(owner: Owner, next: Marked): void {
    const isCallback = this.#isCallback;
    if (isCallback && this.#selfSettled) return;
    const certain = owner.watched ? this.#byTurn && (isCallback || !this.#isCall) : owner.sure && !isCallback;
    if (!certain) owner.unsettle();
    owner.sure = certain;
    owner.watched = false;
    owner.doubted = undefined;
    const awaited = next[this.#notes.carried] as Hold | Owner | undefined;
    if (awaited !== undefined) noteAwaitedBy(awaited, owner, this.#arrivals);
    if (owner.prune()) return;
    try {
      next[this.#notes.owned] = owner;
    } catch {
      // A frozen promise takes no notes.
    }
  }

  #return(promise: Marked, owner: Owner): void {
    if (owner.prune()) return;
    for (const node of owner.nodes) {
      const asked = node.ask();
      node.followed = false;
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
    const passage = owner.pass();
    passage.isTold = this.#told.isTold(promise);
    passage.isShared = this.#told.isShared(promise);
    passage.isKept = this.#told.isKept(promise);
    this.#returned.set(promise, owner);
    // A frozen promise takes no notes: who awaits it late does not receive.
    if (Object.isExtensible(promise)) {
      promise[this.#notes.carried] = owner;
      // A `then` of the program's own tells nothing.
      if (!this.#thenCalls.observe(promise)) share(owner);
    }
    inMicrotask(() => {
      this.#handingOver = undefined;
      this.#returned.delete(promise);
    });
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
    this.#through = undefined;
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
