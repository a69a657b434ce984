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
import { promiseHooks } from 'node:v8';
import { Batch, BatchTurns } from './batch-turns.js';
import type { HeldContext } from './held-context.js';
import {
  HELD,
  type HeldNode,
  isListed,
  isOpen,
  isWait,
  type ListCell,
  outerHeld,
  Owner,
  WAITING,
  type Debt,
} from './held-node.js';
import { isActOfTurn, isCallOfThen, type Below } from './turn-function.js';

/** What a tracker notes on a promise: fields under symbols of its own, so that two trackers do not mix. */
interface Marked {
  [note: symbol]: unknown;
  then?: unknown;
}

function marked(promise: object): Marked {
  return promise as Marked;
}

/** Captured at load, so that fake timers of a test leave it alone. */
const enqueue = queueMicrotask;

/** Looks for calls of the prototype's `then`, once it is asked what is held, in a program where none is seen. */
const LOOKS = 1000;

const NOTHING = 0;
const SUSPENDED = 1;
const SETTLED = 2;

export interface Arrivals {
  /** A hold, or the end of a wait, has arrived in the function instance that awaited it; or that one begins to wait. */
  onHold(node: HeldNode, owner: Owner): void;
  /** A function with a debt has returned to one that awaited it. */
  onDebt(debt: Debt, owner: Owner): void;
  /** Holds that were requested in one turn have arrived in one function instance, all at once. */
  onBatch(nodes: readonly HeldNode[]): void;
  /** A lock and its unlock, requested in one turn, are elements of one `Promise.all`; or `both` have come through it. */
  onJoin(hold: HeldNode, unlock: HeldNode, both: boolean): void;
}

export class PromiseHooks {
  /** On a promise: what whoever awaits it receives, a hold or all that a function returned with. */
  readonly #carried = Symbol('lockdep.carried');
  /** The function instance that continues here. */
  readonly #owned = Symbol('lockdep.owned');
  /** Receives nothing: derived by `catch`, which what is fulfilled goes past, or has received already. */
  readonly #passive = Symbol('lockdep.passive');
  /** Derived with the language's own handlers (Promise.all, return of a promise): these holds pass through. */
  readonly #through = Symbol('lockdep.through');
  /** Derived with a user's callback: what that resolves is a signal, not its return. */
  readonly #callback = Symbol('lockdep.callback');
  readonly #context: HeldContext;
  readonly #arrivals: Arrivals;
  #stop: (() => void) | undefined;
  /** The continuation that runs, and the function instance it belongs to, while that owns holds. */
  #turn: Marked | undefined;
  #owner: Owner | undefined;
  #muted = false;
  /** Does a promise's own `then` run, which sees the handlers itself? */
  #inThen = false;
  /** Has the promise of the turn itself settled? */
  #selfSettled = false;
  #last = NOTHING;
  #lastPromise: Marked | undefined;
  #handingOver: Owner | undefined;
  /** Of a watched owner: was the last event an await or a return of the turn's own function? */
  #byTurn = false;
  #watching = false;
  #looks = LOOKS;
  /** Promises that settled as their function returned with holds, until their reactions have run. */
  readonly #returned = new WeakMap<Marked, Owner>();
  /** Holds that pass through one combinator, by the reject function that it gives to all its elements. */
  readonly #groups = new WeakMap<object, Owner>();
  readonly #turns = new BatchTurns();
  readonly #then = carryingThen(this);

  constructor(context: HeldContext, arrivals: Arrivals) {
    this.#context = context;
    this.#arrivals = arrivals;
  }

  // Fields, so that a stack can be taken from right below them.
  readonly #onInit = (promise: Promise<unknown>, parent: Promise<unknown>): void =>
    this.#init(marked(promise), parent as unknown as Marked | undefined);
  readonly #onSettled = (promise: Promise<unknown>): void => this.#settled(marked(promise));

