/**
 * Circles that are certain as soon as they are there: of scopes, each of whose callbacks awaits what the scope of the next one
 * keeps.
 *
 * A scope ends when its callback has settled. So it lasts as long as a wait does that the callback awaits and nothing beside it.
 * That is looked for when a wait begins in a scope, and known at the first moment at which it can be: three turns later,
 * in the same run of the event loop, when whoever called for the lock has come to its `await`. Evidence, all of it needed:
 * - the async stack of the wait: V8 lists there who awaits it. Its next function must be the scope's callback itself, or the scope,
 *   whose callback has then returned the wait's promise. What the callback awaits through another function of the program is left
 *   to the suspicion after a second: between the two, a race may let it go on, and the stack shows none;
 * - the calls of `then` on that promise: a race, and whatever else resolves a promise with this one, makes one, and `await` makes
 *   none. So an async callback that returns the promise, and does not await it, is in doubt as well;
 * - the text of the callback, which stands where that function begins: so it is no other one that a race has called.
 *
 * Never certain: a hold that was taken by a call, since a timer may have its releaser; a wait with a timeout or signal, or a parked
 * one; an event, which anybody may bring; a lock with an error of its own for `cancel()`. Nor is a circle with a class of
 * which a wait was cancelled once, or a scope released from outside: who does that once may do it again, and before that
 * nothing tells that somebody will. Such a circle that is told goes on later, and then that is said.
 *
 * While nothing was reported, a wait that is known to keep to the order of classes is not looked at: the layer would cost half a
 * wait. A circle with it needs a wait against that order, which is told, and in enforce refused, when it is wanted; the circle
 * itself is left to the suspicion after a second and to the end.
 *
 * States of a wait: begun -> looked at, when it may close a circle -> told, or none. Cost of a wait in a scope, unless it is known to
 * keep to the order: the layer on its promise and a step for each lock on the way of a circle; a stack for each wait of one, for at
 * most LOOKS in a second.
 */
import { wasThenCalled, watchThen } from '../flow/then-calls.js';
import { outerHeld } from '../flow/hold-list.js';
import { E_CANCELED } from '../locks/async-mutex-errors.js';
import { SectionCore } from '../locks/section.js';
import { HELD, Hold, isScope, WAITING, type TrackedLock } from '../model/hold.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { isFunctionOf } from '../platform/function-text.js';
import { inMicrotask } from '../platform/clock.js';
import { holdsOf, scopeFrames } from '../platform/scope-frame.js';
import { isOwnFrame } from '../report/stack-text.js';
import type { LockClass } from '../model/lock-class.js';
import { keepsToOrder } from '../validator/lock-use.js';
import { mayEnd, WaitGraph } from './wait-graph.js';
import { stackOf } from './wait-stack.js';

/** Waits whose stack is looked at in one second, at most. */
const LOOKS = 200;
const SECOND = 1000;
/** Holds and waits that are looked at for one wait that begins. */
const MAX_STEPS = 64;
/** Scopes of one flow that a wait is noted at: those of one piece of work are two. */
const MAX_SCOPES = 2;

const NONE: readonly Hold[] = [];

/** What a circle may consist of. */
interface Suspects {
  readonly locks: ReadonlySet<TrackedLock>;
  /** The waits whose holders have to be proven to await them. */
  readonly awaited: ReadonlySet<Hold>;
}

export interface ScopeCirclesHost {
  /** Has anything been reported so far? */
  readonly hasReports: boolean;
  readonly now: () => number;
  /** Has a lock of the class been given back, or a wait for it ended, by somebody from outside? */
  isFreedFromOutside(lockClass: LockClass): boolean;
  onCircle(found: FoundCircle): void;
}

/** A circle that is certain. */
export interface FoundCircle {
  readonly graph: WaitGraph;
  readonly circle: readonly Hold[];
  /** The wait that has closed it, the last one that began. */
  readonly closing: Hold;
  /** Who awaits each of its waits. */
  stackOf(wait: Hold): readonly CapturedFrame[];
}

