/**
 * What each flow that waits holds, as far as its holder is seen to wait; and of a hold, the waits of whoever has it.
 *
 * Invariant: the waits of one list are in the order in which they were added; waits under the same cell of a flow's list share one
 * list where the same of it is seen to be awaited, and one that is known from elsewhere has its own. Cost: O(1) for a wait that
 * shares a list, else a step for each of its holds, which are MAX_LISTED at most. A caller must add all waits before it asks, and in
 * the turn in which the first was added.
 */
import { listHolds } from '../flow/hold-list.js';
import { isScope, type Hold } from '../model/hold.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { rememberedFrames } from '../validator/lock-use.js';
import type { Pending } from '../validator/pending.js';

/** Holds of one flow that are looked at for one wait; further out the order of locks is not checked either. */
const MAX_LISTED = 256;

/** With so few a search is faster than a set. */
const FEW = 8;

const NO_LISTS: readonly FlowList[] = [];

/** What one flow holds, innermost first, and what it waits for under that: several, where it forked. */
export class FlowList {
  /** Those of its waits that are stuck. */
  stuck = 0;
  readonly holds: readonly Hold[];
  readonly waits: Hold[] = [];
  #last = -1;
  #set: Set<Hold> | undefined;

  constructor(holds: readonly Hold[]) {
    this.holds = holds;
  }

  has(hold: Hold): boolean {
    if (this.holds.length <= FEW) return this.holds.includes(hold);
    this.#set ??= new Set(this.holds);
    return this.#set.has(hold);
  }

  /** Counts those of its waits that are stuck. */
  count(stuck: ReadonlySet<Hold>): void {
    this.#last = this.waits.length - 1;
    for (const wait of this.waits) if (stuck.has(wait)) this.stuck += 1;
  }

  /** One of its stuck waits may go on. Returns true when it was the last one. */
  wentOn(): boolean {
    this.stuck -= 1;
    return this.stuck === 0;
  }

  /** The last one that is stuck. What is stuck only ever gets less. */
  lastIn(stuck: ReadonlySet<Hold>): Hold | undefined {
    if (this.stuck === 0) return undefined;
    while (this.#last >= 0 && !stuck.has(this.waits[this.#last] as Hold)) this.#last -= 1;
    return this.waits[this.#last];
  }
}

/** The lists under one cell. */
interface UnderCell {
  /** All that is held there. */
  readonly all: readonly Hold[];
  /** The latest list that was made of them. */
  latest: FlowList | undefined;
}

export class FlowLists implements Iterable<FlowList> {
  readonly #cells = new Map<Hold, UnderCell>();
  readonly #byWait = new Map<Hold, FlowList>();
  readonly #byHold = new Map<Hold, FlowList[]>();
  readonly #lists: FlowList[] = [];
  #order: Map<Hold, number> | undefined;

  /** A wait of whoever has the list that begins with the cell `parent`. */
  add(wait: Hold, parent: Hold): void {
    let cell = this.#cells.get(parent);
    if (cell === undefined) {
      this.#cells.set(parent, (cell = { all: listHolds(parent, MAX_LISTED), latest: undefined }));
    }
    if (cell.all.length === 0) return;
    this.#put(wait, this.#listOf(cell, wait.asked.pending as Pending | undefined));
  }

  /** A wait of whoever has `holds`, as is known from elsewhere: it shares its list with no other. */
  addUnder(wait: Hold, holds: readonly Hold[]): void {
    if (holds.length > 0) this.#put(wait, this.#made(holds));
  }

  [Symbol.iterator](): Iterator<FlowList> {
    return this.#lists[Symbol.iterator]();
  }

  of(wait: Hold): FlowList | undefined {
    return this.#byWait.get(wait);
  }

  /** The lists that `hold` is in. */
  with(hold: Hold): readonly FlowList[] {
    return this.#byHold.get(hold) ?? NO_LISTS;
  }

  /** Was the wait added after the other one? */
  isAfter(wait: Hold, other: Hold): boolean {
    if (this.#order === undefined) {
      this.#order = new Map();
      for (const each of this.#byWait.keys()) this.#order.set(each, this.#order.size);
    }
    return (this.#order.get(wait) as number) > (this.#order.get(other) as number);
  }

  #listOf(cell: UnderCell, pending: Pending | undefined): FlowList {
    const { all, latest } = cell;
    const holds = pending === undefined ? all : awaitingOf(all, pending);
    if (latest !== undefined && isSame(latest.holds, holds)) return latest;
    cell.latest = this.#made(holds);
    return cell.latest;
  }

  #made(holds: readonly Hold[]): FlowList {
    const list = new FlowList(holds);
    this.#lists.push(list);
    for (const hold of holds) {
      const lists = this.#byHold.get(hold);
      if (lists === undefined) this.#byHold.set(hold, [list]);
      else lists.push(list);
    }
    return list;
  }

  #put(wait: Hold, list: FlowList): void {
    list.waits.push(wait);
    this.#byWait.set(wait, list);
  }
}

function isSame(one: readonly Hold[], other: readonly Hold[]): boolean {
  return one === other || (one.length === other.length && one.every((hold, at) => hold === other[at]));
}

/** Those of the holds whose holder waits for the attempt. */
function awaitingOf(all: readonly Hold[], pending: Pending): readonly Hold[] {
  const { open } = pending;
  if (open.length === 0) return all;
  const isOpen = new Set(open);
  let places: Map<Hold, number> | undefined;
  const placeOf = (hold: Hold): number => {
    places ??= new Map(pending.holds.map((each, at) => [each, at]));
    return places.get(hold) ?? -1;
  };
  return all.filter((hold) => !isOpen.has(hold) || isAwaiting(hold, pending, placeOf));
}

/**
 * Does who has `hold` seem to wait for the attempt? It is not proven. Of a lock taken by a call, the function that took it is seen to
 * await what made the attempt; that is no proof, since two runs of one function look the same.
 */
function isAwaiting(hold: Hold, pending: Pending, placeOf: (hold: Hold) => number): boolean {
  if (isScope(hold.kind)) return false;
  const { returned, stack, probed = [] } = pending;
  const { returnedBy } = hold.asked;
  // A function that has returned since did not wait, and whoever it has returned to goes on beside the attempt.
  if (returned[placeOf(hold)] !== returnedBy) return false;
  const taker = rememberedFrames(hold)[returnedBy]?.functionId;
  const isTaker = ({ functionId, isAsync }: CapturedFrame): boolean => isAsync && functionId === taker;
  return stack.some(isTaker) || probed.some(isTaker);
}
