/**
 * Which locks does the running flow hold? The face of the tracker.
 *
 * A scope enters its hold in its own continuation and leaves nothing behind. A hold taken by `acquire()` travels on the
 * returned promise (promise-hooks.ts). Cost per acquisition: a walk over the locks that the flow holds.
 */
import type { LockClass } from '../model/lock-class.js';
import { CoarseClock } from './coarse-clock.js';
import { HeldContext } from './held-context.js';
import { HeldGates } from './held-gates.js';
import { LiveHolds } from './live-holds.js';
import { MAIN, Task } from './task.js';
import {
  HELD,
  Hold,
  isScope,
  isTry,
  type ListCell,
  RELEASED,
  TRANSFERRED,
  WAITING,
  type HoldKind,
  type TrackedLock,
  type WaitKind,
} from '../model/hold.js';
import { type Debt, type Doubt, Owner } from './owner.js';
import { cutReleased, forgetAged, isListed, linked, listHolds, nearestHeld, outerHeld, someHold } from './hold-list.js';
import type { Arrivals } from './arrivals.js';
import type { TrackingLevel } from '../model/mode.js';
import { PromiseHooks } from './promise-hooks.js';
import { PromiseWatch } from './promise-watch.js';
import { inMicrotask } from '../platform/clock.js';
import type { Below } from '../platform/below.js';
import { observedClass, observedResolve } from './then-calls.js';
import { NativePromise, resolved } from '../platform/intrinsics.js';

