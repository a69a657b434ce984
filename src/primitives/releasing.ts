/**
 * How holds end: releasers, guards, `release()` on the lock itself.
 *
 * Invariant: permits go back exactly as in async-mutex, whatever the validator thinks of it; it only looks on.
 */
import { HELD, RELEASED, TRANSFERRED, type HeldNode } from '../tracker/held-node.js';
import { NotHeldError } from '../validator/errors.js';
import { badUnlockBalance } from '../validator/rules/bad-unlock-balance.js';
import { failedAssertion } from '../validator/rules/assertion.js';
import type { PermitCore, Releaser } from './permit-core.js';
import type { Grant } from './permit-waiter.js';

type Below = (...args: never[]) => unknown;

/** Property of what a tracked acquisition gave its caller: the hold. */
const HOLD: unique symbol = Symbol('lockdep.hold');

interface TrackedReleaser extends Releaser {
  [HOLD]?: HeldNode;
}

/** The hold behind a guard or a releaser of ours; undefined when it is not followed, or not ours. */
export function holdOf(handle: LockGuard | Releaser): HeldNode | undefined {
  return (handle as TrackedReleaser)[HOLD];
}

/** A releaser: idempotent. */
export const grantReleaser: Grant<Releaser> = (lock, weight, _previous, node) => {
  let called = false;
  if (node === undefined) {
    return () => {
      if (called) return;
      called = true;
      lock.give(weight);
    };
  }
  const release: TrackedReleaser = () => {
    if (called) return;
    called = true;
    releaseHold(lock, weight, node, release);
  };
  release[HOLD] = node;
  return release;
};

/** What Semaphore.acquire resolves with. */
export const grantPair: Grant<[number, Releaser]> = (lock, weight, previous, node) => [
  previous,
  grantReleaser(lock, weight, previous, node),
];

export const grantValue: Grant<number> = (_lock, _weight, previous) => previous;

/** Ends a tracked hold and returns its permits. */
export function releaseHold(lock: PermitCore, weight: number, node: HeldNode, below: Below): void {
  const { validator } = lock.rt;
  if (node.state === RELEASED) {
    staleRelease(lock, weight, node, below);
    return;
  }
  try {
    if (node.asked.pins > 0)
      lock.rt.report(failedAssertion('the lock is released while it is pinned', lock, [], below));
    validator.close(node, below);
  } finally {
    // Whatever became of the judgement, the lock goes on.
    validator.tracker.ended(node);
    lock.give(weight);
  }
}

/**
 * A foreign `release()` or a reset has ended this hold already. As in async-mutex the permits are returned again, which
 * may free the next owner's lock: so it is reported, and the next owner's hold ends with it.
 */
function staleRelease(lock: PermitCore, weight: number, node: HeldNode, below: Below): void {
  const { foreignRelease } = node.asked;
  if (foreignRelease && !lock.rt.off) lock.rt.report(badUnlockBalance(lock, 'stale-releaser', below));
  if (foreignRelease) endOldest(lock, weight, below);
  lock.give(weight);
}

/** `release()` on the lock: ends a hold of this flow if it has one, else the oldest. False when nobody holds it. */
export function releaseForeign(lock: PermitCore, weight: number, below: Below): boolean {
  const own = lock.rt.validator.tracker.held().find((node) => node.lock === lock);
  if (own === undefined) return endOldest(lock, weight, below);
  endWith(lock, own, weight, below);
  return true;
}

function endOldest(lock: PermitCore, weight: number, below: Below): boolean {
  for (let node = lock.firstHold; node !== undefined; node = node.next) {
    if (node.state !== HELD && node.state !== TRANSFERRED) continue;
    endWith(lock, node, weight, below);
    return true;
  }
  return false;
}

function endWith(lock: PermitCore, node: HeldNode, weight: number, below: Below): void {
  const asked = node.ask();
  asked.returned += weight;
  if (asked.returned < node.permits) return;
  asked.foreignRelease = true;
  lock.rt.validator.close(node, below);
  lock.rt.validator.tracker.ended(node);
}

/** A held lock, for `using guard = await lock.lock()`. */
export interface LockGuard extends Disposable, AsyncDisposable {
  /** Gives the lock back. A second time throws NotHeldError, in every mode. */
  release(): void;
  readonly released: boolean;
  /** Hands the hold off: it is no longer this flow's; whoever releases the guard later is right. */
  transfer(): void;
  /** While the returned object is not disposed of, releasing is reported (and releases). */
  pin(): Disposable;
}

class PermitGuard implements LockGuard {
  readonly #lock: PermitCore;
  readonly #weight: number;
  readonly #node: HeldNode | undefined;
  #released = false;

  get [HOLD](): HeldNode | undefined {
    return this.#node;
  }

  constructor(lock: PermitCore, weight: number, node: HeldNode | undefined) {
    this.#lock = lock;
    this.#weight = weight;
    this.#node = node;
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) {
      const { rt: runtime } = this.#lock;
      if (!runtime.off) runtime.report(badUnlockBalance(this.#lock, 'released-guard', this.release));
      throw new NotHeldError();
    }
    this.#end(this.release);
  }

  transfer(): void {
    if (this.#released) throw new NotHeldError();
    if (this.#node !== undefined) this.#lock.rt.validator.tracker.transferred(this.#node);
  }

  pin(): Disposable {
    if (this.#released) throw new NotHeldError();
    const node = this.#node;
    let pinned = node !== undefined;
    if (node !== undefined) node.ask().pins += 1;
    return {
      [Symbol.dispose](): void {
        if (pinned && node !== undefined) node.ask().pins -= 1;
        pinned = false;
      },
    };
  }

  /** Leaving a `using` block: releases what is still held, quietly does nothing for what is not. */
  [Symbol.dispose](): void {
    if (!this.#released) this.#end(this[Symbol.dispose]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#released) this.#end(this[Symbol.asyncDispose]);
  }

  #end(below: Below): void {
    this.#released = true;
    if (this.#node === undefined) this.#lock.give(this.#weight);
    else releaseHold(this.#lock, this.#weight, this.#node, below);
  }
}

export const grantGuard: Grant<LockGuard> = (lock, weight, _previous, node) => new PermitGuard(lock, weight, node);
