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

/** Holds and waits, oldest first. Some can show them lock by lock as well, all of each lock at a time, which takes less. */
export type Live = Iterable<Hold> & { readonly eachByLock?: (see: (node: Hold) => void) => void };

/** States that are being made. */
class States {
  readonly made: MadeState[] = [];
  readonly #byLock = new Map<TrackedLock, MadeState>();
  #latest: MadeState | undefined;

  readonly add = (node: Hold): void => {
    let state = this.#latest;
    if (state?.lock !== node.lock) this.#latest = state = this.#stateOf(node.lock);
    if (node.born < state.born) state.born = node.born;
    if (node.state === WAITING) {
      state.waits.push(node);
      if (priorityOf(node) !== 0) state.hasPriorities = true;
    } else if (node.state === HELD || node.state === TRANSFERRED) state.holds.push(node);
  };

  #stateOf(lock: TrackedLock): MadeState {
    let state = this.#byLock.get(lock);
    if (state === undefined) {
      state = { lock, holds: [], waits: [], born: Infinity, hasPriorities: false };
      this.#byLock.set(lock, state);
      this.made.push(state);
    }
    return state;
  }
}

interface MadeState extends LockState {
  readonly holds: Hold[];
  readonly waits: Hold[];
  /** The number of its oldest hold or wait. */
  born: number;
  hasPriorities: boolean;
}

/** The lock that has the oldest of all comes first. */
export function statesOf(live: Live): Map<TrackedLock, LockState> {
  const states = new States();
  if (live.eachByLock !== undefined) live.eachByLock(states.add);
  else for (const node of live) states.add(node);
  for (const { holds, waits, hasPriorities } of states.made) {
    // What is granted past others comes first in the list of its lock; what waits stands in order of arrival.
    if (holds.length > 1) holds.sort((one, other) => one.born - other.born);
    // Stable: of one priority in order of arrival.
    if (hasPriorities) waits.sort((one, other) => priorityOf(other) - priorityOf(one));
  }
  states.made.sort((one, other) => one.born - other.born);
  return new Map(states.made.map((state) => [state.lock, state]));
}

function priorityOf({ waiter }: Hold): number {
  return waiter instanceof BoundedWaiter ? waiter.priority : 0;
}
