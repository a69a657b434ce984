/**
 * What is left of a wait that `withTimeout` has given up. As in async-mutex it keeps its place in the queue, and when its turn
 * comes it takes the permits for a moment.
 *
 * Invariant: nobody hears of a ghost, and the validator knows none: its caller waits for nothing any more. No two ghosts of one
 * weight stand side by side; such are one entry with a count. So a lock that is held for long and asked for again and again
 * keeps one of them, not as many as have asked. O(1) per call.
 */
import { inMicrotask } from '../platform/clock.js';
import type { WaiterQueue } from '../queue/waiter-queue.js';
import { PermitWaiter } from './permit-waiter.js';

/** Ghosts that one entry stands for. More of them would only hold up those behind them for more turns. */
export const MAX_GHOSTS = 1000;

type Queue = WaiterQueue<PermitWaiter<unknown>>;

export class Ghost extends PermitWaiter<unknown> {
  /** Microtask turns for which it holds what it is granted. */
  readonly moment: number;
  #count = 1;

  constructor(weight: number, priority: number, moment: number) {
    super(weight, priority, undefined, ignore, ignore, ignore);
    this.moment = moment;
  }

  absorb(other: Ghost): void {
    this.#count = Math.min(MAX_GHOSTS, this.#count + other.#count);
  }

  /** One of them has its turn. True if it was the last. */
  takeTurn(): boolean {
    this.#count -= 1;
    return this.#count === 0;
  }
}

/** Is it one? A look at a field of its own: every waiter that is served is asked. */
export function isGhost(waiter: PermitWaiter<unknown>): waiter is Ghost {
  return waiter.grant === ignore;
}

/** A ghost takes the place of `waiter`. */
export function haunt(queue: Queue, waiter: PermitWaiter<unknown>, moment: number): void {
  const ghost = new Ghost(waiter.weight, waiter.priority, moment);
  queue.replace(waiter, ghost);
  const merged = merge(queue, queue.before(ghost), ghost);
  merge(queue, merged, queue.after(merged));
}

/** Takes a waiter out, between whose neighbours nobody stands any more. False if it is not in the queue. */
export function leaveQueue(queue: Queue, waiter: PermitWaiter<unknown>): boolean {
  const [before, after] = [queue.before(waiter), queue.after(waiter)];
  if (!queue.remove(waiter)) return false;
  if (after !== undefined) merge(queue, before, after);
  return true;
}

/** After so many microtask turns. */
export function afterTurns(turns: number, callback: () => void): void {
  inMicrotask(turns > 1 ? () => afterTurns(turns - 1, callback) : callback);
}

/** The entry that stands for the second one from now on. */
function merge<W extends PermitWaiter<unknown> | undefined>(
  queue: Queue,
  first: PermitWaiter<unknown> | undefined,
  second: W,
): PermitWaiter<unknown> | W {
  if (first === undefined || second === undefined || !isGhost(first) || !isGhost(second)) return second;
  if (first.weight !== second.weight) return second;
  first.absorb(second);
  queue.remove(second);
  return first;
}

function ignore(): void {}