export class ScopeCircles {
  readonly #host: ScopeCirclesHost;
  /** Places in a queue whose circle is told: one place may be that of several waits. */
  readonly #told = new WeakSet<object>();
  #second = 0;
  #looks = 0;

  constructor(host: ScopeCirclesHost) {
    this.#host = host;
  }

  /** The wait of a flow that may hold something begins; `promise` is what its caller gets. */
  begins(wait: Hold, promise: Promise<unknown>): void {
    if (keepsToOrder(wait) && !this.#host.hasReports) return;
    if (!noteInScopes(wait) || !watchThen(promise)) return;
    wait.awaits = promise;
    if (!isBehindWait(wait)) return;
    const suspects = this.#closedBy(wait, scopesOf(wait));
    // Not now: what runs here is a turn of the program's.
    if (suspects !== undefined && this.#mayLook(suspects.awaited.size))
      inMicrotask(() => void this.#prove(wait, suspects));
  }

  /** What the wait may close a circle with, as it seems. */
  #closedBy(wait: Hold, scopes: readonly Hold[]): Suspects | undefined {
    const locks = new Set<TrackedLock>();
    const waits = new Set([wait]);
    const awaited = new Set([wait]);
    let steps = MAX_STEPS;
    let isClosed = false;
    for (const each of waits) {
      if (!this.#mayStick(each)) return undefined;
      locks.add(each.lock);
      let isBlocked = false;
      for (let node = each.lock.firstHold; node !== undefined; node = node.next) {
        if (steps-- === 0) return undefined;
        if (isPast(each, node)) continue;
        if (scopes.includes(node)) isClosed = true;
        else if (node.state === WAITING) {
          // A fair reader waits for the writers before it.
          if (isBlocked || !each.shared || node.shared) continue;
          waits.add(node);
        } else {
          const next = waitIn(node);
          if (next !== undefined) awaited.add(next);
          if (next !== undefined) waits.add(next);
        }
        isBlocked = true;
        if (each.lock.capacity <= 1 && !node.shared) break;
      }
    }
    return isClosed ? { locks, awaited } : undefined;
  }

  async #prove(wait: Hold, { locks, awaited }: Suspects): Promise<void> {
    const stacks = new Map<Hold, readonly CapturedFrame[]>();
    const under = new Map<Hold, readonly Hold[]>();
    // The one that begins first: most that look like a circle are awaited by nobody.
    for (const each of awaited) {
      const stack = await stackOf(each);
      stacks.set(each, stack);
      under.set(each, this.#awaitingScopes(each, stack));
      if (under.get(wait)?.length === 0) return;
    }
    if (wait.state !== WAITING) return;
    const proven = { under, mayStick: (each: Hold) => this.#mayStick(each) };
    const graph = new WaitGraph(allOf(locks), { proven });
    const circle = graph.stuck.has(wait) ? circleWith(graph, wait) : undefined;
    const stackOfWait = (each: Hold): readonly CapturedFrame[] => stacks.get(each) ?? [];
    if (circle === undefined || this.#told.has(wait.waiter as object)) return;
    this.#told.add(wait.waiter as object);
    this.#host.onCircle({ graph, circle, closing: wait, stackOf: stackOfWait });
  }

  /** The scopes whose callback awaits the wait and nothing else, by who is seen to await it. */
  #awaitingScopes(wait: Hold, stack: readonly CapturedFrame[]): readonly Hold[] {
    const { awaits: promise } = wait;
    if (promise === undefined || wasThenCalled(promise)) return NONE;
    const isScopeOf = ({ scope }: CapturedFrame): boolean =>
      scope !== undefined && scope !== wait && scope !== wait.waiter;
    const awaiting = stack.filter((frame) => isScopeOf(frame) || !isOwnFrame(frame.file));
    const [first, second] = awaiting;
    if (first === undefined) return NONE;
    if (isScopeOf(first)) return heldScopes(first);
    if (second === undefined || !isScopeOf(second) || first.promiseIndex !== -1) return NONE;
    const callback = (second.scope as { readonly fn?: unknown }).fn ?? scopeFrames.callbackOf(second.functionName);
    return isFunctionOf(first, callback) ? heldScopes(second) : NONE;
  }

  /** May nothing but the end of who has the lock end the wait? */
  #mayStick(wait: Hold): boolean {
    const { lock } = wait;
    if (wait.kind === 'use' || lock.foreign !== undefined || lock instanceof SectionCore || mayEnd(wait)) return false;
    const { cancelError = E_CANCELED } = lock as { readonly cancelError?: unknown };
    return cancelError === E_CANCELED && !this.#host.isFreedFromOutside(lock.lockClass);
  }

  #mayLook(count: number): boolean {
    const second = Math.floor(this.#host.now() / SECOND);
    if (second !== this.#second) this.#looks = 0;
    this.#second = second;
    this.#looks += count;
    return this.#looks <= LOOKS;
  }
}

/** The circle that the wait has closed, which ends with it. Of permits each wait is a circle of its own: one is as good as another. */
function circleWith(graph: WaitGraph, wait: Hold): readonly Hold[] | undefined {
  const circles = graph.circles();
  const circle = circles.find((found) => found.includes(wait));
  if (circle === undefined) return circles[0];
  const next = circle.indexOf(wait) + 1;
  return [...circle.slice(next), ...circle.slice(0, next)];
}

/** The wait begins in the innermost scopes of its flow. False where it has none. */
function noteInScopes(wait: Hold): boolean {
  let count = 0;
  for (let cell = wait.parent; cell !== undefined && count < MAX_SCOPES; cell = outerHeld(cell)) {
    const { target } = cell;
    if (target.state !== HELD || !isScope(target.kind)) continue;
    target.awaits = wait;
    count += 1;
  }
  return count > 0;
}

/** Where it was noted. */
function scopesOf(wait: Hold): readonly Hold[] {
  const scopes: Hold[] = [];
  for (let cell = wait.parent; cell !== undefined && scopes.length < MAX_SCOPES; cell = outerHeld(cell))
    if (cell.target.awaits === wait) scopes.push(cell.target);
  return scopes;
}

/** The wait in a scope that runs, if there is one. */
function waitIn({ state, awaits }: Hold): Hold | undefined {
  return state === HELD && awaits instanceof Hold && awaits.state === WAITING ? awaits : undefined;
}

/** Does somebody wait who has what is wanted, or stands before it in the queue? Most have the lock and do something. */
function isBehindWait(wait: Hold): boolean {
  const { firstHold } = wait.lock;
  if (wait.shared || wait.lock.capacity > 1) return true;
  for (let node = firstHold; node !== undefined && node !== wait; node = node.next) {
    if (node.state !== HELD) continue;
    if (waitIn(node) !== undefined) return true;
    // One that keeps all others out is the only one.
    if (!node.shared) return false;
  }
  return false;
}

/** Does `node`, of the same lock, keep nobody like `wait` from going on? */
function isPast(wait: Hold, node: Hold): boolean {
  if (node === wait || (node.state !== HELD && node.state !== WAITING)) return true;
  if (node.state === WAITING) return node.born > wait.born;
  return wait.shared && node.shared && wait.lock.capacity <= 1;
}

function heldScopes({ scope }: CapturedFrame): readonly Hold[] {
  return (holdsOf(scope) as readonly Hold[]).filter(({ state }) => state === HELD);
}

function* allOf(locks: ReadonlySet<TrackedLock>): Generator<Hold, void, undefined> {
  for (const lock of locks) for (let node = lock.firstHold; node !== undefined; node = node.next) yield node;
}
