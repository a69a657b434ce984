/**
 * Ends a wait from outside, with an error: the one who waits hears of it, and those behind it in the queue move up.
 *
 * A caller must give a wait that still lasts. O(1), and what serving the queue takes.
 */
import type { ObservedPermits } from '../locks/observed.js';
import { EventWaiter } from '../locks/event-waiters.js';
import { QUEUED, Work } from '../locks/work/work.js';
import { WAITING, type Hold } from '../model/hold.js';

export function refuseWait(wait: Hold, error: unknown): void {
  const { waiter } = wait;
  if (wait.state !== WAITING) return;
  if (waiter instanceof EventWaiter) waiter.giveUp(error);
  else if (!(waiter instanceof Work)) (wait.lock as ObservedPermits).giveUp(waiter as object, error);
  else if (waiter.state === QUEUED) waiter.queue.takeOut(waiter, error);
}
