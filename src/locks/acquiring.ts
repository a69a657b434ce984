/**
 * The ways to a lock, for both primitives: a promise of what was granted, or a callback that runs with it.
 *
 * Off: the request alone. Tracked: the attempt is shown to the validator first, before any wait; the place in the queue
 * is taken at once all the same, so the order of grants is that of the calls in every mode.
 */
import type { LockClass } from '../model/lock-class.js';
import { HELD, WAITING, type Hold, type HoldKind } from '../model/hold.js';
import { ready, scopeFrames, type ScopeKeeper } from '../platform/scope-frame.js';
import { errorCode, LockdepError } from '../errors.js';
import { isHeldBy } from '../validator/held-by.js';
import { beyondCapacity } from '../validator/rules/beyond-capacity.js';
import { nestLockNotHeld } from '../validator/rules/nest-lock-not-held.js';
import type { LockCore } from './lock-core.js';
import type { PermitRequest } from './lock-options.js';
import type { PermitCore } from './permit-core.js';
import type { Grant, PermitWaiter } from './permit-waiter.js';
import { grantValue, releaseHold } from './releasing.js';

type Below = (...args: never[]) => unknown;

/**
 * Is this acquisition followed by the validator? A semaphore that starts at 0 is a signal: who acquires it holds nothing,
 * and who releases it need not have acquired it.
 */
export function isTracked(lock: PermitCore): boolean {
  return !lock.rt.off && lock.capacity > 0 && lock.lockClass.options.track !== false;
}

function attempt(lock: PermitCore, wanted: PermitRequest, kind: HoldKind, below: Below): Hold {
  const { lockClass } = lock;
  const { weight, subclass, nestLock } = wanted;
  const validated = subclass === undefined ? lockClass : lockClass.subclass(subclass);
  if (nestLock !== undefined) checkNestLock(lock, validated, weight, nestLock, below);
  return lock.rt.validator.attempt(lock, validated, kind, lock.waitOf(weight), weight, below, nestLock);
}

/** Says so, in enforce with an error, if the flow certainly does not hold the nest lock. */
function checkNestLock(lock: PermitCore, lockClass: LockClass, weight: number, nestLock: LockCore, below: Below): void {
  const { rt: runtime } = lock;
  const { validator } = runtime;
  if (nestLock.rt !== runtime) return;
  // Somebody holds it: it may be this flow, however that came to it.
  if (nestLock.firstHold !== undefined) validator.tracker.watch();
  if (nestLock.firstHold !== undefined || isHeldBy(validator.tracker, nestLock, below) !== false) return;
  const held = validator.tracker.held().toReversed();
  const mode = lock.waitOf(weight) === 'exclusive' ? 'exclusive' : 'shared';
  runtime.refuse(runtime.report(nestLockNotHeld(lock, lockClass, nestLock, mode, held, below)));
}

/** The lock may be wanted here: validated, and nothing else. */
export function mightTake(lock: PermitCore, wanted: PermitRequest, below: Below): void {
  if (!isTracked(lock)) return;
  const { weight, subclass, nestLock } = wanted;
  const validated = subclass === undefined ? lock.lockClass : lock.lockClass.subclass(subclass);
  if (nestLock !== undefined) checkNestLock(lock, validated, weight, nestLock, below);
  const offence = lock.rt.validator.touch(lock, validated, lock.waitOf(weight), weight, below, nestLock);
  if (offence !== undefined) lock.rt.refuse(offence);
}

/** Says so where `node` waits for more permits than there ever were. */
export function tellBeyond(lock: PermitCore, node: Hold, below: Below): void {
  const { lockClass, permits } = node;
  if (permits <= lock.capacity || !lock.isCounted || lockClass.options.validate === false) return;
  lock.rt.report(beyondCapacity(lock, lockClass, permits, below));
}

function trackedRequest<T>(
  lock: PermitCore,
  wanted: PermitRequest,
  node: Hold,
  grant: Grant<T>,
  below: Below,
): Promise<T> {
  const { tracker } = lock.rt.validator;
  tracker.mute();
  try {
    const promise = lock.request(wanted, node, grant);
    if (node.state === WAITING) {
      tellBeyond(lock, node, below);
      lock.rt.validator.waits(node);
    }
    return promise;
  } finally {
    tracker.unmute();
  }
}

