/** What the acquiring calls accept, as requests that are checked and filled in. */
import type { AnyLock } from '../../model/lock-class.js';
import { isObject, mistyped } from '../../platform/describe.js';
import { noteUnknown } from '../../platform/unknown-options.js';
import { coreOf } from '../core-of.js';
import type { Milliseconds, PermitRequest, TimeLimit } from '../observed.js';
import { checkedPriority, checkedTimeout, checkedWeight, isSignal, MAX_TIMEOUT, plainPriority } from './checks.js';

export type { AnyLock };

/**
 * Options of an acquisition. An option that is undefined is as if it were not there.
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * const options: AcquireOptions = { priority: 1, timeout: 500, signal: AbortSignal.timeout(10_000) };
 * await mutex.runExclusive(() => 'done', options);
 * ```
 */
export interface AcquireOptions {
  /**
   * Higher ones are served first, equal ones in order of arrival.
   *
   * @default 0
   */
  priority?: number | undefined;
  /**
   * Ends the wait when it is aborted: the call rejects with `signal.reason`, unchanged, and gives up its place in the queue.
   *
   * @default undefined: the wait can not be aborted
   */
  signal?: AbortSignal | undefined;
  /**
   * Ends the wait after so many milliseconds: the call rejects with LockTimeoutError, and gives up its place in the queue. With 0 it
   * is a try, which counts as no wait.
   *
   * @default undefined: as long as it takes, as with `Infinity`
   */
  timeout?: Milliseconds | undefined;
  /**
   * Has this acquisition validated as one of `lockClass.subclass(level)`.
   *
   * @default undefined: as one of the lock's class
   *
   * @example
   * ```ts
   * const [parent, child] = [new Mutex({ class: 'folder' }), new Mutex({ class: 'folder' })];
   * await parent.runExclusive(() => child.runExclusive(() => 'legal: a folder in a folder', { subclass: 'child' }));
   * ```
   */
  subclass?: number | string | undefined;
  /**
   * A lock that this flow holds and that serialises all locks of one class taken under it: their nesting is legal.
   *
   * @default undefined: there is none
   *
   * @example
   * ```ts
   * const registry = new Mutex({ class: 'registry' });
   * const [a, b] = [new Mutex({ class: 'entry' }), new Mutex({ class: 'entry' })];
   * await registry.runExclusive(() =>
   *   a.runExclusive(() => b.runExclusive(() => 'legal: nobody else nests entries now', { nestLock: registry })),
   * );
   * ```
   */
  nestLock?: AnyLock | undefined;
  /**
   * Says that somebody from outside ends this wait, as of a consumer that has nothing to do: it is never told as stalled, nor as a
   * part of a deadlock, nor at the end of the process. It is shown among the waits all the same, as parked.
   *
   * @default false
   *
   * @example
   * ```ts
   * const items = new Semaphore(1);
   * await items.acquire(); // what is there by now
   * void items.acquire({ parked: true }).then(() => 'somebody has brought more');
   * ```
   */
  parked?: boolean | undefined;
}

/**
 * Options of an acquisition of a semaphore.
 *
 * @example
 * ```ts
 * const memory = new Semaphore(1024);
 * const options: WeightedAcquireOptions = { weight: 200, timeout: 500 };
 * await memory.runExclusive(() => 'done', options);
 * ```
 */
export interface WeightedAcquireOptions extends AcquireOptions {
  /**
   * Permits to take, all of them at once.
   *
   * @default 1
   */
  weight?: number | undefined;
}

/** What a timer makes of it: what is no number of milliseconds that it can keep is one. */
export function effectiveTimeout({ timeout }: TimeLimit): Milliseconds {
  return timeout >= 1 && timeout <= MAX_TIMEOUT ? timeout : 1;
}

/** What options can add to a weight and a priority. */
type Added = Pick<PermitRequest, 'signal' | 'timeout' | 'subclass' | 'nestLock' | 'parked'>;

const NOTHING: Partial<Added> = {};

export const PLAIN_REQUEST: PermitRequest = request(1, 0);

export function request(weight: number, priority: number, added: Partial<Added> = NOTHING): PermitRequest {
  const { signal, timeout, subclass, nestLock, parked } = added;
  return { weight, priority, signal, timeout, limit: undefined, isTry: timeout === 0, subclass, nestLock, parked };
}

/** From the arguments of async-mutex, either of which may be missing. */
export function plainRequest(weight: unknown, priority: unknown): PermitRequest {
  return request(checkedWeight(weight), plainPriority(priority ?? 0));
}

/** From the arguments of a Mutex: nothing, a priority, or options. To async-mutex null is the priority 0. */
export function mutexRequest(given: unknown): PermitRequest {
  return given === undefined || given === null ? PLAIN_REQUEST : requestOf(given, 1);
}

/** A priority or options, for a weight that is not the caller's to choose. */
export function requestOf(given: unknown, weight: number): PermitRequest {
  return typeof given === 'object' || typeof given === 'function'
    ? fromOptions(given, weight, 'lock')
    : request(weight, plainPriority(given));
}

/** From the arguments of a Semaphore: a weight and a priority, or options. */
export function semaphoreRequest(given: unknown, priority: unknown): PermitRequest {
  if (given === undefined && priority === undefined) return PLAIN_REQUEST;
  if (!isObject(given)) return plainRequest(given, priority);
  const weight = optionWeight(given);
  const options = fromOptions(given, weight, 'permits');
  return priority === undefined ? options : { ...options, priority: plainPriority(priority) };
}

/** `taker`: see known-options.ts. */
function fromOptions(given: unknown, weight: number, taker: string): PermitRequest {
  if (!isObject(given)) {
    throw mistyped('options', 'a number or an object', given);
  }
  noteUnknown(given, taker);
  const { priority, signal, timeout, subclass, nestLock, parked } = given as AcquireOptions;
  if (signal !== undefined && !isSignal(signal)) {
    throw mistyped('option signal', 'an AbortSignal', signal);
  }
  if (subclass !== undefined && typeof subclass !== 'number' && typeof subclass !== 'string') {
    throw mistyped('option subclass', 'a number or a string', subclass);
  }
  return request(weight, checkedPriority(priority ?? 0), {
    signal,
    timeout: checkedTimeout(timeout),
    subclass,
    nestLock: nestLock === undefined ? undefined : coreOf(nestLock, 'option nestLock'),
    parked,
  });
}

function optionWeight({ weight = 1 }: WeightedAcquireOptions): number {
  if (typeof weight === 'number' && weight > 0) return weight;
  throw mistyped('option weight', 'a positive number', weight, 'number');
}
