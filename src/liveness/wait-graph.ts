/**
 * Who waits for whom, among all that is held and awaited at one moment, and who of them can never go on.
 *
 * A wait can go on as soon as what it needs may be given back by somebody who can go on. So all waits are taken for stuck, and
 * those that may be served are taken out until nothing changes (the reduction of a resource graph, Holt 1972, over the real
 * queues): what is left waits for itself or for others that are left. A hold goes on as long as no stuck wait is seen to be that
 * of its holder.
 *
 * What counts as able to go on, since somebody else may end it: a wait with a timeout or a signal, a parked one, an event that
 * nobody is known to bring, a lock of which nobody is known to hold anything, a hold that was handed off, permits that nobody was
 * seen to take. At the end of a process (`atEnd`) nothing runs any more, so nobody gives anything back: every wait for a lock is
 * stuck, and for an event that somebody has begun to bring.
 *
 * With `slotsFor`, an event that only work of one queue was seen to bring waits for a slot of that queue: no certainty, as somebody
 * else may bring it this time.
 *
 * With `proven`, only what is certain counts: it is known from the awaits themselves who waits for what (scope-circles.ts).
 *
 * Invariant: read only; it changes nothing that it looks at. Cost: linear in the holds, the waits and what each wait lists.
 * A caller must use it in the turn in which it was made.
 */
import { listHolds } from '../flow/hold-list.js';
import { BoundedWaiter } from '../locks/bounded-waiter.js';
import { HELD, isScope, TRANSFERRED, WAITING, type Hold, type TrackedLock } from '../model/hold.js';
import { SectionCore } from '../locks/section.js';
import type { LockClass } from '../model/lock-class.js';
import { rememberedFrames } from '../validator/lock-use.js';
import type { Pending } from '../validator/pending.js';

/** What is held of one lock and wanted of it. */
export interface LockState {
  readonly lock: TrackedLock;
  readonly holds: readonly Hold[];
  /** In the order in which they are served. */
  readonly waits: readonly Hold[];
}

/** What is known for certain of who waits; without it, a wait is that of all who seem to await it. */
export interface ProvenWaits {
  /** Of each wait the holds whose holder awaits it and nothing else. */
  readonly under: ReadonlyMap<Hold, readonly Hold[]>;
  /** May it last for ever? */
  mayStick(wait: Hold): boolean;
}

/** The classes of queues whose work alone was seen to bring events of that class. */
export type SlotsFor = (event: LockClass) => readonly LockClass[];

interface Moment {
  readonly slotsFor?: SlotsFor | undefined;
  /** Does nothing run any more? */
  readonly atEnd?: boolean;
  readonly proven?: ProvenWaits;
}

/** Holds of one flow that are looked at for one wait; further out the order of locks is not checked either. */
const MAX_LISTED = 256;

const NONE: readonly Hold[] = [];

export class WaitGraph {
  readonly states: ReadonlyMap<TrackedLock, LockState>;
  readonly #atEnd: boolean;
  readonly #proven: ProvenWaits | undefined;
  /** What a wait is under, innermost first. */
  readonly #under = new Map<Hold, readonly Hold[]>();
  /** Of a hold the waits of its holder. */
  readonly #waitsOf = new Map<Hold, Hold[]>();
  readonly #stuck = new Set<Hold>();
  /** Of an event, the queue whose work alone brings it; and back. */
  readonly #queueOf = new Map<TrackedLock, LockState>();
  readonly #broughtBy = new Map<TrackedLock, LockState[]>();

  constructor(live: Iterable<Hold>, { atEnd = false, proven, slotsFor }: Moment = {}) {
    this.#atEnd = atEnd;
    this.#proven = proven;
    this.states = statesOf(live);
    if (slotsFor !== undefined) this.#findQueues(slotsFor);
    for (const { waits } of this.states.values()) for (const wait of waits) this.#add(wait);
    this.#reduce();
  }

  /** The waits that can never go on. */
  get stuck(): ReadonlySet<Hold> {
    return this.#stuck;
  }

  /** What the flow of a wait holds, as far as its holder is seen to wait. */
  heldUnder(wait: Hold): readonly Hold[] {
    return this.#under.get(wait) ?? NONE;
  }

