/**
 * What an observer may ask of a lock, and what the two hand to each other. Types alone; the classes of this folder are these.
 */
import type { Below } from '../platform/below.js';
import type { Hold, HoldKind, ReleasedBy, TrackedLock, WaitKind } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import type { Timers } from '../platform/clock.js';
import type { World } from './world.js';

export type { Below };

/** A duration in milliseconds. `Infinity` never ends. */
export type Milliseconds = number;

export interface ObservedLock extends TrackedLock {
  readonly world: World<unknown>;
  /** Is none of it taken, by whomever? */
  readonly isIdle: boolean;
}

/**
 * The bound that `withTimeout` puts on a wait. Its words are async-mutex's, and so is their meaning: a timer gets `timeout` as
 * it is, and the place in the queue is kept (ghosts.ts).
 */
export interface TimeLimit {
  readonly timeout: Milliseconds;
  readonly error: unknown;
  /** That of the lock's world. */
  readonly clock: Timers;
}

/** A request as the lock wants it: everything filled in and checked. */
export interface PermitRequest {
  readonly weight: number;
  readonly priority: number;
  readonly signal: AbortSignal | undefined;
  readonly timeout: Milliseconds | undefined;
  /** Of a lock that `withTimeout` has decorated. */
  readonly limit: TimeLimit | undefined;
  /** Does it wait for nothing that takes any time? */
  readonly isTry: boolean;
  readonly subclass: number | string | undefined;
  readonly nestLock: ObservedLock | undefined;
  /** Does somebody from outside end the wait, as its author says? */
  readonly parked: boolean | undefined;
}

/** A wait until so many permits could be had, which takes none. */
export interface UnlockRequest {
  readonly weight: number;
  readonly priority: number;
  readonly limit: TimeLimit | undefined;
}

/** Makes what the caller of a granted request receives: a releaser, a guard, a value. */
export type Grant<T> = (lock: ObservedPermits, weight: number, previousValue: number, hold: Hold | undefined) => T;

/** One who waits for an event. */
export interface EventWait<T> {
  readonly promise: Promise<T>;
  readonly queued: boolean;
  /** Called once, before the waiter hears of the end of its wait. */
  onOver: (() => void) | undefined;
}

/** How a wait that turns out to be an offence is undone. */
export interface Undo<T> {
  /** Gives up the place; false when the wait is over already. */
  giveUp(waiter: EventWait<T>, error: unknown): boolean;
  /** Gives back what the wait has brought. */
  giveBack?(value: T): void;
}

/** One who waits for an unlock. */
export interface UnlockWait extends EventWait<void> {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  over(): void;
  /** Gives up the place; false when the wait is over already, or has none. */
  giveUp(error: unknown): boolean;
}

/** A lock of permits: a mutex has one, a semaphore some, a reader takes one of very many and a writer all. */
export interface ObservedPermits extends ObservedLock {
  /** Free permits. */
  readonly value: number;
  /** How many may hold it at once. Set by an observer where it grows. */
  capacity: number;
  /** May somebody add permits by `release()`, and has nobody to have taken what is released? */
  readonly isCounted: boolean;
  /** Those that wait; undefined before anybody has. */
  readonly queue: { readonly size: number } | undefined;
  /** What the waiters of `cancel()` are rejected with. */
  readonly cancelError: unknown;
  /** What a request of this weight waits for. */
  waitOf(weight: number): WaitKind;
  /** May a request of this weight and priority pass at once? */
  isFree(weight: number, priority: number): boolean;
  /** Takes the permits at once or queues up. */
  request<T>(wanted: PermitRequest, hold: Hold | undefined, grant: Grant<T>): Promise<T>;
  /** Takes the permits if they can be had at once, and returns the value before that. */
  takeNow(wanted: PermitRequest, hold: Hold | undefined): number | undefined;
  take<T>(weight: number, hold: Hold | undefined, grant: Grant<T>): T;
  /** Returns permits and serves whoever can go on now. */
  give(weight: number): void;
  /** The same, whoever took them: there may be more then than there ever were. */
  giveMore(weight: number): void;
  /** Gives up the wait of a waiter that `queued` has named; false when it is over already. */
  giveUp(waiter: object, reason: unknown): boolean;
  waitForUnlock(request: UnlockRequest): Promise<void>;
  queueForUnlock(request: UnlockRequest): UnlockWait;
}

