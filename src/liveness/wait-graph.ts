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
 * Invariant: read only; it changes nothing that it looks at. Waits whose flows hold the same share one list of that, and a lock none
 * of whose holders waits is passed over: nothing is kept for its waits. Cost: linear in the holds and the waits; 256 steps at most
 * for each list that is not shared; a lock is looked at once more when one of its holders is seen to go on. A caller must use it in
 * the turn in which it was made.
 */
import { BoundedWaiter } from '../locks/bounded-waiter.js';
import { HELD, type Hold, type TrackedLock } from '../model/hold.js';
import { EventQueues, type SlotsFor } from './event-queues.js';
import { FlowLists, type FlowList } from './flow-lists.js';
import { statesOf, type Live, type LockState } from './lock-states.js';

/** What is known for certain of who waits; without it, a wait is that of all who seem to await it. */
export interface ProvenWaits {
  /** Of each wait the holds whose holder awaits it and nothing else. */
  readonly under: ReadonlyMap<Hold, readonly Hold[]>;
  /** May it last for ever? */
  mayStick(wait: Hold): boolean;
}

interface Moment {
  readonly slotsFor?: SlotsFor | undefined;
  /** Does nothing run any more? */
  readonly atEnd?: boolean;
  readonly proven?: ProvenWaits;
}

/** What lasts of a lock, for those who want it alone and for those who share it. */
interface Lasting {
  /** Is there a hold of somebody who can not go on? */
  readonly some: boolean;
  /** The permits of those. */
  readonly permits: number;
}

const NONE: readonly Hold[] = [];

export class WaitGraph {
  readonly states: ReadonlyMap<TrackedLock, LockState>;
  readonly #atEnd: boolean;
  readonly #proven: ProvenWaits | undefined;
  readonly #queues: EventQueues | undefined;
  readonly #lists = new FlowLists();
  readonly #stuck = new Set<Hold>();
  /** The first stuck wait of each lock, once that was asked. Nothing is reduced any more by then. */
  readonly #firstStuck = new Map<LockState, Hold | undefined>();
  readonly #firstLasting = [new Map<LockState, Hold | undefined>(), new Map<LockState, Hold | undefined>()] as const;

  constructor(live: Live, { atEnd = false, proven, slotsFor }: Moment = {}) {
    this.#atEnd = atEnd;
    this.#proven = proven;
    this.states = statesOf(live);
    if (slotsFor !== undefined) this.#queues = new EventQueues(this.states.values(), slotsFor);
    // By index: a step of an iterator makes an object until V8 has compiled this, and there may be many waits.
    for (const { waits } of this.states.values()) {
      for (let i = 0; i < waits.length; i++) this.#list(waits[i] as Hold);
    }
    this.#reduce(this.#takeForStuck());
  }

  /** The waits that can never go on. */
  get stuck(): ReadonlySet<Hold> {
    return this.#stuck;
  }

  /** What the flow of a wait holds, as far as its holder is seen to wait. */
  heldUnder(wait: Hold): readonly Hold[] {
    return this.#lists.of(wait)?.holds ?? NONE;
  }

