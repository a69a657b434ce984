/**
 * What is held of each lock and wanted of it, at one moment.
 *
 * Invariant: the lock that has the oldest hold or wait of all comes first; holds are in the order of their acquisitions, waits in that
 * in which they are served. Cost: O(1) for each hold and wait, and a sort of the locks where they are asked for theirs. A caller must
 * use it in the turn in which it was made.
 */
import { BoundedWaiter } from '../locks/bounded-waiter.js';
import { HELD, TRANSFERRED, WAITING, type Hold, type TrackedLock } from '../model/hold.js';

/** What is held of one lock and wanted of it. */
export interface LockState {
  readonly lock: TrackedLock;
  readonly holds: readonly Hold[];
  /** In the order in which they are served. */
  readonly waits: readonly Hold[];
}

/** Holds and waits, oldest first. Where it can tell their locks, these are asked: then it has all that there is of each. */
export type Live = Iterable<Hold> & { readonly locks?: () => Iterable<TrackedLock> };

interface MadeState extends LockState {
  readonly holds: Hold[];
  readonly waits: Hold[];
}

/** The lock that has the oldest of all comes first. */
export function statesOf(live: Live): Map<TrackedLock, LockState> {
  const states = live.locks === undefined ? statesOfHolds(live) : statesOfLocks(live.locks());
  for (const { waits } of states.values()) {
    // Stable: of one priority in order of arrival.
    if (waits.some((wait) => priorityOf(wait) !== 0)) waits.sort((one, other) => priorityOf(other) - priorityOf(one));
  }
  return states;
}

function statesOfHolds(live: Iterable<Hold>): Map<TrackedLock, MadeState> {
  const states = new Map<TrackedLock, MadeState>();
  for (const node of live) {
    let state = states.get(node.lock);
    if (state === undefined) states.set(node.lock, (state = { lock: node.lock, holds: [], waits: [] }));
    put(node, state);
  }
  return states;
}

/** The same by the lists of the locks: no hold is looked up. */
function statesOfLocks(locks: Iterable<TrackedLock>): Map<TrackedLock, MadeState> {
  const found: { readonly state: MadeState; readonly born: number }[] = [];
  for (const lock of locks) {
    const state: MadeState = { lock, holds: [], waits: [] };
    let born = Infinity;
    for (let node = lock.firstHold; node !== undefined; node = node.next) {
      put(node, state);
      if (node.born < born) born = node.born;
    }
    // What is granted past others comes first in the list of its lock; what waits stands in order of arrival.
    if (state.holds.length > 1) state.holds.sort((one, other) => one.born - other.born);
    if (born !== Infinity) found.push({ state, born });
  }
  found.sort((one, other) => one.born - other.born);
  return new Map(found.map(({ state }) => [state.lock, state]));
}

function put(node: Hold, { holds, waits }: MadeState): void {
  if (node.state === WAITING) waits.push(node);
  else if (node.state === HELD || node.state === TRANSFERRED) holds.push(node);
}

function priorityOf({ waiter }: Hold): number {
  return waiter instanceof BoundedWaiter ? waiter.priority : 0;
}
