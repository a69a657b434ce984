/**
 * Follows imperative holds from function to function, by V8's promise hooks.
 *
 * An `acquire()` can not say "from here on" to its caller: whatever it enters while it runs leaks into everything that
 * the caller does later. So the hold travels on the promise. `init` sees which continuation awaits it, `before` enters
 * it just before exactly that continuation runs, and there it belongs to the running function instance (Owner). When
 * the instance suspends, its next continuation owns them; when it returns with a lock held, those that await it do.
 *
 * Facts of V8 this rests on: the last event in a continuation's turn is `init`
 * of the next continuation if the function suspended and `settled` of its own promise if it returned; `settled` comes
 * before the reactions of that promise are queued.
 *
 * Cost: with no lock in flight, two property reads per promise event. Serialised by the event loop: one turn is open
 * at a time.
 */
import { promiseHooks } from 'node:v8';
import type { HeldContext } from './held-context.js';
import { HELD, HeldNode, isListed, outerHeld, Owner } from './held-node.js';

/** What a tracker notes on a promise: fields under symbols of its own, so that two trackers do not mix. */
interface Marked {
  [note: symbol]: unknown;
  then?: unknown;
}

function marked(promise: object): Marked {
  return promise as Marked;
}

const NOTHING = 0;
const SUSPENDED = 1;
const SETTLED = 2;

/** Called when a hold has arrived in the flow that awaited it. */
export type OnArrival = (node: HeldNode, owner: Owner) => void;

export class PromiseHooks {
  /** On a promise: the holds that whoever awaits it receives. */
  readonly #carried = Symbol('lockdep.carried');
  /** The function instance that continues here. */
  readonly #owned = Symbol('lockdep.owned');
  /** Holds that arrive with this continuation. */
  readonly #incoming = Symbol('lockdep.incoming');
  /** Derived with the language's own handlers (Promise.all, return of a promise): these holds pass through. */
  readonly #through = Symbol('lockdep.through');
  /** Derived with a user's callback: what that resolves is a signal, not its return. */
  readonly #callback = Symbol('lockdep.callback');
  readonly #context: HeldContext;
  readonly #onArrival: OnArrival;
  #stop: (() => void) | undefined;
  /** The continuation that runs, and the function instance it belongs to, while that owns holds. */
  #turn: Marked | undefined;
  #owner: Owner | undefined;
  #last = NOTHING;
  #lastPromise: Marked | undefined;
  #handingOver: { nodes: HeldNode[]; received: boolean } | undefined;
  /** Promises that settled as their function returned with holds, until their reactions have run. */
  readonly #returned = new WeakMap<Marked, HeldNode[]>();
  /** Holds that pass through one combinator, by the reject function that it gives to all its elements. */
  readonly #groups = new WeakMap<object, HeldNode[]>();
  readonly #then = carryingThen(this);

  constructor(context: HeldContext, onArrival: OnArrival) {
    this.#context = context;
    this.#onArrival = onArrival;
  }