/** Acquires; whoever awaits the promise holds the lock. `below` is the public function that was called. */
export function acquire<T>(lock: PermitCore, wanted: PermitRequest, grant: Grant<T>, below: Below): Promise<T> {
  if (!isTracked(lock)) return lock.request(wanted, undefined, grant);
  const { validator } = lock.rt;
  const node = attempt(lock, wanted, wanted.isTry ? 'try' : 'imperative', below);
  let promise = trackedRequest(lock, wanted, node, grant, below);
  if (validator.wantsProbe(node)) promise = probedWait(lock, node, promise);
  validator.tracker.carry(promise, node, wanted.priority === 0);
  return promise;
}

/** The async function that the caller awaits, so that the stack taken here shows who waits. */
async function probedWait<T>(lock: PermitCore, node: Hold, promise: Promise<T>): Promise<T> {
  await ready;
  await ready;
  probe(lock, node, promise);
  return await promise;
}

/** In enforce an offending attempt gives up what it has, place or permits, and throws. */
function probe(lock: PermitCore, node: Hold, turn: Promise<unknown> | undefined): void {
  const report = lock.rt.validator.probe(node, probe);
  if (report === undefined || !lock.rt.enforce) return;
  const error = new LockdepError(report.message, errorCode(report.kind), report);
  // Nobody else awaits the turn that is given up here.
  turn?.catch(() => undefined);
  if (node.state === WAITING) lock.giveUp(node.waiter as PermitWaiter<unknown>, error);
  else if (node.state === HELD) abandon(lock, node);
  throw error;
}

function abandon(lock: PermitCore, node: Hold): void {
  lock.rt.validator.tracker.ended(node);
  lock.give(node.permits);
}

/** Takes the lock if that needs no wait. Nothing is learned about getting here, only about what is wanted from here on. */
export function tryTake<T>(lock: PermitCore, wanted: PermitRequest, grant: Grant<T>, below: Below): T | undefined {
  if (!lock.isFree(wanted.weight, wanted.priority)) return undefined;
  if (!isTracked(lock)) return lock.take(wanted.weight, undefined, grant);
  const node = attempt(lock, wanted, 'try', below);
  const taken = lock.take(wanted.weight, node, grant);
  lock.rt.validator.tracker.enterNow(node, below);
  return taken;
}

type Callback<T> = (value: number) => T | Promise<T>;

/** Runs `callback` with the lock held. */
export function runHolding<T>(
  lock: PermitCore,
  wanted: PermitRequest,
  callback: Callback<T>,
  passValue: boolean,
  below: Below,
): Promise<T> {
  if (!isTracked(lock)) return runPlain(lock, wanted, callback, passValue);
  const node = attempt(lock, wanted, wanted.isTry ? 'try-scope' : 'scope', below);
  const granted = lock.takeNow(wanted, node);
  const turn = granted === undefined ? trackedRequest(lock, wanted, node, grantValue, below) : undefined;
  const probed = lock.rt.validator.wantsProbe(node) ? ready : undefined;
  return scopeFrames.run(node, turn, granted ?? 0, scopeKeeper, callback, passValue, probed);
}

async function runPlain<T>(
  lock: PermitCore,
  wanted: PermitRequest,
  callback: Callback<T>,
  passValue: boolean,
): Promise<T> {
  let value = lock.takeNow(wanted, undefined);
  if (value === undefined) value = await lock.request(wanted, undefined, grantValue);
  else await ready;
  try {
    return await (passValue ? callback(value) : (callback as () => T | Promise<T>)());
  } finally {
    lock.give(wanted.weight);
  }
}

const scopeKeeper: ScopeKeeper<Hold> = {
  probe(node, turn) {
    probe(node.lock as PermitCore, node, turn);
  },
  enterScope(node) {
    (node.lock as PermitCore).rt.validator.enterScope(node);
  },
  leaveScope(node) {
    releaseHold(node.lock as PermitCore, node.permits, node, scopeKeeper.leaveScope);
  },
};