  /** Those who hold what `wait` wants, in the order of their acquisitions. */
  holdersBefore(wait: Hold): readonly Hold[] {
    const holds = (this.#queues?.queueOf(wait.lock) ?? this.states.get(wait.lock))?.holds ?? NONE;
    return passesReaders(wait) ? holds.filter((hold) => !hold.shared) : holds;
  }

  /** The queue whose work alone brings the event that is waited for, as far as was seen. */
  queueOf({ lock }: Hold): TrackedLock | undefined {
    return this.#queues?.queueOf(lock)?.lock;
  }

  /** What whoever has `hold` waits for, stuck or not: the last one that it began. */
  latestWaitOf(hold: Hold): Hold | undefined {
    return this.#latest(hold, (list) => list.waits.at(-1));
  }

  /** The wait of whoever has `hold`, of those that are stuck: the last one that it began. */
  waitOf(hold: Hold): Hold | undefined {
    return this.#latest(hold, (list) => list.lastIn(this.#stuck));
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
    const state = this.states.get(wait.lock);
    if (state === undefined) return undefined;
    const lasting = cached(this.#firstLasting[passesReaders(wait) ? 1 : 0], state, () =>
      this.holdersBefore(wait).find((hold) => this.waitOf(hold) !== undefined),
    );
    const first = cached(this.#firstStuck, state, () => state.waits.find((other) => this.#stuck.has(other)));
    // There would be enough for it, but for who wants more and came before.
    if (first !== wait && first !== undefined && this.#isEnough(wait, state)) return first;
    // Where it is its own, that is the shortest way to say so.
    if (lasting !== undefined) return this.#lists.of(wait)?.has(lasting) === true ? wait : this.waitOf(lasting);
    return first === wait ? undefined : first;
  }

  /** Would the permits be enough that those leave who can not go on? */
  #isEnough({ lock, permits }: Hold, state: LockState): boolean {
    return lock.capacity > 1 && lock.capacity - this.#lasting(state, false).permits >= permits;
  }

  /** Of the flows that have `hold` (a list of holds may be continued in several ways), the last wait that `pick` gives. */
  #latest(hold: Hold, pick: (list: FlowList) => Hold | undefined): Hold | undefined {
    let latest: Hold | undefined;
    for (const list of this.#lists.with(hold)) {
      const wait = pick(list);
      if (wait !== undefined && (latest === undefined || this.#lists.isAfter(wait, latest))) latest = wait;
    }
    return latest;
  }

  #list(wait: Hold): void {
    const { parent } = wait;
    if (parent === undefined || !this.#mayStick(wait)) return;
    if (this.#proven === undefined) this.#lists.add(wait, parent);
    else this.#lists.addUnder(wait, this.#proven.under.get(wait) ?? NONE);
  }

  #mayStick(wait: Hold): boolean {
    if (wait.kind === 'use') return false;
    if (this.#proven !== undefined) return this.#proven.mayStick(wait);
    return !wait.asked.parked && (this.#atEnd || !isBounded(wait));
  }

  /** Takes all waits for stuck, those of idle locks aside. Returns the locks that are to be reduced. */
  #takeForStuck(): Set<LockState> {
    const open = new Set<LockState>();
    for (const state of this.states.values()) {
      if (state.waits.length === 0 || this.#isIdle(state)) continue;
      open.add(state);
      for (const wait of state.waits) if (this.#mayStick(wait)) this.#stuck.add(wait);
    }
    for (const list of this.#lists) list.count(this.#stuck);
    return open;
  }

  /** What the waits of a lock want: slots of a queue, where its work alone brings the event. */
  #wanted(state: LockState): LockState {
    return this.#queues?.queueOf(state.lock) ?? state;
  }

  /** Does nobody who holds the lock wait for anything? Then all that want it may go on, unless they want more than there is. */
  #isIdle(state: LockState): boolean {
    const { lock, holds } = this.#wanted(state);
    if (this.#atEnd || holds.some((hold) => this.#lists.with(hold).length > 0)) return false;
    return lock.capacity <= 1 || holds.length === 0 || state.waits.every(({ permits }) => permits <= lock.capacity);
  }

  #reduce(dirty: Set<LockState>): void {
    for (const state of dirty) {
      // What is added again meanwhile comes up again.
      dirty.delete(state);
      for (const wait of this.#served(state)) {
        this.#stuck.delete(wait);
        const list = this.#lists.of(wait);
        if (list === undefined || !list.wentOn()) continue;
        for (const { lock } of list.holds) {
          const other = this.states.get(lock);
          if (other !== undefined && other.waits.length > 0) dirty.add(other);
          for (const event of this.#queues?.broughtBy(lock) ?? []) dirty.add(event);
        }
      }
    }
  }

  /** The stuck waits of a lock that may go on after all. */
  *#served(state: LockState): Generator<Hold, void, undefined> {
    let isBlocked = false;
    const wanted = this.#wanted(state);
    const alone = this.#lasting(wanted, false);
    const beside = state.lock.capacity <= 1 ? this.#lasting(wanted, true) : alone;
    for (const wait of state.waits) {
      if (!this.#stuck.has(wait)) continue;
      // A reader that passes by the queue waits for no one in it.
      const behind = isBlocked && wait.wait !== 'recursive-read' && wait.kind !== 'wait';
      if (!behind && this.#mayBeServed(wait, wanted, passesReaders(wait) ? beside : alone)) yield wait;
      else isBlocked ||= wait.kind !== 'wait' && wait.kind !== 'unlock';
    }
  }

  #mayBeServed(wait: Hold, { lock, holds }: LockState, { some, permits }: Lasting): boolean {
    const isFree = passesReaders(wait) ? holds.every((hold) => hold.shared) : holds.length === 0;
    // An event may be one that nobody had to bring. A lock that is not had by now is never had.
    if (this.#atEnd) return wait.kind === 'wait' && isFree;
    if (isFree) return true;
    return lock.capacity <= 1 ? !some : lock.capacity - permits >= wait.permits;
  }

  #lasting({ holds }: LockState, passesReaders: boolean): Lasting {
    let some = false;
    let permits = 0;
    for (const hold of holds) {
      if (hold.state !== HELD || (passesReaders && hold.shared) || !this.#isAwaited(hold)) continue;
      some = true;
      permits += hold.permits - hold.asked.returned;
    }
    return { some, permits };
  }

  /** Is a wait of whoever has `hold` stuck? */
  #isAwaited(hold: Hold): boolean {
    return this.#lists.with(hold).some((list) => list.stuck > 0);
  }
}

/** Does it wait for writers alone? */
function passesReaders(wait: Hold): boolean {
  return wait.shared && wait.lock.capacity <= 1;
}

function cached<K, V>(cache: Map<K, V>, key: K, make: () => V): V {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key) as V;
}

/** May the wait end though nobody gives back what it wants? Its own timer or signal may end it, or somebody whom its author knows. */
export function mayEnd(wait: Hold): boolean {
  return wait.asked.parked || isBounded(wait);
}

/** May the wait end by its own timer or signal? */
export function isBounded({ waiter }: Hold): boolean {
  return waiter instanceof BoundedWaiter && (waiter._timer !== undefined || waiter._unlisten !== undefined);
}