  start(): void {
    this.#stop ??= promiseHooks.createHook({
      init: (promise, parent) => this.#init(marked(promise), parent as unknown as Marked | undefined),
      before: (promise) => this.#before(marked(promise)),
      settled: (promise) => this.#settled(marked(promise)),
      after: () => this.#after(),
    }) as unknown as () => void;
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#closeTurn();
    this.#handingOver = undefined;
  }

  /** Lets `promise` bring `node` to whoever awaits it. */
  carry(promise: Promise<unknown>, node: HeldNode): void {
    const carrier = marked(promise);
    carrier[this.#carried] = [node];
    // oxlint-disable-next-line unicorn/no-thenable -- it is a promise already; `await` never looks at its `then`.
    carrier.then = this.#then;
  }

  /** The running function instance, if it owns holds. */
  get owner(): Owner | undefined {
    return this.#owner;
  }

  #init(promise: Marked, parent: Marked | undefined): void {
    if (this.#owner !== undefined) {
      this.#last = SUSPENDED;
      this.#lastPromise = promise;
    }
    if (parent === undefined) return;
    const nodes = parent[this.#carried] as HeldNode[] | undefined;
    if (nodes === undefined) return;
    promise[this.#incoming] = nodes;
    promise[this.#carried] = nodes;
  }

  #before(promise: Marked): void {
    const owner = promise[this.#owned] as Owner | undefined;
    let arriving = promise[this.#incoming] as HeldNode[] | undefined;
    if (this.#handingOver !== undefined) {
      this.#handingOver.received = true;
      arriving = arriving === undefined ? this.#handingOver.nodes : [...arriving, ...this.#handingOver.nodes];
    }
    if (owner === undefined && arriving === undefined) {
      this.#owner = undefined;
      return;
    }
    this.#openTurn(promise, owner, arriving);
  }

  #openTurn(promise: Marked, known: Owner | undefined, arriving: HeldNode[] | undefined): void {
    promise[this.#owned] = undefined;
    promise[this.#incoming] = undefined;
    const owner = known ?? new Owner();
    owner.prune();
    if (arriving !== undefined) this.#receive(promise, owner, arriving);
    if (owner.nodes.length === 0) {
      this.#owner = undefined;
      return;
    }
    this.#turn = promise;
    this.#owner = owner;
    this.#last = NOTHING;
  }

  #receive(promise: Marked, owner: Owner, arriving: HeldNode[]): void {
    let list = this.#context.current();
    let entered = false;
    for (const node of arriving) {
      if (node.state !== HELD) continue;
      if (!owner.nodes.includes(node)) owner.nodes.push(node);
      if (isListed(list, node)) continue;
      list = cellUnder(node, list);
      entered = true;
      this.#onArrival(node, owner);
    }
    if (entered && list !== undefined) this.#context.enterContinuation(promise, list);
  }

  #settled(promise: Marked): void {
    // The continuation's own promise settles last of all and says nothing.
    if (this.#owner === undefined || promise === this.#turn) return;
    this.#last = SETTLED;
    this.#lastPromise = promise;
    if (!this.#owner.prune()) this.#armHandOver(promise);
  }

  /**
   * The microtask queued here runs right before the reactions of `promise`, the one queued when the turn ends right
   * after them: whatever continuation runs between the two awaited this promise.
   */
  #armHandOver(promise: Marked): void {
    queueMicrotask(() => {
      const nodes = this.#returned.get(promise);
      if (nodes !== undefined) this.#handingOver = { nodes, received: false };
    });
  }

  #after(): void {
    const owner = this.#owner;
    if (owner === undefined) return;
    const turn = this.#turn as Marked;
    if (this.#last === SUSPENDED) this.#suspend(owner);
    else if (this.#last === SETTLED && turn[this.#callback] !== true) {
      const through = turn[this.#through] as HeldNode[] | undefined;
      if (through !== undefined) this.#handOver(this.#lastPromise as Marked, through);
      else this.#return(this.#lastPromise as Marked, owner);
    }
    this.#closeTurn();
  }

  #suspend(owner: Owner): void {
    const next = this.#lastPromise as Marked;
    const awaited = next[this.#incoming] as HeldNode[] | undefined;
    if (awaited !== undefined) for (const node of awaited) node.awaitedBy = owner;
    if (!owner.prune()) next[this.#owned] = owner;
  }

  #return(promise: Marked, owner: Owner): void {
    if (owner.prune()) return;
    for (const node of owner.nodes) node.returnedBy += 1;
    this.#handOver(promise, owner.nodes);
  }

  #handOver(promise: Marked, nodes: HeldNode[]): void {
    this.#returned.set(promise, nodes);
    queueMicrotask(() => {
      const open = this.#handingOver;
      this.#handingOver = undefined;
      this.#returned.delete(promise);
      // Nobody awaits it yet: it keeps its holds for whoever will.
      if (open !== undefined && !open.received) promise[this.#carried] = open.nodes;
    });
  }

  #closeTurn(): void {
    this.#turn = undefined;
    this.#owner = undefined;
    this.#lastPromise = undefined;
    this.#last = NOTHING;
  }

  /** @internal Notes what kind of handlers made `derived` from a promise that carries a hold. */
  derived(source: Marked, derived: Marked, onFulfilled: unknown, onRejected: unknown): void {
    const nodes = source[this.#carried] as HeldNode[] | undefined;
    if (nodes === undefined) return;
    if (!isNative(onFulfilled)) {
      derived[this.#callback] = true;
      // oxlint-disable-next-line unicorn/no-thenable -- as above.
      derived.then = this.#then;
      return;
    }
    let group = typeof onRejected === 'function' ? this.#groups.get(onRejected) : undefined;
    if (group === undefined) {
      group = [];
      if (typeof onRejected === 'function') this.#groups.set(onRejected, group);
    }
    group.push(...nodes);
    derived[this.#through] = group;
  }
}

/** A list cell for `node` with `list` as its outer holds: the node itself where it already continues that list. */
function cellUnder(node: HeldNode, list: HeldNode | undefined): HeldNode {
  if (outerHeld(node) === list) return node;
  const link = new HeldNode(node.lock, node.lockClass, node.kind, node.shared, list);
  link.target = node;
  return link;
}

const nativeThen = Promise.prototype.then;
const nativeText = /\{\s*\[native code\]\s*\}$/;

/**
 * The own `then` of a promise that carries a hold. `await` never calls it. It tells user callbacks, in which the hold
 * stays, from the language's own handlers (Promise.all, `return promise` in an async function), which pass it on.
 */
function carryingThen(hooks: PromiseHooks): typeof nativeThen {
  return function then(this: Promise<unknown>, onFulfilled?: unknown, onRejected?: unknown): Promise<never> {
    const derived = nativeThen.call(this, onFulfilled as never, onRejected as never) as Promise<never>;
    hooks.derived(marked(this), marked(derived), onFulfilled, onRejected);
    return derived;
  } as typeof nativeThen;
}

function isNative(handler: unknown): boolean {
  if (typeof handler !== 'function' || handler.name !== '') return false;
  return nativeText.test(Function.prototype.toString.call(handler));
}