  /** Those who hold what `wait` wants, in the order of their acquisitions. */
  holdersBefore(wait: Hold): readonly Hold[] {
    const state = this.#queueOf.get(wait.lock) ?? this.states.get(wait.lock);
    return this.#blockersAmong(wait, state?.holds ?? []);
  }

  /** The queue whose work alone brings the event that is waited for, as far as was seen. */
  queueOf({ lock }: Hold): TrackedLock | undefined {
    return this.#queueOf.get(lock)?.lock;
  }

  /** What whoever has `hold` waits for, stuck or not: the last one that it began. */
  latestWaitOf(hold: Hold): Hold | undefined {
    return this.#waitsOf.get(hold)?.at(-1);
  }

  /** The wait of whoever has `hold`, of those that are stuck: the last one that it began. */
  waitOf(hold: Hold): Hold | undefined {
    return this.#waitsOf.get(hold)?.findLast((wait) => this.#stuck.has(wait));
  }

  /** Does a stuck wait wait for what is held by nobody who waits? */
  isRoot(wait: Hold): boolean {
    return this.#next(wait) === undefined;
  }

  /** The circles that stuck waits end in, each once: each wait of one is for what the flow of the next one holds. */
  circles(): (readonly Hold[])[] {
    const circles: (readonly Hold[])[] = [];
    const seen = new Set<Hold>();
    for (const start of this.#stuck) {
      const path: Hold[] = [];
      let wait: Hold | undefined = start;
      for (; wait !== undefined && !seen.has(wait); wait = this.#next(wait)) {
        seen.add(wait);
        path.push(wait);
      }
      const at = wait === undefined ? -1 : path.indexOf(wait);
      if (at !== -1) circles.push(path.slice(at));
    }
    return circles;
  }

  /** The stuck wait that keeps a stuck wait from going on. */
  #next(wait: Hold): Hold | undefined {
    for (const hold of this.holdersBefore(wait)) {
      // Where it is its own, that is the shortest way to say so.
      const own = this.heldUnder(wait).includes(hold) ? wait : this.waitOf(hold);
      if (own !== undefined) return own;
    }
    const first = this.states.get(wait.lock)?.waits.find((other) => this.#stuck.has(other));
    return first === wait ? undefined : first;
  }

  /** Of several queues of one class it is not known which one. */
  #findQueues(slotsFor: SlotsFor): void {
    let queues: Map<LockClass, LockState | undefined> | undefined;
    for (const event of this.states.values()) {
      if (!(event.lock instanceof SectionCore) || event.waits.length === 0 || event.holds.length > 0) continue;
      const [lockClass] = slotsFor(event.lock.lockClass);
      if (lockClass === undefined) continue;
      queues ??= soleQueues(this.states.values());
      const queue = queues.get(lockClass);
      if (queue === undefined) continue;
      this.#queueOf.set(event.lock, queue);
      const brought = this.#broughtBy.get(queue.lock);
      if (brought === undefined) this.#broughtBy.set(queue.lock, [event]);
      else brought.push(event);
    }
  }

  #add(wait: Hold): void {
    if (!this.#mayStick(wait)) return;
    this.#stuck.add(wait);
    if (wait.parent === undefined) return;
    const under = this.#proven === undefined ? seemingHolds(wait) : (this.#proven.under.get(wait) ?? NONE);
    this.#under.set(wait, under);
    for (const hold of under) {
      const waits = this.#waitsOf.get(hold);
      if (waits === undefined) this.#waitsOf.set(hold, [wait]);
      else waits.push(wait);
    }
  }

  #mayStick(wait: Hold): boolean {
    if (wait.kind === 'use') return false;
    if (this.#proven !== undefined) return this.#proven.mayStick(wait);
    return !wait.asked.parked && (this.#atEnd || !isBounded(wait));
  }

  #reduce(): void {
    const dirty = new Set(this.states.values());
    for (const state of dirty) {
      // What is added again meanwhile comes up again.
      dirty.delete(state);
      for (const wait of this.#served(state)) {
        this.#stuck.delete(wait);
        for (const { lock } of this.heldUnder(wait)) {
          const other = this.states.get(lock);
          if (other !== undefined) dirty.add(other);
          for (const event of this.#broughtBy.get(lock) ?? []) dirty.add(event);
        }
      }
    }
  }

  /** The stuck waits of a lock that may go on after all. */
  *#served(state: LockState): Generator<Hold, void, undefined> {
    let isBlocked = false;
    for (const wait of state.waits) {
      if (!this.#stuck.has(wait)) continue;
      // A reader that passes by the queue waits for no one in it.
      const behind = isBlocked && wait.wait !== 'recursive-read' && wait.kind !== 'wait';
      if (!behind && this.#mayBeServed(wait, state)) yield wait;
      else isBlocked ||= wait.kind !== 'wait' && wait.kind !== 'unlock';
    }
  }

  #mayBeServed(wait: Hold, state: LockState): boolean {
    const { lock, holds } = this.#queueOf.get(wait.lock) ?? state;
    const blocking = this.#blockersAmong(wait, holds);
    // An event may be one that nobody had to bring. A lock that is not had by now is never had.
    if (this.#atEnd) return wait.kind === 'wait' && blocking.length === 0;
    if (blocking.length === 0) return true;
    const lasting = blocking.filter((hold) => hold.state === HELD && this.waitOf(hold) !== undefined);
    if (lock.capacity <= 1) return lasting.length === 0;
    const taken = lasting.reduce((sum, hold) => sum + hold.permits - hold.asked.returned, 0);
    return lock.capacity - taken >= wait.permits;
  }

  #blockersAmong(wait: Hold, holds: readonly Hold[]): readonly Hold[] {
    return wait.shared && wait.lock.capacity <= 1 ? holds.filter((hold) => !hold.shared) : holds;
  }
}

