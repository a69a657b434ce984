/**
 * Permits with a queue: the engine under Mutex (one permit) and Semaphore.
 *
 * Semantics are async-mutex's: waiters are served by priority, then in order of arrival; a heavy request at the head
 * holds back lighter ones behind it; permits change hands inside `release`, so nobody can slip in between. A waiter
 * that gives up (timeout, abort) leaves the queue at once and lets those behind it move up.
 *
 * Invariant: after every call, the head of the queue, if any, wants more permits than there are. Cost: O(1) per call and
 * per grant. While the validator is off a call pays one branch for it; the rest is in acquiring.ts and releasing.ts.
 */
import { E_CANCELED } from 'async-mutex';
import { classOfCaller } from '../classes/construction-site.js';
import { LockClass } from '../classes/lock-class.js';
import { WaiterQueue } from '../queue/waiter-queue.js';
import type { HeldNode, TrackedLock } from '../tracker/held-node.js';
import { LockTimeoutError } from '../validator/errors.js';
import type { Runtime } from '../validator/runtime.js';
import { lockOptions, resolveClass, type LockOptions, type PermitRequest } from './lock-options.js';
import { PermitWaiter, type Grant } from './permit-waiter.js';
import { UnlockWaiters } from './unlock-waiters.js';

export type Releaser = () => void;

/** The class of locks that were constructed while the validator was off and name no class: listed, never checked. */
let unplaced: LockClass | undefined;

/** What a lock of ours is made with: `new.target`, on which isolated instances put their own runtime. */
export interface LockConstructor {
  readonly [RUNTIME]: Runtime;
}

/**
 * Property of a lock: its engine. A symbol, so that a subclass may have any field, and not a private field, so that a lock
 * works behind a Proxy (reactive frameworks) or as a prototype.
 */
export const CORE: unique symbol = Symbol('lockdep.core');

/** Static property of the lock classes: the world that their instances live in. */
export const RUNTIME: unique symbol = Symbol('lockdep.runtime');

export class PermitCore implements TrackedLock {
  readonly rt: Runtime;
  /** The lock that users see. */
  readonly owner: object;
  /** Permits at the start. */
  readonly capacity: number;
  /** Free permits; may be negative after `setValue`. */
  value: number;
  queue: WaiterQueue<PermitWaiter<unknown>> | undefined = undefined;
  unlockWaiters: UnlockWaiters | undefined = undefined;
  firstHold: HeldNode | undefined = undefined;
  lastHold: HeldNode | undefined = undefined;
  readonly label: string | undefined;
  readonly #cancelError: Error;
  #class: LockClass | undefined;

  /** `kind` names the primitive in the name of the class that follows from the place of construction. */
  constructor(
    owner: object,
    value: number,
    given: Error | LockOptions | undefined,
    kind: string,
    constructor: LockConstructor,
  ) {
    const options = lockOptions(given);
    this.rt = constructor[RUNTIME];
    this.owner = owner;
    this.capacity = value;
    this.value = value;
    this.label = options.name;
    this.#cancelError = options.cancelError ?? E_CANCELED;
    if (options.class !== undefined) this.#class = resolveClass(options.class);
    else if (!this.rt.off) this.#class = classOfCaller(constructor as unknown as () => void, kind);
  }

