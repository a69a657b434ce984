/**
 * Those who wait for something to come, in order of arrival: a completion, the end of a task, an idle queue.
 *
 * A waiter that gives up (timeout, abort) leaves at once, so what wakes one waiter never goes to one who is gone.
 * O(1) per wait, wake and give-up; no queue is kept while nobody waits.
 */
import { NativePromise } from '../platform/intrinsics.js';
import { isObject, mistyped } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';
import { WaiterQueue } from '../queue/waiter-queue.js';
import { LockTimeoutError } from '../errors.js';
import { refusalOf } from './abort-listeners.js';
import { BoundedWaiter } from './bounded-waiter.js';
import type { EventWait } from './observed.js';
import { checkedTimeout, isSignal } from './options/checks.js';
import type { Milliseconds } from './observed.js';
import type { World } from './world.js';

/**
 * What may end a wait for an event, or for the end of work, before it comes. An option that is undefined is as if it were not
 * there.
 *
 * @example
 * ```ts
 * const ready = new Completion();
 * setTimeout(() => ready.complete(), 10);
 * const bounds: WaitOptions = { timeout: 5000, signal: AbortSignal.timeout(10_000) };
 * await ready.wait(bounds);
 * ```
 */
export interface WaitOptions {
  /**
   * Ends the wait when it is aborted: the call rejects with `signal.reason`, unchanged, and gives up its place among the waiters.
   *
   * @default undefined: the wait can not be aborted
   */
  signal?: AbortSignal | undefined;
  /**
   * Ends the wait after so many milliseconds: the call rejects with LockTimeoutError, and gives up its place among the waiters.
   *
   * @default undefined: as long as it takes, as with `Infinity`
   */
  timeout?: Milliseconds | undefined;
}

/** The same, checked. */
export interface WaitBounds {
  readonly signal: AbortSignal | undefined;
  readonly timeout: Milliseconds | undefined;
}

const UNBOUNDED: WaitBounds = { signal: undefined, timeout: undefined };

const KNOWN: readonly string[] = ['signal', 'timeout'];

export function checkedBounds(options: unknown): WaitBounds {
  if (options === undefined) return UNBOUNDED;
  if (!isObject(options)) {
    throw mistyped('options', 'an object', options);
  }
  noteUnknown(options, 'a wait', KNOWN);
  const { signal, timeout } = options as WaitOptions;
  if (signal !== undefined && !isSignal(signal)) {
    throw mistyped('option signal', 'an AbortSignal', signal);
  }
  return { signal, timeout: checkedTimeout(timeout) };
}

export class EventWaiter<T> extends BoundedWaiter implements EventWait<T> {
  declare readonly promise: Promise<T>;
  declare resolve: (value: T) => void;
  declare reject: (reason: unknown) => void;
  /** Called once, before the waiter hears of the end of its wait. */
  onOver: (() => void) | undefined = undefined;

  constructor(priority?: number) {
    super(priority);
    this.promise = new NativePromise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  over(): void {
    this.onOver?.();
    this.unbind();
  }

  /** Gives up its place; false when the wait is over already, or has none. */
  giveUp(reason: unknown): boolean {
    if (this._queue?.remove(this) !== true) return false;
    this.over();
    this.reject(reason);
    return true;
  }
}

export class EventWaiters<T> {
  readonly #world: World<unknown>;
  /** What did not come in time, for the error of a timeout. */
  readonly #missing: string;
  #queue: WaiterQueue<EventWaiter<T>> | undefined = undefined;

  constructor(world: World<unknown>, missing: string) {
    this.#world = world;
    this.#missing = missing;
  }

  get size(): number {
    return this.#queue?.size ?? 0;
  }

  /** A signal that is aborted already rejects at once. Never throws. */
  wait(bounds: WaitBounds): EventWaiter<T> {
    const waiter = new EventWaiter<T>();
    const refusal = refusalOf(bounds.signal);
    if (refusal !== undefined) {
      waiter.reject(refusal.reason);
      return waiter;
    }
    (this.#queue ??= new WaiterQueue()).enqueue(waiter);
    const { timeout } = bounds;
    const giveUp = (reason: unknown): boolean => waiter.giveUp(reason);
    const onTime = (): boolean =>
      giveUp(new LockTimeoutError(timeout as number, `${this.#missing} within ${timeout} ms`));
    waiter.bound(this.#world.clock, bounds, onTime, giveUp);
    return waiter;
  }

  /** Wakes the oldest; false when nobody waits. */
  wakeOne(value: T): boolean {
    const waiter = this.#queue?.dequeue();
    if (waiter === undefined) return false;
    this.#world.settle(() => {
      waiter.over();
      waiter.resolve(value);
    });
    return true;
  }

  wakeAll(value: T): void {
    this.#endAll((waiter) => waiter.resolve(value));
  }

  failAll(error: unknown): void {
    this.#endAll((waiter) => waiter.reject(error));
  }

  /** Ends one wait; false when it is over already. */
  giveUp(waiter: EventWaiter<T>, reason: unknown): boolean {
    return waiter.giveUp(reason);
  }

  checkInvariants(): void {
    this.#queue?.checkInvariants();
  }

  #endAll(end: (waiter: EventWaiter<T>) => void): void {
    const waiters = this.#queue?.takeAll() ?? [];
    if (waiters.length === 0) return;
    this.#world.settle(() => {
      for (const waiter of waiters) {
        waiter.over();
        end(waiter);
      }
    });
  }
}
