/** Holds as objects, for `using`. Releasing one twice by hand is an error in every mode; leaving a block is not. */
import type { Hold } from '../model/hold.js';
import { NotHeldError } from '../errors.js';
import { badUnlockBalance } from '../validator/rules/bad-unlock-balance.js';
import type { PermitCore } from './permit-core.js';
import type { Grant } from './permit-waiter.js';
import { HOLD, releaseHold } from './releasing.js';
import type { RwCore } from './rw-core.js';

type Below = (...args: never[]) => unknown;

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

/** A lock held for writing. */
export interface WriteGuard extends LockGuard {
  /**
   * Turns the write hold into a read hold without a gap: no writer gets in between, readers at the head of the queue are
   * let in. This guard is released by it, and the returned one takes its place.
   */
  downgrade(): LockGuard;
}

class PermitGuard implements LockGuard {
  readonly #lock: PermitCore;
  readonly #weight: number;
  readonly #node: Hold | undefined;
  #released = false;

  constructor(lock: PermitCore, weight: number, node: Hold | undefined) {
    this.#lock = lock;
    this.#weight = weight;
    this.#node = node;
  }

  /** @internal */
  get [HOLD](): Hold | undefined {
    return this.#node;
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) {
      const { rt: runtime } = this.#lock;
      const mode = this.#lock.waitOf(this.#weight) === 'exclusive' ? 'exclusive' : 'shared';
      if (!runtime.off) runtime.report(badUnlockBalance(this.#lock, 'released-guard', this.release, mode));
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

  /** The hold and its lock, for a guard that takes them over: this one is then as if released. */
  static takeOver(guard: PermitGuard): { readonly lock: PermitCore; readonly node: Hold | undefined } {
    if (guard.#released) throw new NotHeldError();
    guard.#released = true;
    return { lock: guard.#lock, node: guard.#node };
  }

  #end(below: Below): void {
    this.#released = true;
    if (this.#node === undefined) this.#lock.give(this.#weight);
    else releaseHold(this.#lock, this.#weight, this.#node, below);
  }
}

class DowngradableGuard extends PermitGuard implements WriteGuard {
  downgrade(): LockGuard {
    const { lock, node } = PermitGuard.takeOver(this);
    return new PermitGuard(lock, (lock as RwCore).downgrade(node), node);
  }
}

export const grantGuard: Grant<LockGuard> = (lock, weight, _previous, node) => new PermitGuard(lock, weight, node);

export const grantWriteGuard: Grant<WriteGuard> = (lock, weight, _previous, node) =>
  new DowngradableGuard(lock, weight, node);