  get lockClass(): LockClass {
    return (this.#class ??= unplaced ??= new LockClass('(constructed while lockdep was off)', { validate: false }));
  }

  isLocked(): boolean {
    return this.value <= 0;
  }

  /** Rejects every waiter with the cancel error, in queue order. Holders, and those in `waitForUnlock`, are left alone. */
  cancel(): void {
    const waiters = this.queue?.takeAll() ?? [];
    for (const waiter of waiters) this.#fail(waiter, this.#cancelError);
  }

  /** May a request of this weight and priority pass at once? */
  isFree(weight: number, priority: number): boolean {
    if (weight > this.value) return false;
    const head = this.queue?.peek();
    return head === undefined || priority > head.priority;
  }

  /** Takes the permits at once or queues up; `grant` makes what the caller gets. */
  request<T>(wanted: PermitRequest, node: HeldNode | undefined, grant: Grant<T>): Promise<T> {
    if (wanted.signal?.aborted === true) {
      if (node !== undefined) this.rt.validator.tracker.ended(node);
      // The reason goes to the caller unchanged, whatever it is.
      return Promise.reject(wanted.signal.reason as Error);
    }
    if (this.isFree(wanted.weight, wanted.priority)) return Promise.resolve(this.take(wanted.weight, node, grant));
    return new Promise<T>((resolve, reject) => {
      const waiter = new PermitWaiter<T>(wanted.weight, wanted.priority, node, grant, resolve, reject);
      this.queue ??= new WaiterQueue();
      this.queue.enqueue(waiter as PermitWaiter<unknown>);
      if (node !== undefined) node.waiter = waiter;
      if (wanted.timeout !== undefined || wanted.signal !== undefined) this.#bound(waiter, wanted);
    });
  }

  /** Takes the permits if they can be had at once, and returns the value before that. */
  takeNow(wanted: PermitRequest, node: HeldNode | undefined): number | undefined {
    if (wanted.signal?.aborted === true || !this.isFree(wanted.weight, wanted.priority)) return undefined;
    return this.#debit(wanted.weight, node);
  }

  take<T>(weight: number, node: HeldNode | undefined, grant: Grant<T>): T {
    return grant(this, weight, this.#debit(weight, node), node);
  }

  /** Returns permits and serves whoever can go on now. */
  give(weight: number): void {
    this.value += weight;
    this.dispatch();
  }

  dispatch(): void {
    this.#wakeUnlockWaiters();
    const head = this.queue?.peek();
    if (head === undefined || head.weight > this.value) return;
    const { tracker } = this.rt.validator;
    tracker.mute();
    for (let next: typeof head | undefined = head; next !== undefined && next.weight <= this.value;) {
      this.queue?.dequeue();
      next.unbind();
      next.resolve(this.take(next.weight, next.node, next.grant));
      this.#wakeUnlockWaiters();
      next = this.queue?.peek();
    }
    tracker.unmute();
  }

  /** Gives up a wait; false when it is over already. */
  giveUp(waiter: PermitWaiter<never> | PermitWaiter<unknown>, reason: unknown): boolean {
    if (this.queue?.remove(waiter as PermitWaiter<unknown>) !== true) return false;
    this.#fail(waiter as PermitWaiter<unknown>, reason);
    this.dispatch();
    return true;
  }

  /** Resolves once the permits could be had at once; takes none. */
  waitForUnlock(weight: number, priority: number, timeout?: number, timeoutError?: unknown): Promise<void> {
    if (this.isFree(weight, priority)) return Promise.resolve();
    this.unlockWaiters ??= new UnlockWaiters();
    return this.unlockWaiters.wait(weight, priority, timeout, timeoutError);
  }

  #debit(weight: number, node: HeldNode | undefined): number {
    const previous = this.value;
    this.value = previous - weight;
    if (node !== undefined) this.rt.validator.tracker.granted(node);
    return previous;
  }

  #wakeUnlockWaiters(): void {
    if (this.unlockWaiters !== undefined) this.unlockWaiters.wake(this.value, this.queue?.peek()?.priority);
  }

  #fail(waiter: PermitWaiter<unknown>, reason: unknown): void {
    waiter.unbind();
    if (waiter.node !== undefined) this.rt.validator.tracker.ended(waiter.node);
    waiter.reject(reason);
  }

  #bound<T>(waiter: PermitWaiter<T>, wanted: PermitRequest): void {
    const { timeout, timeoutError, signal } = wanted;
    const same = waiter as PermitWaiter<unknown>;
    if (timeout !== undefined && timeout !== Infinity) {
      waiter.timer = setTimeout(() => this.giveUp(same, timeoutError ?? new LockTimeoutError(timeout)), timeout);
    }
    if (signal !== undefined) waiter.listen(signal, () => this.giveUp(same, signal.reason));
  }
}
