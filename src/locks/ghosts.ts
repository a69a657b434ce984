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
import type { PermitWaiter } from './permit-waiter.js';

/** Ghosts that one entry stands for. More of them would only hold up those behind them for more turns. */
export const MAX_GHOSTS = 1000;

type AnyWaiter = PermitWaiter<unknown>;
type Queue = WaiterQueue<AnyWaiter>;

/** A waiter of the queue is a ghost from now on. */
export function haunt(queue: Queue, waiter: AnyWaiter): void {
  waiter.ghosts = 1;
  merge(queue, waiter, queue.after(waiter));
  merge(queue, queue.before(waiter), waiter);
}

/** Takes a waiter out, between whose neighbours nobody stands any more. False if it is not in the queue, or is a ghost. */
export function leaveQueue(queue: Queue, waiter: AnyWaiter): boolean {
  const [before, after] = [queue.before(waiter), queue.after(waiter)];
  if (waiter.ghosts > 0 || !queue.remove(waiter)) return false;
  merge(queue, before, after);
  return true;
}

/** After so many microtask turns. */
export function afterTurns(turns: number, callback: () => void): void {
  inMicrotask(turns > 1 ? () => afterTurns(turns - 1, callback) : callback);
}

/** Two neighbours: from now on the first one stands for both, where they are ghosts of one weight. */
function merge(queue: Queue, first: AnyWaiter | undefined, second: AnyWaiter | undefined): void {
  if (!first?.ghosts || !second?.ghosts || first.weight !== second.weight) return;
  first.ghosts = Math.min(MAX_GHOSTS, first.ghosts + second.ghosts);
  queue.remove(second);
}