/** A lock that is held by sections, at whose door nobody waits. */
export interface ObservedSection extends ObservedLock {
  /** How a section is wanted: 'recursive-read' where sections may overlap and nest. */
  readonly entry: WaitKind;
}

/** What a wait needs the end of, and how many permits of it. */
export interface Awaited {
  readonly lock: ObservedLock;
  readonly permits: number;
}

/** What is asked of one run of a queue. `I`: the item that it is a run of. */
export interface Submission<T, I = unknown> {
  readonly fn: (signal: AbortSignal) => T | Promise<T>;
  readonly priority: number;
  readonly signal: AbortSignal | undefined;
  readonly delay: Milliseconds;
  readonly lockClass: LockClass | undefined;
  readonly name: string | undefined;
  readonly item: I | undefined;
}

/** Something is released that is not held. */
export type UnlockFault = 'free' | 'released-guard' | 'stale-releaser' | 'over-release' | 'scope';

/** A lock of another package, whose grants are told by an adapter. */
export interface ObservedForeign extends ObservedLock {
  readonly foreign: ReleasedBy;
}

/** A request at such a lock, checked. The kind says whose it will be. */
export interface ForeignWant {
  readonly kind: HoldKind;
  readonly wait: WaitKind;
  readonly permits: number;
}

/**
 * One request at a lock of another package, from the call to its end: wanted -> granted -> released, or wanted -> failed.
 *
 * An adapter tells what becomes of it, and says by one of five ways who has what was granted. No method throws by itself, and
 * none changes what the package does. A call that does not fit (granted twice, released before it was granted) is told in one
 * warning and changes nothing. While the validator is off, each method gives back what it is given.
 *
 * `below` is the function that the program called and that stands on the stack now: reports begin at its caller.
 */
export interface ForeignAttempt {
  /** The package has granted the request. `carry`, `use` and `scope` see it by themselves. */
  granted(): void;
  /** The request has come to nothing: refused, timed out, cancelled. Nothing is held, so nothing is made of the error. */
  failed(error?: unknown): void;
  /** What was granted is given back. */
  released(below?: Below): void;
  /**
   * The hold travels with the promise of the call: whoever awaits the promise that is returned has it. That one settles as `promise`
   * does. `giveBack` gives back what the package grants to a request that `enforce` has refused; without it `enforce` only reports.
   */
  carry<T>(promise: Promise<T>, giveBack?: (value: T) => unknown): Promise<T>;
  /**
   * The call takes what it wants and gives it back before `promise` settles, or its callback does so: whoever awaits the promise
   * that is returned waits for the call. For the owners 'call' and 'callback'.
   */
  use<T>(promise: Promise<T>): Promise<T>;
  /** The request is granted, and `fn` runs with it until its result has settled. For the owner 'callback'. */
  scope<T>(fn: () => T): T;
  /**
   * The running function uses the resource. The first one that does has it, unless it came to somebody by `carry`. Once the resource
   * is used by another flow after the first one has ended, it is nobody's: it is shared in a way that nothing tells.
   */
  usedBy(below?: Below): void;
  /** `promise` is that of a method of the resource's handle: whoever awaits the one that is returned goes on with the resource. */
  takeOver<T>(promise: Promise<T>): Promise<T>;
  /** Runs `fn`, a callback of the program that is called with the resource or for it: what it wants is wanted with the resource held. */
  within<T>(fn: () => T): T;
}
