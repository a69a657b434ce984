/** What the acquiring calls accept, as requests that are checked and filled in. */
import type { LockClass } from '../../model/lock-class.js';
import { describe } from '../../platform/describe.js';
import { noteUnknown } from '../../platform/unknown-options.js';
import { coreOf } from '../core-of.js';
import type { Milliseconds, PermitRequest, TimeLimit } from '../observed.js';
import {
  checkedPriority,
  checkedTimeout,
  checkedWeight,
  isSignal,
  MAX_TIMEOUT,
  notPositive,
  plainPriority,
} from './checks.js';

export interface AcquireOptions {
  /** Higher first, equal ones in order of arrival. Default 0. */
  priority?: number;
  /** Rejects with `signal.reason` unchanged; the place in the queue is given up. */
  signal?: AbortSignal;
  /** Rejects with LockTimeoutError after so many milliseconds; the place in the queue is given up. */
  timeout?: Milliseconds;
  /** Validate this acquisition as `lockClass.subclass(level)`. */
  subclass?: number | string;
  /** A lock that this flow holds and that serialises all locks of one class taken under it: their nesting is legal. */
  nestLock?: AnyLock;
}

/** Any lock of this package. */
export interface AnyLock {
  readonly lockClass: LockClass;
  setClass(lockClass: LockClass | string): void;
}

export interface WeightedAcquireOptions extends AcquireOptions {
  /** Permits to take. Default 1. */
  weight?: number;
}

/** What a timer makes of it: what is no number of milliseconds that it can keep is one. */
export function effectiveTimeout({ timeout }: TimeLimit): Milliseconds {
  return timeout >= 1 && timeout <= MAX_TIMEOUT ? timeout : 1;
}

/** Is it a bound of nothing? Then it is a try, and nothing leads into it. */
export function isNoTime(limit: TimeLimit | undefined): boolean {
  return limit !== undefined && !(limit.timeout > 0);
}

export const PLAIN_REQUEST: PermitRequest = request(1, 0);

export function request(weight: number, priority: number): PermitRequest {
  return {
    weight,
    priority,
    signal: undefined,
    timeout: undefined,
    limit: undefined,
    isTry: false,
    subclass: undefined,
    nestLock: undefined,
  };
}

/** From the arguments of a Mutex: nothing, a priority, or options. To async-mutex null is the priority 0. */
export function mutexRequest(given: unknown): PermitRequest {
  return given === undefined || given === null ? PLAIN_REQUEST : requestOf(given, 1);
}

/** A priority or options, for a weight that is not the caller's to choose. */
export function requestOf(given: unknown, weight: number): PermitRequest {
  return typeof given === 'object' || typeof given === 'function'
    ? fromOptions(given, weight, PLAIN)
    : request(weight, plainPriority(given));
}

/** From the arguments of a Semaphore: a weight and a priority, or options. */
export function semaphoreRequest(given: unknown, priority: unknown): PermitRequest {
  if (given === undefined && priority === undefined) return PLAIN_REQUEST;
  if (given === null || typeof given !== 'object') {
    return request(checkedWeight(given), plainPriority(priority ?? 0));
  }
  const weight = optionWeight(given);
  const options = fromOptions(given, weight, WEIGHTED);
  return priority === undefined ? options : { ...options, priority: plainPriority(priority) };
}

const PLAIN: ReadonlySet<string> = new Set(['priority', 'signal', 'timeout', 'subclass', 'nestLock']);
const WEIGHTED: ReadonlySet<string> = new Set([...PLAIN, 'weight']);

function fromOptions(given: unknown, weight: number, known: ReadonlySet<string>): PermitRequest {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`options must be a number or an object, got ${describe(given)}`);
  }
  noteUnknown(given, known, 'an acquisition');
  const { priority, signal, timeout, subclass, nestLock } = given as AcquireOptions;
  if (signal !== undefined && !isSignal(signal)) {
    throw new TypeError(`option signal must be an AbortSignal, got ${describe(signal)}`);
  }
  if (subclass !== undefined && typeof subclass !== 'number' && typeof subclass !== 'string') {
    throw new TypeError(`option subclass must be a number or a string, got ${describe(subclass)}`);
  }
  const checked = timeout === undefined ? undefined : checkedTimeout(timeout, 'option timeout');
  return {
    weight,
    priority: checkedPriority(priority ?? 0),
    signal,
    timeout: checked,
    limit: undefined,
    isTry: checked === 0,
    subclass,
    nestLock: nestLock === undefined ? undefined : coreOf(nestLock, 'option nestLock'),
  };
}

function optionWeight({ weight = 1 }: WeightedAcquireOptions): number {
  if (typeof weight !== 'number') throw new TypeError(`option weight must be a number, got ${describe(weight)}`);
  if (!(weight > 0)) throw new RangeError(notPositive(weight));
  return weight;
}
