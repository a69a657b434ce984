/**
 * The engine of a completion: passes that were raised and not used yet, or those who wait for one, or a final outcome.
 *
 * Invariant: at most one of the three. Equal passes next to each other are one record with a count, so a completion that
 * is raised for ever and never awaited takes no more memory for it. O(1) per call, O(waiters) for the final ones.
 */
import type { WaitKind } from '../model/hold.js';
import { refusalOf } from './abort-listeners.js';
import { EventWaiter, EventWaiters, type WaitBounds } from './event-waiters.js';
import type { LockConstructor } from './lock-core.js';
import type { LockObserver } from './observer.js';
import { lockOptions, type LockOptions } from './options/constructor-options.js';
import type { Below, Undo } from './observed.js';
import { SectionCore } from './section.js';
import type { World } from './world.js';

interface Passes<T> {
  readonly value: T;
  count: number;
  next: Passes<T> | undefined;
}

type Outcome<T> =
  | { readonly kind: 'all'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | undefined;

export class CompletionCore<T> extends SectionCore implements Undo<T> {
  /** Sections on the way to it overlap and nest: nobody waits at their door. */
  readonly entry: WaitKind = 'recursive-read';
  readonly #waiters: EventWaiters<T>;
  #first: Passes<T> | undefined;
  #last: Passes<T> | undefined;
  #outcome: Outcome<T>;
  /** The number of the last grant before it was made or reinitialised. */
  #since: number;

  constructor(owner: object, options: LockOptions | undefined, constructor: LockConstructor) {
    super(owner, lockOptions(options, 'Completion'), 'Completion', constructor);
    this.#waiters = new EventWaiters<T>(this.world, 'the completion did not come');
    this.#since = eventBegins(this.world);
  }

  /** Would a wait be over at once? */
  get done(): boolean {
    return this.#outcome !== undefined || this.#first !== undefined;
  }

  override isLocked(): boolean {
    return !this.done;
  }

  override get condition(): string {
    return this.done ? 'done' : 'to come';
  }

  wait(bounds: WaitBounds, below: Below): Promise<T> {
    const { observer } = this.world;
    // A bound of nothing is a try: nothing leads into it.
    if (observer === undefined || bounds.timeout === 0) return this.#request(bounds).promise;
    return observer.waited([{ lock: this, permits: 1 }], () => this.#request(bounds), this, below);
  }

  #request(bounds: WaitBounds): EventWaiter<T> {
    if (!this.done) return this.#waiters.wait(bounds);
    const waiter = new EventWaiter<T>();
    const refusal = refusalOf(bounds.signal);
    if (refusal !== undefined) waiter.reject(refusal.reason);
    else if (this.#outcome?.kind === 'failed') waiter.reject(this.#outcome.error);
    else waiter.resolve(this.#take());
    return waiter;
  }

  /** Uses up one pass. Throws what it failed with. */
  tryTake(): boolean {
    if (this.#outcome?.kind === 'failed') throw this.#outcome.error;
    if (!this.done) return false;
    this.#take();
    return true;
  }

  /** The running flow is about to let it come. */
  comes(below: Below): void {
    this.world.observer?.signalled(this, this.#since, below);
  }

  raise(value: T): void {
    if (this.#outcome !== undefined || this.#waiters.wakeOne(value)) return;
    const last = this.#last;
    if (last !== undefined && Object.is(last.value, value)) {
      last.count += 1;
      return;
    }
    const passes: Passes<T> = { value, count: 1, next: undefined };
    if (last === undefined) this.#first = passes;
    else last.next = passes;
    this.#last = passes;
  }

  raiseAll(value: T): void {
    this.#end({ kind: 'all', value });
    this.#waiters.wakeAll(value);
  }

  fail(error: unknown): void {
    this.#end({ kind: 'failed', error });
    this.#waiters.failAll(error);
  }

  reinit(): void {
    this.#since = eventBegins(this.world);
    this.#outcome = undefined;
    this.#first = undefined;
    this.#last = undefined;
  }

  giveUp(waiter: EventWaiter<T>, error: unknown): boolean {
    return this.#waiters.giveUp(waiter, error);
  }

  /** A pass that was not used after all is the next one. */
  giveBack(value: T): void {
    if (this.#outcome !== undefined || this.#waiters.wakeOne(value)) return;
    this.#first = { value, count: 1, next: this.#first };
    this.#last ??= this.#first;
  }

  /** Throws if the completion contradicts itself: for tests. */
  checkInvariants(): void {
    this.#waiters.checkInvariants();
    const kinds = [this.#waiters.size > 0, this.#first !== undefined, this.#outcome !== undefined];
    if (kinds.filter(Boolean).length > 1)
      throw new Error('completion: waiters, passes and an outcome exclude each other');
  }

  #take(): T {
    if (this.#outcome?.kind === 'all') return this.#outcome.value;
    const passes = this.#first as Passes<T>;
    passes.count -= 1;
    if (passes.count === 0) {
      this.#first = passes.next;
      if (this.#first === undefined) this.#last = undefined;
    }
    return passes.value;
  }

  /** The first outcome stays, until `reinit`. */
  #end(outcome: Outcome<T>): void {
    this.#outcome ??= outcome;
    this.#first = undefined;
    this.#last = undefined;
  }
}

/** There is an event. Returns the number of the last grant before it. */
function eventBegins(world: World<LockObserver>): number {
  world.hasEvents = true;
  return world.attached?.eventBegins() ?? 0;
}
