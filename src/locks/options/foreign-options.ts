/** What `trackedLock` and `wanted` accept, checked. */
import type { HoldKind, ReleasedBy, WaitKind } from '../../model/hold.js';
import type { LockClass } from '../../model/lock-class.js';
import { mistyped, notAmong } from '../../platform/describe.js';
import { noteUnknown } from '../../platform/unknown-options.js';
import type { Below, ForeignWant } from '../observed.js';
import { checkNames } from './constructor-options.js';

/** What `trackedLock` takes, some or all of it. */
export interface ForeignLockOptions {
  /**
   * The lock's class, or the name of one (`lockClass(name)`).
   *
   * @default the place where `below` is called
   */
  class?: LockClass | string | undefined;
  /**
   * Label of this instance in reports.
   *
   * @default none
   */
  name?: string | undefined;
  /**
   * Permits that there are: 1 is a mutex, and Infinity is no lock. It can be changed later.
   *
   * @default 1
   */
  capacity?: number | undefined;
  /**
   * What it is, in a word or two for reports: 'async-lock', 'tarn pool'.
   *
   * @default 'ForeignLock'
   */
  kind?: string | undefined;
  /**
   * Who gives it back. 'holder': the flow that has it, and a release by another flow says that it was handed on. 'user': whoever
   * ends the use of the resource, as in a pool, which says nothing of who had it.
   *
   * @default 'holder'
   */
  releasedBy?: ReleasedBy | undefined;
  /**
   * The function that the program called to make it.
   *
   * @default `trackedLock`, so that the adapter itself is the place
   */
  below?: Below | undefined;
}

/** Whose is what is granted? The flow's that asks for it; a callback's; or the call's, which has given it back when it is over. */
export type ForeignOwner = 'flow' | 'callback' | 'call';

/** What `ForeignLock.wanted` takes, some or all of it. */
export interface ForeignRequest {
  /**
   * Permits that are wanted.
   *
   * @default 1
   */
  permits?: number | undefined;
  /**
   * Is it wanted beside other readers? Of a lock of capacity 1 alone. A queued writer holds later readers back.
   *
   * @default false
   */
  shared?: boolean | undefined;
  /**
   * Whose it is: 'flow', by `carry`, `usedBy` or `takeOver`; 'callback', by `scope`; 'call', by `use`.
   *
   * @default 'flow'
   */
  owner?: ForeignOwner | undefined;
  /**
   * Is it had at once or not at all, so that nobody waits for it? Not for the owner 'call'.
   *
   * @default false
   */
  try?: boolean | undefined;
  /**
   * The function that the program called, and that stands on the stack now.
   *
   * @default `wanted`, so that the adapter is the place
   */
  below?: Below | undefined;
}

/** The same options, filled in. */
export interface CheckedForeignOptions {
  readonly class?: LockClass | string;
  readonly name?: string;
  readonly capacity: number;
  readonly kind: string;
  readonly releasedBy: ReleasedBy;
  readonly below: Below | undefined;
}

const OF_LOCK: readonly string[] = ['class', 'name', 'capacity', 'kind', 'releasedBy', 'below'];
const OF_REQUEST: readonly string[] = ['permits', 'shared', 'owner', 'try', 'below'];

const HOLD_KINDS: Readonly<Record<ForeignOwner, readonly [waiting: HoldKind, trying: HoldKind]>> = {
  flow: ['imperative', 'try'],
  callback: ['scope', 'try-scope'],
  call: ['use', 'use'],
};

const PLAIN: ForeignWant = { kind: 'imperative', wait: 'exclusive', permits: 1 };

export function foreignOptions(given: unknown): CheckedForeignOptions {
  const options = checkedObject(given) as ForeignLockOptions;
  noteUnknown(options, 'trackedLock', OF_LOCK);
  checkNames(options);
  const { class: ofClass, name, capacity = 1, kind = 'ForeignLock', releasedBy = 'holder', below } = options;
  if (typeof kind !== 'string') throw mistyped('option kind', 'a string', kind);
  if (kind === '') throw new RangeError("option kind must not be empty, got ''");
  const isKnown = releasedBy === 'holder' || releasedBy === 'user';
  if (!isKnown) throw notAmong('option releasedBy', "'holder' or 'user'", releasedBy);
  return {
    ...(ofClass === undefined ? {} : { class: ofClass }),
    ...(name === undefined ? {} : { name }),
    capacity: checkedCapacity(capacity, 'option capacity'),
    kind,
    releasedBy,
    below: checkedBelow(below),
  };
}

export function checkedCapacity(given: unknown, what: string): number {
  if (typeof given !== 'number') throw mistyped(what, 'a number', given);
  if (given === Infinity || (Number.isInteger(given) && given >= 1)) return given;
  throw new RangeError(`${what} must be a positive integer or Infinity, got ${given}`);
}

/** Throws what is wrong with a request; `capacity`: that of its lock. */
export function foreignWant(given: ForeignRequest | undefined, capacity: number): ForeignWant {
  if (given === undefined) return PLAIN;
  const options = checkedObject(given) as ForeignRequest;
  noteUnknown(options, 'a request at a tracked lock', OF_REQUEST);
  const { permits = 1, shared = false, owner = 'flow', try: isTry = false, below } = options;
  if (typeof permits !== 'number') throw mistyped('option permits', 'a number', permits);
  if (!(permits > 0)) throw new RangeError(`option permits must be positive, got ${permits}`);
  if (typeof shared !== 'boolean') throw mistyped('option shared', 'a boolean', shared);
  if (shared && capacity !== 1) throw new RangeError(`option shared is for locks of capacity 1, not ${capacity}`);
  if (typeof isTry !== 'boolean') throw mistyped('option try', 'a boolean', isTry);
  if (!Object.hasOwn(HOLD_KINDS, owner)) throw notAmong('option owner', "'flow', 'callback' or 'call'", owner);
  if (isTry && owner === 'call') throw new RangeError("option try is not for the owner 'call', which waits");
  checkedBelow(below);
  const wait: WaitKind = shared ? 'fair-read' : 'exclusive';
  return { kind: HOLD_KINDS[owner][isTry ? 1 : 0], wait, permits };
}

function checkedObject(given: unknown): object {
  if (typeof given === 'object' && given !== null) return given;
  throw mistyped('options', 'an object', given);
}

function checkedBelow(below: unknown): Below | undefined {
  if (below === undefined || typeof below === 'function') return below as Below | undefined;
  throw mistyped('option below', 'a function', below);
}
