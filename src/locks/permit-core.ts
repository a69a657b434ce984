/**
 * Permits with a queue: the engine under Mutex (one permit) and Semaphore, and of RWSemaphore by way of rw-core.ts.
 *
 * Semantics are async-mutex's: waiters are served by priority, then in order of arrival; a heavy request at the head
 * holds back lighter ones behind it; permits change hands inside `release`, so nobody can slip in between. A waiter
 * that gives up (timeout, abort) leaves the queue at once and lets those behind it move up; only the bound of `withTimeout`
 * leaves a ghost in its place, as in async-mutex (ghosts.ts).
 *
 * Invariant: after every call, the head of the queue, if any, wants more permits than there are. Cost: O(1) per call and
 * per grant. While the validator is off a call pays one branch for it; what it sees of the rest is in observer.ts.
 */
import { E_CANCELED } from './async-mutex-errors.js';
import { NativePromise, resolved } from '../platform/intrinsics.js';
import { WaiterQueue } from '../queue/waiter-queue.js';
import type { Hold } from '../model/hold.js';
import type { WaitKind } from '../model/hold-kinds.js';
import { LockTimeoutError } from '../errors.js';
import { refusalOf } from './abort-listeners.js';
import { afterTurns, haunt, leaveQueue } from './ghosts.js';
import { LockCore, type LockConstructor } from './lock-core.js';
import { effectiveTimeout } from './options/acquire-options.js';
import type { LockOptions } from './options/constructor-options.js';
import { PermitWaiter } from './permit-waiter.js';
import type { Grant, ObservedPermits, PermitRequest, TimeLimit, UnlockRequest, UnlockWait } from './observed.js';
import { waitAmong, wakeAmong, type UnlockWaiters } from './unlock-waiters.js';

/** Its fields are set in the constructor alone: initialisers of a derived class would make construction three times slower. */
export class PermitCore extends LockCore implements ObservedPermits {
  /** Free permits; may be negative after `setValue`. */
  declare value: number;
  declare queue: WaiterQueue<PermitWaiter<unknown>> | undefined;
  declare unlockWaiters: UnlockWaiters | undefined;
  /** May somebody add permits by `release()`, and has nobody to have taken what is released? */
  declare readonly isCounted: boolean;
  /** What the waiters of `cancel()` are rejected with. */
  declare readonly cancelError: Error;

  /** `options` are checked by now. `value`: the permits at the start; `capacity`: how many holders the validator is to count with. */
  constructor(
    owner: object,
    value: number,
    options: LockOptions,
    kind: string,
    constructor: LockConstructor,
    capacity: number = value,
  ) {
    super(owner, capacity, options, kind, constructor);
    this.value = value;
    this.queue = undefined;
    this.unlockWaiters = undefined;
    this.isCounted = kind === 'Semaphore' && capacity > 0;
    this.cancelError = options.cancelError === undefined ? E_CANCELED : options.cancelError;
  }

  isLocked(): boolean {
    return this.value <= 0;
  }

  get isIdle(): boolean {
    return this.value >= this.capacity;
  }

  /** What a request of this weight waits for. */
  waitOf(_weight: number): WaitKind {
    return 'exclusive';
  }

  /** Rejects every waiter with the cancel error, in queue order. Holders, and those in `waitForUnlock`, are left alone. */
  cancel(): void {
    for (const waiter of this.takeWaiters()) this.#fail(waiter, this.cancelError);
  }

  /** May a request of this weight and priority pass at once? */
  isFree(weight: number, priority: number): boolean {
    if (weight > this.value) return false;
    const head = this.queue?.peek();
    return head === undefined || priority > head.priority;
  }

  /** Takes the permits at once or queues up; `grant` makes what the caller gets. */
  request<T>(wanted: PermitRequest, hold: Hold | undefined, grant: Grant<T>): Promise<T> {
    const refusal = refusalOf(wanted.signal);
    const observer = hold === undefined ? undefined : this.world.attached;
    if (refusal !== undefined) {
      observer?.ended(hold as Hold, refusal.reason);
      // The reason goes to the caller unchanged, whatever it is.
      return NativePromise.reject(refusal.reason);
    }
    if (this.isFree(wanted.weight, wanted.priority)) {
      const granted = this.take(wanted.weight, hold, grant);
      return observer === undefined ? resolved(granted) : observer.resolved(granted, hold as Hold);
    }
    return new (observer?.promiseClass(hold as Hold) ?? NativePromise)<T>((resolve, reject) => {
      const waiter = new PermitWaiter<T>(wanted.weight, wanted.priority, hold, grant, resolve, reject);
      this.enqueue(waiter as PermitWaiter<unknown>);
      observer?.queued(hold as Hold, waiter);
      if (wanted.timeout !== undefined || wanted.signal !== undefined || wanted.limit !== undefined) {
        this.#bound(waiter as PermitWaiter<unknown>, wanted);
      }
    });
  }

  /** Takes the permits if they can be had at once, and returns the value before that. */
  takeNow(wanted: PermitRequest, hold: Hold | undefined): number | undefined {
    if (refusalOf(wanted.signal) !== undefined || !this.isFree(wanted.weight, wanted.priority)) return undefined;
    return this.#debit(wanted.weight, hold);
  }