export class HeldTracker {
  readonly #context = new HeldContext();
  readonly #clock = new CoarseClock(() => {
    this.#context.adapt();
    this.gates.sweep();
  });
  readonly #hooks: PromiseHooks;
  readonly #promises = new PromiseWatch();
  readonly #arrivals: Arrivals;
  /** Of all that is held what may be a gate. */
  readonly gates: HeldGates;
  #remembers = false;
  #grants = 0;
  /** The lock of the hold that was given back last in this synchronous run, of those that are remembered. */
  #returned: TrackedLock | undefined;
  readonly #forgetReturned = (): void => {
    this.#returned = undefined;
  };
  readonly #live = new LiveHolds((gone) => {
    this.#context.live -= gone;
  });
  /** Grants, ends and downgrades so far: the count by which moments are told. */
  #changes = 0;

  /** `isApart`: are the locks of that class told apart? */
  constructor(arrivals: Arrivals, isApart?: (lockClass: LockClass) => boolean) {
    this.gates = new HeldGates(isApart);
    this.#arrivals = arrivals;
    this.#hooks = new PromiseHooks(this.#context, arrivals);
  }

  /** Ages are counted by this from now on: milliseconds since the epoch. */
  ageBy(now: () => number): void {
    this.#clock.goBy(now);
  }

  /**
   * precise: imperative holds are followed, by promise hooks. light: scopes alone, at no cost per promise; also where the runtime
   * has no promise hooks (`followsCalls` is false then).
   */
  start(level: TrackingLevel): void {
    this.#clock.start();
    if (level === 'precise') this.#hooks.start();
    else this.#hooks.stop();
    this.#context.start(this.#hooks.isRunning);
  }

  stop(): void {
    this.#hooks.stop();
    this.#context.stop();
    this.#clock.stop();
    this.gates.sweep();
  }

  /** The innermost hold of the running flow. */
  current(): Hold | undefined {
    return this.#context.current();
  }

  /** Every hold of the running flow, innermost first, or as many of them. */
  held(most: number = Infinity): Hold[] {
    return listHolds(this.#context.current(), most);
  }

  /** Those of them that are holds of `lock`. Cost: where one hold keeps all others out, a walk over what was entered since. */
  heldOf(lock: TrackedLock): Hold[] {
    let first = lock.firstHold;
    while (first !== undefined && first.state !== HELD) first = first.next;
    if (first === undefined) return [];
    if (!lock.excludes || first.shared) return this.held().filter((node) => node.lock === lock);
    return isListed(this.#context.current(), first) ? [first] : [];
  }

  /** A new attempt of the running flow at `lock`, on top of what it holds. */
  attempt(lock: TrackedLock, lockClass: LockClass, kind: HoldKind, wait: WaitKind): Hold {
    if (this.#hooks.isRunning && this.#promises.hasChanged()) this.#arrivals.onReplacement();
    const { store } = this.#context;
    const node = new Hold(lock, lockClass, kind, wait, nearestHeld(store), store?.task, this.#clock.now);
    this.#context.live += 1;
    if (node.task !== undefined) node.task.live += 1;
    const last = lock.lastHold;
    node.previous = last;
    lock.lastHold = node;
    if (last === undefined) lock.firstHold = node;
    else last.next = node;
    if (this.#live.add(node)) forgetAged(node);
    return node;
  }

  /** A hold of no lock, which no list shows: for the rehearsal of the hooks. */
  beginStandIn(): Hold {
    const node = new Hold(
      { awaited: 0 } as TrackedLock,
      {} as LockClass,
      'imperative',
      'exclusive',
      undefined,
      undefined,
      0,
    );
    node.state = HELD;
    this.#context.live += 1;
    return node;
  }

  endStandIn(node: Hold): void {
    node.state = RELEASED;
    this.#context.live -= 1;
  }

  /** Every hold and wait in the process, oldest first. */
  live(): Iterable<Hold> {
    return this.#live;
  }

  /** What there is of one task, oldest first. Cost: mostly a walk over what came after it. */
  liveOf(task: Task): Hold[] {
    return this.#live.some(task.live, (node) => node.task === task);
  }

  /** Drops every hold and wait from every flow. The locks themselves stay as they are. */
  forgetHolds(): void {
    for (const node of Array.from(this.live())) this.ended(node);
  }

  granted(node: Hold): void {
    if (node.state !== WAITING) return;
    node.state = HELD;
    node.leaveQueue();
    if (this.#remembers && node.task !== undefined && !isTry(node.kind)) node.task.remember(node, ++this.#grants);
    this.#changes += 1;
    node.changed = this.#changes;
    if (node.lock.capacity > 1) this.#countPermits(node);
    this.gates.held(node);
  }

  /** The permits that are held, and the flows that hold any. A walk over what the flow holds. */
  #countPermits(node: Hold): void {
    const { lock, parent } = node;
    lock.heldPermits += node.permits;
    const isAlone = parent === undefined || (lock.firstHold === node && lock.lastHold === node);
    node.leads = isAlone || !someHold(parent, (hold) => hold.lock === lock);
    if (!node.leads) return;
    lock.holders += 1;
    if (lock.holders > lock.mostHolders) lock.mostHolders = lock.holders;
  }

  /** From now on each task remembers what it was granted: there are events, whose waiters may need that. */
  rememberGrants(): void {
    this.#remembers = true;
  }

  /** How many grants there were so far. */
  get grants(): number {
    return this.#grants;
  }

  /** The wait was given up, or the hold released: gone from every list at once. */
  ended(node: Hold): void {
    const { lock, state } = node;
    if (state === RELEASED) return;
    if (lock.capacity > 1 && state !== WAITING) returnPermits(node);
    node.state = RELEASED;
    node.leaveQueue();
    node.changed = this.#changes += 1;
    this.#context.live -= 1;
    node.chain = undefined;
    cutReleased(node);
    if (node.task !== undefined) node.task.live -= 1;
    this.#live.remove(node);
    if (!node.isPlain) settle(node);
    unlinkFromLock(node);
    this.gates.ended(lock);
  }

  /** What is now, as a moment. */
  get moment(): number {
    return this.#changes;
  }

  /** A writer's hold is that of a reader from now on. */
  downgraded(node: Hold, wait: WaitKind): void {
    this.#changes += 1;
    node.ask().downgraded = this.#changes;
    node.wait = wait;
  }

  /** The locks of the class are told apart from now on. */
  toldApart(lockClass: LockClass): void {
    for (const node of this.live()) if (node.lockClass === lockClass) this.gates.reclassified(node.lock);
  }

  /** The class of `lock` has changed, and with it that of its holds and waits. */
  reclassified(lock: TrackedLock, former: LockClass, lockClass: LockClass): void {
    for (let node = lock.firstHold; node !== undefined; node = node.next) node.reclassify(former, lockClass);
    this.gates.reclassified(lock);
  }

  /** Remembers for the rest of this synchronous run that a hold of the lock was given back by a call. */
  endedNow(node: Hold): void {
    if (isScope(node.kind)) return;
    // What runs in one go ends before the next microtask.
    if (this.#returned === undefined) inMicrotask(this.#forgetReturned);
    this.#returned = node.lock;
  }

  /** Was a hold of `lock` remembered so, and no other one since? */
  hasJustReturned(lock: TrackedLock): boolean {
    if (!this.followsCalls) return false;
    return this.#returned === lock;
  }

  /** The flow gives the hold away: nobody's until it is released. */
  transferred(node: Hold): void {
    if (node.state === HELD) node.state = TRANSFERRED;
  }

  /** What settles until its `unmute` is made by the locks themselves, and no event of the program's own functions. */
  mute(): void {
    this.#hooks.mute();
  }

  unmute(): void {
    this.#hooks.unmute();
  }

  /** Are imperative holds followed too? */
  get followsCalls(): boolean {
    return this.#hooks.isRunning;
  }

  /** A promise resolved with `value`, by which `carryNew` brings a hold of `lock`. */
  resolved<T>(value: T, lock: TrackedLock): Promise<T> {
    return this.#needsLayer(lock) ? observedResolve(value) : resolved(value);
  }

  /** The class of a promise by which `carryNew` brings a hold of `lock`. */
  promiseClass(lock: TrackedLock): PromiseConstructor {
    return this.#needsLayer(lock) ? observedClass() : NativePromise;
  }

  #needsLayer(lock: TrackedLock): boolean {
    return this.#hooks.isRunning && !this.#hooks.mayGoBare(lock);
  }

  /** Lets whoever awaits `promise` hold `node` from there on. `mayBatch`: it stands in the queue in order of arrival. */
  carry(promise: Promise<unknown>, node: Hold, mayBatch = false): void {
    if (!this.#hooks.isRunning) return;
    this.#hooks.observe(promise);
    this.#hooks.carry(promise, node, mayBatch);
  }

  /** The same for a promise of `resolved` or `promiseClass`. */
  carryNew(promise: Promise<unknown>, node: Hold, mayBatch = false): void {
    if (this.#hooks.isRunning) this.#hooks.carryNew(promise, node, mayBatch);
  }

  /** Lets whoever awaits `promise` be seen to wait for all of `waits`. */
  carryWaits(promise: Promise<unknown>, waits: readonly Hold[]): void {
    if (!this.#hooks.isRunning) return;
    this.#hooks.observe(promise);
    this.#hooks.carry(promise, new Owner(true, [...waits]));
  }

  /** From a scope's own continuation: its callback runs with the hold. */
  enterScope(node: Hold): void {
    this.#context.enterTurn(node);
  }

  /** A lock taken without waiting: held by the running function from here on. */
  enterNow(node: Hold, below: Below): void {
    this.#enter(node);
    // The turn may be that of a caller, further out on the synchronous stack.
    this.#hooks.took(node, below);
  }

  /** Is it the function instance that took `node`, or that it was returned to, which runs now? */
  ownsNow(node: Hold): boolean {
    return this.#hooks.owner?.has(node) ?? false;
  }

  /** The same, for certain. */
  isOwnNow(node: Hold): boolean {
    return node.seen && (this.#hooks.lastOwner?.holds(node, true) ?? false);
  }

  /** From now on it is asked who holds what: the hooks look closer at holds that change hands. */
  watch(): void {
    this.#hooks.watch();
  }

  /** The running function instance, if it owns holds. */
  get owner(): Owner | undefined {
    return this.#hooks.owner;
  }

  /** The same, unless it is a callback on the way of what it owns. */
  get lastOwner(): Owner | undefined {
    return this.#hooks.lastOwner;
  }

  /** A moment in the order of what is derived from turns with tries (tries-in-calls.ts). */
  get branch(): number {
    return this.#hooks.tries.now;
  }

  /**
   * May whoever releases `hold` now have waited for the attempt `wanted`, made at the moment `asked` of that order? undefined: of
   * a hold that others list too it is not known while promises are not followed.
   */
  mayHaveWaited(hold: Hold, wanted: Hold, asked: number): boolean | undefined {
    if (!hold.asked.byCall) return true;
    if (!this.followsCalls) return undefined;
    return this.#hooks.tries.mayHaveWaited(hold, wanted.parent, asked, this.#context.store);
  }

  /** Leaves it to the running function, and to those it returns to, to prove a judgement. */
  owe(debt: Debt): void {
    this.#hooks.owe(debt);
  }

  /** The debt, of those that answer `doubt`, whose debtor has returned to the running function instance. */
  received(doubt: Doubt): Debt | undefined {
    return this.#hooks.owner?.debts?.get(doubt);
  }

  /** Runs `fn` with `node` held. */
  runHolding<T>(node: Hold, fn: () => T): T {
    return this.#context.run(node, fn);
  }

  /** Runs `fn` with no holds: work that nobody here waits for. */
  detached<T>(fn: () => T): T {
    return this.#context.run(new Task(this.#context.store?.task?.name ?? MAIN), fn);
  }

  /** From a scope's own continuation: what runs from here on is the root of a task. */
  enterTask(task: Task): void {
    this.#context.enterTurn(task);
  }

  /** Runs `fn` as the root of a task. */
  runTask<T>(task: Task, fn: () => T): T {
    return this.#context.runRoot(task, fn);
  }

  /** Runs `fn` so that the holds of this flow count as those of somebody who waits for all that it starts. */
  structured<T>(fn: () => T): T {
    const innermost = this.#context.current();
    if (innermost === undefined) return fn();
    const link = linked(innermost.target, outerHeld(innermost));
    link.ask().vouched = true;
    return this.#context.runRoot(link, fn);
  }

  /** The running flow takes over a hold that was handed to it. */
  adopt(node: Hold, below: Below): void {
    if (node.state === TRANSFERRED) node.state = HELD;
    const { store } = this.#context;
    this.#enter(linked(node, nearestHeld(store)));
    this.#hooks.adopt(node, below);
  }

  #enter(cell: Hold): void {
    if (this.#hooks.isInTurn) this.#context.enterTurn(cell);
    else this.#context.enterCallback(cell);
  }

  /** Throws if the tracker contradicts itself: for tests. */
  checkInvariants(): void {
    this.#live.checkInvariants();
    this.gates.checkInvariants(this.live());
  }

  /** What was last entered in this flow; undefined when the flow is not known. */
  get store(): ListCell | undefined {
    return this.#context.store;
  }
}

function returnPermits(node: Hold): void {
  node.lock.heldPermits -= node.permits - node.asked.returned;
  if (node.leads) node.lock.holders -= 1;
}

/** What is still asked about it stays. */
function settle(node: Hold): void {
  const { handle, pending, foreignRelease, awaited, downgraded } = node.asked;
  if (handle !== undefined) handle.hold = undefined;
  if (pending === undefined && !foreignRelease && !awaited && downgraded === 0) node.settle();
}

function unlinkFromLock(node: Hold): void {
  const { lock, previous, next } = node;
  if (previous === undefined) lock.firstHold = next;
  else previous.next = next;
  if (next === undefined) lock.lastHold = previous;
  else next.previous = previous;
  node.previous = undefined;
  node.next = undefined;
}
