/**
 * A section that takes part in the order of the locks though nobody waits at its door: reclaim, shutdown, a slot of an
 * executor, a remote call. Whoever is in the section holds the class; whoever depends on it being left says so with
 * `touch` or `sync`. A section counts as exclusive, so entering is checked like taking a mutex; with `shared: true` sections
 * may overlap and nest, and only `touch` and `sync` wait for them.
 *
 * Never waits and never refuses, except for a LockdepError in enforce. O(1) per call; nothing but a branch while the
 * validator is off.
 */
import { describe } from '../platform/describe.js';
import type { WaitKind } from '../model/hold.js';
import type { LockConstructor } from './lock-core.js';
import { LockFace } from './lock-face.js';
import { checkedCallback } from './options/checks.js';
import type { LockOptions } from './options/constructor-options.js';
import type { Below } from './observed.js';
import { enterSection, runSection, SectionCore } from './section.js';
import { CORE } from './symbols.js';

export interface PseudoLockOptions extends LockOptions {
  /** Default false. true: sections may overlap and nest, as those of readers who never wait. */
  shared?: boolean;
}

class PseudoCore extends SectionCore {
  readonly entry: WaitKind;

  constructor(owner: object, options: PseudoLockOptions, shared: boolean, constructor: LockConstructor) {
    super(owner, options, 'PseudoLock', constructor);
    this.entry = shared ? 'recursive-read' : 'exclusive';
  }

  override isLocked(): boolean {
    return this.firstHold !== undefined;
  }

  touch(below: Below): void {
    this.world.observer?.touched(this, below);
  }
}

export class PseudoLock extends LockFace {
  /** @internal */
  declare readonly [CORE]: PseudoCore;

  constructor(options: PseudoLockOptions = {}) {
    super();
    const shared: unknown = (options as PseudoLockOptions | null)?.shared ?? false;
    if (typeof shared !== 'boolean') throw new TypeError(`option shared must be a boolean, got ${describe(shared)}`);
    this[CORE] = new PseudoCore(this, options, shared, new.target);
  }

  /**
   * Runs `fn` in the section, which lasts until its result has settled. Returns what `fn` returns; for a promise or another
   * thenable that is, while the section is followed, a promise of our own that settles as it does, one turn later or
   * more: what `fn` waits for is only seen to be waited for through a function of ours that awaits it.
   */
  run<T>(fn: () => T): T {
    checkedCallback(fn);
    return runSection(this[CORE], fn, this.run);
  }

  /** Enters the section, for `using section = lock.enter()`; disposing of the result leaves it. */
  enter(): Disposable {
    return enterSection(this[CORE], this.enter);
  }

  /** The section may be entered here: validated, not held. In enforce throws what is certain at the call. */
  touch(): void {
    this[CORE].touch(this.touch);
  }

  /** Here this flow waits until others have left the section: validated as that wait. */
  sync(): void {
    this[CORE].touch(this.sync);
  }
}