  take<T>(weight: number, hold: Hold | undefined, grant: Grant<T>): T {
    return grant(this, weight, this.#debit(weight, hold), hold);
  }

  /** Returns permits and serves whoever can go on now. */
  give(weight: number): void {
    this.value += weight;
    this.dispatch();
  }

  /** The same, whoever took them: there may be more then than there ever were. */
  giveMore(weight: number): void {
    this.value += weight;
    if (this.capacity > 0 && this.value > this.capacity) this.#grow();
    this.dispatch();
  }

  /** Sets the free permits and serves whoever can go on now. */
  setValue(value: number): void {
    this.value = value;
    if (this.capacity > 0) this.#grow();
    this.dispatch();
  }

  /** There may be more permits than there ever were, of which only an observer knows those that are held. */
  #grow(): void {
    const { attached } = this.world;
    if (attached === undefined) this.capacity = Math.max(this.capacity, this.value);
    else attached.grown(this);
  }

  /** Serves whoever can go on now. */
  dispatch(): void {
    if (this.unlockWaiters !== undefined) this.world.settle(() => this.#wakeUnlockWaiters());
    if (this.queue !== undefined) this.serve(this.queue);
  }

  /** Serves the queue from its head, as far as the permits go. */
  protected serve(queue: WaiterQueue<PermitWaiter<unknown>>): void {
    const head = queue.peek();
    if (head === undefined || head.weight > this.value) return;
    // As World.settle() does, without a function for each release.
    const { attached } = this.world;
    attached?.mute();
    try {
      for (
        let next: typeof head | undefined = head;
        next !== undefined && next.weight <= this.value;
        next = queue.peek()
      ) {
        if (next.ghosts > 0) this.#serveGhost(queue, next);
        else {
          queue.remove(next);
          next.resolve(this.take(next.weight, next.hold, next.grant));
          // Last: it may call the program, which may call the lock, and finds the permits taken.
          next.unbind();
        }
        this.#wakeUnlockWaiters();
      }
    } finally {
      attached?.unmute();
    }
  }

  protected enqueue(waiter: PermitWaiter<unknown>): void {
    this.queue ??= new WaiterQueue();
    this.queue.enqueue(waiter);
  }

  /** Takes a waiter out of the queue; false if it is not there any more. */
  protected leave(waiter: PermitWaiter<unknown>): boolean {
    return this.queue !== undefined && leaveQueue(this.queue, waiter);
  }

  /** Takes out all waiters, in the order in which they would have been served. */
  protected takeWaiters(): PermitWaiter<unknown>[] {
    return this.queue?.takeAll() ?? [];
  }

  /** Gives up a wait; false when it is over already. */
  giveUp(waiter: object, reason: unknown): boolean {
    if (!this.leave(waiter as PermitWaiter<unknown>)) return false;
    this.#fail(waiter as PermitWaiter<unknown>, reason);
    this.dispatch();
    return true;
  }

  /** Resolves once the permits could be had at once; takes none. */
  waitForUnlock(request: UnlockRequest): Promise<void> {
    if (this.isFree(request.weight, request.priority)) return resolved();
    return this.queueForUnlock(request).promise;
  }

  /** The same, where they can not be had now. */
  queueForUnlock({ weight, priority, limit }: UnlockRequest): UnlockWait {
    return waitAmong((this.unlockWaiters ??= new Map()), weight, priority, limit);
  }

  /** Throws if the lock contradicts itself: for tests. */
  checkInvariants(): void {
    this.queue?.checkInvariants();
    const head = this.queue?.peek();
    if (head !== undefined && head.weight <= this.value) throw new Error('permits: the head of the queue could go on');
    const held = this.world.attached?.permitsHeld(this) ?? 0;
    if (this.capacity > 1 && Math.abs(this.heldPermits - held) > 1e-6)
      throw new Error('permits: not the sum of what is held');
  }

  #debit(weight: number, hold: Hold | undefined): number {
    const previous = this.value;
    this.value = previous - weight;
    if (hold !== undefined) this.world.attached?.granted(hold);
    return previous;
  }

  #wakeUnlockWaiters(): void {
    if (this.unlockWaiters !== undefined) wakeAmong(this.unlockWaiters, this.value, this.queue?.peek()?.priority);
  }

  #fail(waiter: PermitWaiter<unknown>, reason: unknown): void {
    if (waiter.hold !== undefined) this.world.attached?.ended(waiter.hold, reason);
    waiter.hold = undefined;
    waiter.reject(reason);
    waiter.unbind();
  }

  /** Whichever bound comes first. */
  #bound(waiter: PermitWaiter<unknown>, { timeout, limit, signal }: PermitRequest): void {
    const giveUp = (reason: unknown): boolean => this.giveUp(waiter, reason);
    const { clock, attached } = this.world;
    if (limit !== undefined && !(timeout !== undefined && timeout < effectiveTimeout(limit)))
      waiter.bound(clock, { signal, timeout: limit.timeout }, () => this.#desert(waiter, limit), giveUp);
    else {
      const late = (hold = waiter.hold): unknown =>
        hold === undefined ? new LockTimeoutError(timeout as number) : attached?.timedOut(hold, timeout as number);
      waiter.bound(clock, { signal, timeout }, () => giveUp(late()), giveUp);
    }
  }

  /** The caller hears that its time is up; a ghost keeps its place. */
  #desert(waiter: PermitWaiter<unknown>, { error }: TimeLimit): void {
    if (this.queue === undefined || !waiter.queued) return;
    haunt(this.queue, waiter);
    this.#fail(waiter, error);
  }

  /** In async-mutex a mutex hears of a grant one turn later, and both give back what comes too late. */
  #serveGhost(queue: WaiterQueue<PermitWaiter<unknown>>, ghost: PermitWaiter<unknown>): void {
    const { weight } = ghost;
    ghost.ghosts -= 1;
    if (ghost.ghosts === 0) queue.remove(ghost);
    this.#debit(weight, undefined);
    afterTurns(this.primitive === 'Mutex' ? 2 : 1, () => this.giveMore(weight));
  }
}
