/**
 * Waits for the unlock of a lock, shown to the validator like an acquisition of what is never held.
 *
 * Whoever awaits it goes on in the very turn in which it would without the validator, whatever is known of the nesting:
 * nothing stands between the caller and the wake. In one case alone it is held back, for two turns: in enforce, where the lock
 * is free and the wait looks like part of a deadlock. Who does not await the promise waits for nothing, and teaches nothing.
 *
 * Cost: a step in the trie and a note on the promise; a function that looks on only for a nesting that is not known.
 */
import { NativePromise, resolved } from '../platform/intrinsics.js';
import type { Hold } from '../model/hold.js';
import { ready } from '../platform/scope-frame.js';
import { errorCode, LockdepError } from '../errors.js';
import type { Runtime } from '../validator/runtime.js';
import { isTracked, tellBeyond } from './acquiring.js';
import { isNoTime, type TimeLimit } from './lock-options.js';
import type { PermitCore } from './permit-core.js';
import { UnlockWaiter } from './unlock-waiters.js';

type Below = (...args: never[]) => unknown;

/** Resolves once the permits could be had at once; takes none. `below` is the public function that was called. */
export function waitForUnlock(
  lock: PermitCore,
  weight: number,
  priority: number,
  below: Below,
  limit?: TimeLimit,
): Promise<void> {
  if (!isTracked(lock) || isNoTime(limit)) return lock.waitForUnlock(weight, priority, limit);
  const { validator } = lock.rt;
  const { tracker } = validator;
  const node = validator.attempt(lock, lock.lockClass, 'unlock', 'exclusive', weight, below);
  tracker.mute();
  try {
    const waiter = lock.isFree(weight, priority)
      ? heldBack(lock, node)
      : queued(lock, node, lock.queueForUnlock(weight, priority, limit));
    if (waiter !== undefined) tellBeyond(lock, node, below);
    const promise = waiter?.promise ?? resolved();
    // One of a higher priority than the others' goes before those that stand in the queue: no part of a batch.
    tracker.carry(promise, node, priority <= 0);
    return promise;
  } finally {
    tracker.unmute();
  }
}

/** Of a lock that is free: nothing to wait for, except for the verdict. */
function heldBack(lock: PermitCore, node: Hold): UnlockWaiter | undefined {
  const { validator } = lock.rt;
  if (!validator.mayRefuse(node)) {
    validator.tracker.ended(node);
    return undefined;
  }
  const waiter = new UnlockWaiter(0, undefined);
  waiter.onOver = () => validator.tracker.ended(node);
  watch(lock.rt, node, waiter);
  return waiter;
}

function queued(lock: PermitCore, node: Hold, waiter: UnlockWaiter): UnlockWaiter {
  const { validator } = lock.rt;
  node.queueUp(waiter);
  waiter.onOver = () => validator.tracker.ended(node);
  if (validator.wantsProbe(node)) watch(lock.rt, node, waiter);
  return waiter;
}

/** Lets the result of a function that has none settle the wait: so its stack shows those that await the wait. */
function watch(runtime: Runtime, node: Hold, waiter: UnlockWaiter): void {
  void look(runtime, node, waiter).then(waiter.resolve, waiter.reject);
}

async function look(runtime: Runtime, node: Hold, waiter: UnlockWaiter): Promise<void> {
  await ready;
  await ready;
  const { validator } = runtime;
  const report = validator.probe(node, look);
  if (report !== undefined && runtime.enforce) {
    waiter.refuse(new LockdepError(report.message, errorCode(report.kind), report));
  } else if (waiter.place === undefined) {
    waiter.over();
    waiter.resolve();
  }
  // Where it returned, the wait would be over.
  await new NativePromise<never>(() => undefined);
}
