/**
 * Of events that are awaited, the queues whose work alone was seen to bring them: such a wait is one for a slot of the queue.
 *
 * Invariant: an event that somebody has begun to bring waits for that alone, and of several queues of one class it is not known which
 * one is meant. Cost: a step for each lock. A caller must use it in the turn in which it was made.
 */
import { SectionCore } from '../locks/section.js';
import type { TrackedLock } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import type { LockState } from './lock-states.js';

/** The classes of queues whose work alone was seen to bring events of that class. */
export type SlotsFor = (event: LockClass) => readonly LockClass[];

const NO_EVENTS: readonly LockState[] = [];

export class EventQueues {
  readonly #queueOf = new Map<TrackedLock, LockState>();
  readonly #broughtBy = new Map<TrackedLock, LockState[]>();

  constructor(states: Iterable<LockState>, slotsFor: SlotsFor) {
    const all = [...states];
    let queues: Map<LockClass, LockState | undefined> | undefined;
    for (const event of all) {
      if (!isOpenEvent(event)) continue;
      const [lockClass] = slotsFor(event.lock.lockClass);
      if (lockClass === undefined) continue;
      queues ??= soleQueues(all);
      const queue = queues.get(lockClass);
      if (queue !== undefined) this.#add(event, queue);
    }
  }

  /** The queue whose work alone brings the event. */
  queueOf(event: TrackedLock): LockState | undefined {
    return this.#queueOf.get(event);
  }

  /** The events that the work of the queue alone brings. */
  broughtBy(queue: TrackedLock): readonly LockState[] {
    return this.#broughtBy.get(queue) ?? NO_EVENTS;
  }

  #add(event: LockState, queue: LockState): void {
    this.#queueOf.set(event.lock, queue);
    const brought = this.#broughtBy.get(queue.lock);
    if (brought === undefined) this.#broughtBy.set(queue.lock, [event]);
    else brought.push(event);
  }
}

/** Is it an event that is awaited, and that nobody has begun to bring? */
function isOpenEvent({ lock, holds, waits }: LockState): boolean {
  return waits.length > 0 && holds.length === 0 && lock instanceof SectionCore;
}

/** The queues of which there is one of their class. */
function soleQueues(states: readonly LockState[]): Map<LockClass, LockState | undefined> {
  const queues = new Map<LockClass, LockState | undefined>();
  for (const state of states) {
    const { lockClass, primitive } = state.lock;
    if (primitive === 'WorkQueue') queues.set(lockClass, queues.has(lockClass) ? undefined : state);
  }
  return queues;
}