  start(): void {
    this.#stop ??= promiseHooks.createHook({
      init: this.#onInit,
      before: (promise) => this.#before(marked(promise)),
      settled: this.#onSettled,
      after: () => this.#after(),
    }) as unknown as () => void;
  }

  stop(): void {
    this.#stop?.();
    this.#watching = false;
    this.#stop = undefined;
    this.#closeTurn();
    this.#handingOver = undefined;
  }

  /** Is it the turn of a promise that runs, and not the callback of a timer or the like? */
  get isInTurn(): boolean {
    return this.#turn !== undefined;
  }

  /** Lets `promise` bring a hold, or the ends of several waits, to whoever awaits it. `mayBatch`: a hold that others may come with. */
  carry(promise: Promise<unknown>, parcel: HeldNode | Owner, mayBatch = false): void {
    if (mayBatch) this.#turns.requested(parcel as HeldNode, this.isInTurn);
    this.#mark(marked(promise), parcel);
  }

  /** What settles until `unmute` is made by the locks themselves, and nobody's return. */
  mute(): void {
    this.#muted = true;
  }

  unmute(): void {
    this.#muted = false;
  }

  #mark(promise: Marked, parcel: HeldNode | Owner): void {
    // A frozen promise takes no notes: who awaits it late does not receive.
    if (!Object.isExtensible(promise)) return;
    promise[this.#carried] = parcel;
    this.#setThen(promise);
  }

  /** `await` never looks at it: it is a promise already. */
  #setThen(promise: Marked): void {
    try {
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      promise.then = this.#then;
    } catch {
      // The prototype's is read-only: in Node's own modules, and with frozen intrinsics.
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      Object.defineProperty(promise, 'then', { value: this.#then, writable: true, configurable: true });
    }
  }

  get isRunning(): boolean {
    return this.#stop !== undefined;
  }

  /** Watches those who get a hold from a helper: costs them a stack, and tells who goes on with the hold. */
  watch(): void {
    this.#watching = true;
  }

  /** The running function instance took `node` at once: certain where that is the function of the turn. */
  took(node: HeldNode, below: Below): void {
    this.#takeOver(node, (this.#watching || node.asked.frames !== undefined) && isActOfTurn(below));
  }

  /** The running function instance takes over `node`, whoever had it. */
  adopt(node: HeldNode, below: Below): void {
    const asked = node.ask();
    asked.unsure = false;
    asked.astray = false;
    this.#takeOver(node, isActOfTurn(below));
    asked.adoptedBy = this.#owner ?? new Owner(true);
  }

  #takeOver(node: HeldNode, byTurn: boolean): void {
    node.followed = this.isInTurn;
    const isNew = this.#owner === undefined;
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
    if (this.#owner === undefined && this.#turn !== undefined) {
      this.#owner = new Owner(true);
      this.#last = NOTHING;
      this.#selfSettled = false;
    }
    return this.#owner;
  }

  /** The running function instance, if it owns holds. */
  get owner(): Owner | undefined {
    return this.#owner;
  }

  #init(promise: Marked, parent: Marked | undefined): void {
    const context = this.#context;
    if (context.live === 0) return;
    const owner = this.#owner;
    if (owner !== undefined) {
      this.#last = SUSPENDED;
      this.#lastPromise = promise;
      if (owner.watched) this.#byTurn = isActOfTurn(this.#onInit);
    }
    if (context.cell !== undefined) promise[context.mark] = context.cell;
    if (parent === undefined) return;
    const parcel = parent[this.#carried] as HeldNode | Owner | undefined;
    if (parcel === undefined) return;
    promise[this.#carried] = parcel;
    parcel.takers += 1;
    if (this.#inThen || !this.#isLookedAt(parcel) || !isCallOfThen(this.#onInit)) return;
    // The prototype's `then`, called past that of the promise: its handlers are not seen.
    promise[this.#callback] = true;
    this.#setThen(promise);
    this.#looks = Number.POSITIVE_INFINITY;
  }

  /** Is it looked at how this is awaited? Each look costs more than the lock. */
  #isLookedAt(parcel: HeldNode | Owner): boolean {
    if (parcel instanceof Owner ? parcel.nodes.some(hasFrames) : hasFrames(parcel)) return true;
    if (!this.#watching || this.#looks === 0) return false;
    this.#looks -= 1;
    return true;
  }

  #before(promise: Marked): void {
    const context = this.#context;
    this.#turn = promise;
    if (context.live === 0) {
      context.cell = undefined;
      this.#owner = undefined;
      return;
    }
    this.#turns.next();
    const owner = promise[this.#owned] as Owner | undefined;
    const arriving = promise[this.#carried] as HeldNode | Owner | undefined;
    if (context.byHooks) context.cell = promise[context.mark] as ListCell | undefined;
    if (owner === undefined && arriving === undefined && this.#handingOver === undefined) {
      this.#owner = undefined;
      return;
    }
    this.#openTurn(promise, owner, arriving);
  }

  #openTurn(promise: Marked, known: Owner | undefined, carried: HeldNode | Owner | undefined): void {
    const arriving = carried !== undefined && promise[this.#passive] === true ? undefined : carried;
    const owner = known ?? new Owner(arriving !== undefined);
    if (known !== undefined) known.prune();
    if (arriving !== undefined) {
      this.#receive(promise, owner, arriving);
      // A derived promise has a second turn when its callback returns a promise: that one brings nothing.
      if (promise[this.#callback] === true) Reflect.set(promise, this.#passive, true);
    }
    if (this.#handingOver !== undefined) this.#receive(promise, owner, this.#handingOver);
    if (owner.isEmpty) {
      this.#owner = undefined;
      return;
    }
    this.#owner = owner;
    this.#last = NOTHING;
    this.#selfSettled = false;
  }

  #receive(promise: Marked, owner: Owner, parcel: HeldNode | Owner): void {
    const again = parcel.received;
    parcel.received = true;
    if (parcel instanceof Owner) this.#receiveAll(promise, owner, parcel, again);
    else this.#receiveHold(promise, owner, parcel, again);
  }

  #receiveAll(promise: Marked, owner: Owner, parcel: Owner, again: boolean): void {
    this.#receiveDebts(owner, parcel);
    for (const node of parcel.nodes) this.#receiveHold(promise, owner, node, again);
    if (again || parcel.batch === undefined) return;
    if (parcel.batch.isOne) this.#receiveBatch(parcel.batch.nodes);
    for (const [hold, unlock] of parcel.batch.joined()) this.#arrivals.onJoin(hold, unlock, true);
  }

  /** Where one of them has also gone another way, it may have been released before the others were had. */
  #receiveBatch(nodes: readonly HeldNode[]): void {
    if (nodes.every((node) => node.state === HELD && !node.asked.unsure)) this.#arrivals.onBatch(nodes);
  }

  #receiveHold(promise: Marked, owner: Owner, node: HeldNode, again: boolean): void {
    if (isWait(node.kind)) {
      this.#receiveWait(promise, owner, node);
      return;
    }
    if (node.state !== HELD) return;
    node.followed = promise[this.#callback] !== true && promise[this.#through] === undefined;
    // One hold has one holder: when several await it, nobody knows which.
    if (again) node.ask().unsure = true;
    owner.keep(node);
    const inDoubt = !owner.sure || promise[this.#callback] === true;
    if (inDoubt && (this.#watching || node.asked.frames !== undefined)) owner.watched = true;
    if (node.asked.adoptedBy !== undefined) node.ask().adoptedBy = owner;
    const list = this.#context.current();
    if (isListed(list, node)) return;
    this.#context.enterTurn(cellUnder(node, list));
    this.#arrivals.onHold(node, owner);
  }

  /** The end of a wait; the language's own handlers pass it on. */
  #receiveWait(promise: Marked, owner: Owner, node: HeldNode): void {
    if (promise[this.#through] === undefined) this.#arrivals.onHold(node, owner);
    else owner.keep(node);
  }

  #receiveDebts(owner: Owner, parcel: Owner): void {
    if (parcel.debts === undefined) return;
    for (const debt of parcel.debts.values()) {
      if (!isOpen(debt.doubt)) continue;
      this.#arrivals.onDebt(debt, owner);
      if (isOpen(debt.doubt)) owner.owe(debt);
    }
  }

  #settled(promise: Marked): void {
    if (this.#owner === undefined || this.#muted) return;
    if (promise === this.#turn) {
      this.#selfSettled = true;
      return;
    }
    this.#last = SETTLED;
    this.#lastPromise = promise;
    if (this.#owner.watched) this.#byTurn = isActOfTurn(this.#onSettled);
    if (!this.#owner.prune()) this.#armHandOver(promise);
  }

  /**
   * The microtask queued here runs right before the reactions of `promise`, the one queued when the turn ends right
   * after them: whatever continuation runs between the two awaited this promise.
   */
  #armHandOver(promise: Marked): void {
    enqueue(() => {
      const from = this.#returned.get(promise);
      this.#handingOver = from;
    });
  }

  #after(): void {
    const owner = this.#owner;
    const turn = this.#turn;
    this.#turn = undefined;
    this.#context.cell = undefined;
    if (owner === undefined || turn === undefined) return;
    if (this.#last === SUSPENDED) this.#suspend(owner, turn[this.#callback] === true);
    else if (this.#last === SETTLED && turn[this.#callback] !== true) {
      const through = turn[this.#through] as Owner | undefined;
      if (through !== undefined) this.#handOver(this.#lastPromise as Marked, through);
      else this.#return(this.#lastPromise as Marked, owner);
    }
    this.#closeTurn();
  }

  /**
   * The turn ended with a wait. A turn of a callback of `then` whose own promise has settled by then was over, and the wait
   * that of somebody it called. It may be so for any callback, and where the turn is not known to be none (`unsure`).
   */
  #suspend(owner: Owner, isCallback: boolean): void {
    if (isCallback && this.#selfSettled) return;
    const certain = owner.watched ? this.#byTurn : owner.sure && !isCallback;
    if (!certain) for (const node of owner.nodes) node.ask().unsure = true;
    owner.sure = true;
    owner.watched = false;
    const next = this.#lastPromise as Marked;
    const awaited = next[this.#carried] as HeldNode | Owner | undefined;
    if (awaited !== undefined) this.#noteAwaited(awaited, owner);
    if (!owner.prune() && Object.isExtensible(next)) next[this.#owned] = owner;
  }

  /** A judgement about these holds may rest on who awaits them, and a wait may never end. */
  #noteAwaited(awaited: HeldNode | Owner, owner: Owner): void {
    const nodes = awaited instanceof Owner ? awaited.nodes : [awaited];
    for (const node of nodes) {
      if (node.asked.pending === undefined) continue;
      node.ask().awaitedBy = owner;
      if (node.state === WAITING) this.#arrivals.onHold(node, owner);
    }
  }

  #return(promise: Marked, owner: Owner): void {
    if (owner.prune()) return;
    for (const node of owner.nodes) {
      const asked = node.ask();
      node.followed = false;
      asked.returnedBy += 1;
      asked.astray ||= owner.watched ? !this.#byTurn : !owner.sure;
    }
    this.#handOver(promise, owner);
  }

  /** Those that await `promise` by now are between the two microtasks; those that will await it find it marked. */
  #handOver(promise: Marked, owner: Owner): void {
    this.#returned.set(promise, owner);
    this.#mark(promise, owner);
    enqueue(() => {
      this.#handingOver = undefined;
      this.#returned.delete(promise);
    });
  }

  #closeTurn(): void {
    this.#turn = undefined;
    this.#owner = undefined;
    this.#lastPromise = undefined;
    this.#last = NOTHING;
  }

  /** @internal The own `then` of a promise that carries a hold. */
  callThen(source: Promise<unknown>, onFulfilled: unknown, onRejected: unknown): Promise<never> {
    this.#inThen = true;
    let derived: Promise<never>;
    try {
      derived = nativeThen.call(source, onFulfilled as never, onRejected as never) as Promise<never>;
    } finally {
      this.#inThen = false;
    }
    this.#derived(marked(source), marked(derived), onFulfilled, onRejected);
    return derived;
  }

  /** Notes what kind of handlers made `derived` from a promise that carries a hold. */
  #derived(source: Marked, derived: Marked, onFulfilled: unknown, onRejected: unknown): void {
    const parcel = source[this.#carried] as HeldNode | Owner | undefined;
    // A subclass may freeze its promises: who awaits this one does not receive.
    if (parcel === undefined || !Object.isExtensible(derived)) return;
    if (typeof onFulfilled !== 'function') {
      // A `catch`: what is fulfilled goes past it, to whoever awaits the derived promise.
      derived[this.#passive] = true;
      this.#setThen(derived);
      return;
    }
    if (!isNative(onFulfilled)) {
      derived[this.#callback] = true;
      this.#setThen(derived);
      return;
    }
    let group = typeof onRejected === 'function' ? this.#groups.get(onRejected) : undefined;
    if (group === undefined) {
      group = new Owner(true);
      if (typeof onRejected === 'function') this.#groups.set(onRejected, group);
    }
    if (parcel instanceof Owner) {
      group.nodes.push(...parcel.nodes);
      for (const debt of parcel.debts?.values() ?? []) group.owe(debt);
    } else {
      group.nodes.push(parcel);
      this.#joinBatch(group, parcel, source, onFulfilled);
    }
    derived[this.#through] = group;
  }

  /** Only an acquisition's own promise counts: what a callback makes of it may have released it. */
  #joinBatch(group: Owner, node: HeldNode, source: Marked, handler: unknown): void {
    if (source[this.#callback] === true || source[this.#passive] === true || source[this.#through] !== undefined)
      return;
    if (!this.#turns.isOfThisTurn(node)) return;
    group.batch ??= new Batch();
    group.batch.add(node, handler);
    for (const [hold, unlock] of group.batch.joined())
      if (hold === node || unlock === node) this.#arrivals.onJoin(hold, unlock, false);
  }
}

function hasFrames(node: HeldNode): boolean {
  return node.asked.frames !== undefined;
}

/** A list cell for `node` with `list` as its outer holds: the node itself where it already continues that list. */
function cellUnder(node: HeldNode, list: HeldNode | undefined): HeldNode {
  return outerHeld(node) === list ? node : node.link(list);
}

const nativeThen = Promise.prototype.then;
const nativeText = /\{\s*\[native code\]\s*\}$/;

/**
 * The own `then` of a promise that carries a hold. `await` never calls it. It tells user callbacks, in which the hold
 * stays, from the language's own handlers (Promise.all, `return promise` in an async function), which pass it on.
 */
function carryingThen(hooks: PromiseHooks): typeof nativeThen {
  return function then(this: Promise<unknown>, onFulfilled?: unknown, onRejected?: unknown): Promise<never> {
    return hooks.callThen(this, onFulfilled, onRejected);
  } as typeof nativeThen;
}

function isNative(handler: unknown): boolean {
  if (typeof handler !== 'function' || handler.name !== '') return false;
  return nativeText.test(Function.prototype.toString.call(handler));
}
