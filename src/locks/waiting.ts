/**
 * Waits for what is never held (an event, the end of a task), shown to the validator like acquisitions.
 *
 * The place among the waiters is taken at once. A known nesting adds no turn; a new one is looked at from an async function
 * of ours, which the caller awaits: at the start where it looks like a deadlock, and at the end. Who does not await the
 * promise waits for nothing, and teaches nothing.
 */
import type { Hold } from '../model/hold.js';
import { ready } from '../platform/scope-frame.js';
import { errorCode, LockdepError } from '../errors.js';
import type { Runtime } from '../validator/runtime.js';
import type { EventWaiter } from './event-waiters.js';
import type { LockCore } from './lock-core.js';

type Below = (...args: never[]) => unknown;

/** What a wait needs the end of, and how many permits of it. */
export interface Awaited {
  readonly lock: LockCore;
  readonly permits: number;
}

/** How a wait that turns out to be an offence is undone. */
export interface Undo<T> {
  /** Gives up the place; false when the wait is over already. */
  giveUp(waiter: EventWaiter<T>, error: unknown): boolean;
  /** Gives back what the wait has brought. */
  giveBack?(value: T): void;
}

/** The waits of the running flow that begin here; none for what is not followed. */
export function beginWaits(runtime: Runtime, awaited: readonly Awaited[], below: Below): Hold[] {
  const nodes: Hold[] = [];
  if (runtime.off) return nodes;
  for (const { lock, permits } of awaited) {
    if (lock.lockClass.options.track === false) continue;
    nodes.push(runtime.validator.attempt(lock, lock.lockClass, 'wait', 'exclusive', permits, below));
  }
  return nodes;
}

/** The promise that the caller gets for `waiter`, whose wait is that of `nodes`. */
export function followWait<T>(
  runtime: Runtime,
  nodes: readonly Hold[],
  waiter: EventWaiter<T>,
  undo: Undo<T>,
): Promise<T> {
  if (nodes.length === 0) return waiter.promise;
  const { validator } = runtime;
  if (nodes.every((node) => node.asked.pending === undefined)) {
    waiter.onOver = () => {
      for (const node of nodes) validator.tracker.ended(node);
    };
    if (!waiter.queued) waiter.onOver();
    return waiter.promise;
  }
  const promise = watched(runtime, nodes, waiter, undo);
  validator.tracker.carryWaits(promise, nodes);
  return promise;
}

async function watched<T>(runtime: Runtime, nodes: readonly Hold[], waiter: EventWaiter<T>, undo: Undo<T>): Promise<T> {
  const { validator } = runtime;
  if (nodes.some((node) => validator.wantsProbe(node))) {
    await ready;
    await ready;
    look(runtime, nodes, waiter, undo);
  }
  try {
    return await waiter.promise;
  } finally {
    for (const node of nodes) validator.waited(node, watched);
  }
}

/** In enforce an offending wait gives up what it has and throws. */
function look<T>(runtime: Runtime, nodes: readonly Hold[], waiter: EventWaiter<T>, undo: Undo<T>): void {
  const { validator } = runtime;
  const reports = nodes.map((node) => validator.probe(node, look));
  const report = reports.find((found) => found !== undefined);
  if (report === undefined || !runtime.enforce) return;
  const error = new LockdepError(report.message, errorCode(report.kind), report);
  for (const node of nodes) validator.tracker.ended(node);
  // Nobody else awaits what is given up here.
  if (undo.giveUp(waiter, error)) waiter.promise.catch(() => undefined);
  else waiter.promise.then((value) => undo.giveBack?.(value)).catch(() => undefined);
  throw error;
}