/** The queues of which there is one of their class. */
function soleQueues(states: Iterable<LockState>): Map<LockClass, LockState | undefined> {
  const queues = new Map<LockClass, LockState | undefined>();
  for (const state of states) {
    const { lockClass, primitive } = state.lock;
    if (primitive === 'WorkQueue') queues.set(lockClass, queues.has(lockClass) ? undefined : state);
  }
  return queues;
}

/** What the flow of a wait holds, as far as its holder seems to await the wait. */
function seemingHolds(wait: Hold): readonly Hold[] {
  const pending = wait.asked.pending as Pending | undefined;
  const listed = listHolds(wait.parent, MAX_LISTED);
  return pending === undefined ? listed : listed.filter((hold) => isAwaiting(hold, pending));
}

/**
 * Does who has `hold` wait for the attempt? Proven; or, of a lock taken by a call, as it seems: the function that took it is seen to
 * await what made the attempt. That is no proof, since two runs of one function look the same.
 */
function isAwaiting(hold: Hold, { open, holds, returned, stack, probed = [] }: Pending): boolean {
  if (!open.includes(hold)) return true;
  if (isScope(hold.kind)) return false;
  const { returnedBy } = hold.asked;
  // A function that has returned since did not wait, and whoever it has returned to goes on beside the attempt.
  if (returned[holds.indexOf(hold)] !== returnedBy) return false;
  const taker = rememberedFrames(hold)[returnedBy]?.functionId;
  return [...stack, ...probed].some(({ functionId, isAsync }) => isAsync && functionId === taker);
}

function statesOf(live: Iterable<Hold>): Map<TrackedLock, LockState> {
  const states = new Map<TrackedLock, { lock: TrackedLock; holds: Hold[]; waits: Hold[] }>();
  for (const node of live) {
    let state = states.get(node.lock);
    if (state === undefined) states.set(node.lock, (state = { lock: node.lock, holds: [], waits: [] }));
    if (node.state === WAITING) state.waits.push(node);
    else if (node.state === HELD || node.state === TRANSFERRED) state.holds.push(node);
  }
  for (const { waits } of states.values()) {
    // Stable: of one priority in order of arrival.
    if (waits.some((wait) => priorityOf(wait) !== 0)) waits.sort((one, other) => priorityOf(other) - priorityOf(one));
  }
  return states;
}

function priorityOf({ waiter }: Hold): number {
  return waiter instanceof BoundedWaiter ? waiter.priority : 0;
}

/** May the wait end though nobody gives back what it wants? Its own timer or signal may end it, or somebody whom its author knows. */
export function mayEnd(wait: Hold): boolean {
  return wait.asked.parked || isBounded(wait);
}

/** May the wait end by its own timer or signal? */
export function isBounded({ waiter }: Hold): boolean {
  return waiter instanceof BoundedWaiter && (waiter._timer !== undefined || waiter._unlisten !== undefined);
}
