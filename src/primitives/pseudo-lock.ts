/**
 * A section that takes part in the order of the locks though nobody waits at its door: reclaim, shutdown, a slot of an
 * executor, a remote call. Whoever is in the section holds the class; whoever depends on it being left says so with
 * `touch` or `sync`. A section counts as exclusive, so entering is checked like taking a mutex; with `shared: true` sections
 * may overlap and nest, and only `touch` and `sync` wait for them.
 *
 * Never waits and never refuses, except for a LockdepError in enforce. O(1) per call; nothing but a branch while the
 * validator is off.
 */
import { describe } from '../classes/lock-class.js';
import { RELEASED, type HeldNode, type WaitKind } from '../tracker/held-node.js';
import { scopeFrames } from '../tracker/scope-frame.js';
import { LockCore, type LockConstructor } from './lock-core.js';
import { LockFace } from './lock-face.js';
import { checkedCallback, lockOptions, type LockOptions } from './lock-options.js';
import { CORE } from './symbols.js';

type Below = (...args: never[]) => unknown;

export interface PseudoLockOptions extends LockOptions {
  /** Default false. true: sections may overlap and nest, as those of readers who never wait. */
  shared?: boolean;
}

class PseudoCore extends LockCore {
  readonly #wait: WaitKind;

  constructor(owner: object, options: PseudoLockOptions, shared: boolean, constructor: LockConstructor) {
    super(owner, 1, lockOptions(options), 'PseudoLock', constructor);
    this.#wait = shared ? 'recursive-read' : 'exclusive';
  }

  get isFollowed(): boolean {
    return !this.rt.off && this.lockClass.options.track !== false;
  }

  /** Nobody waits at its door, so any number of flows may be inside. */
  override get excludes(): boolean {
    return false;
  }

  override isLocked(): boolean {
    return this.firstHold !== undefined;
  }

  override get isIdle(): boolean {
    return !this.isLocked();
  }

  /** The hold of a section that begins here. */
  open(kind: 'imperative' | 'scope', below: Below): HeldNode {
    const { validator } = this.rt;
    const node = validator.attempt(this, this.lockClass, kind, this.#wait, 1, below);
    validator.tracker.granted(node);
    const offence = validator.judgeHere(node, below);
    if (offence === undefined) return node;
    try {
      this.rt.refuse(offence);
      return node;
    } catch (error) {
      validator.tracker.ended(node);
      throw error;
    }
  }

  close(node: HeldNode, below: Below): void {
    if (node.state === RELEASED) return;
    const { validator } = this.rt;
    try {
      validator.close(node, below);
    } finally {
      validator.tracker.ended(node);
    }
  }

  touch(below: Below): void {
    if (!this.isFollowed) return;
    const offence = this.rt.validator.touch(this, this.lockClass, 'exclusive', 1, below);
    if (offence !== undefined) this.rt.refuse(offence);
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

  /** Runs `fn` in the section, which lasts until its result has settled. */
  run<T>(fn: () => T): T {
    checkedCallback(fn);
    const core = this[CORE];
    if (!core.isFollowed) return fn();
    const node = core.open('scope', this.run);
    let result: T;
    try {
      result = core.rt.validator.tracker.runHolding(node, () => scopeFrames.runNow(node, fn));
    } catch (error) {
      core.close(node, this.run);
      throw error;
    }
    if (!isThenable(result)) {
      core.close(node, this.run);
      return result;
    }
    return scopeFrames.run(node, undefined, 0, sectionKeeper, () => result, false, undefined) as T;
  }

  /** Enters the section, for `using section = lock.enter()`; disposing of the result leaves it. */
  enter(): Disposable {
    const core = this[CORE];
    const node = core.isFollowed ? core.open('imperative', this.enter) : undefined;
    if (node !== undefined) core.rt.validator.tracker.enterNow(node, this.enter);
    const section = {
      [Symbol.dispose](): void {
        if (node !== undefined) core.close(node, section[Symbol.dispose]);
      },
    };
    return section;
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

const sectionKeeper = {
  probe(): void {},
  enterScope(node: object): void {
    coreOf(node).rt.validator.tracker.enterScope(node as HeldNode);
  },
  leaveScope(node: object): void {
    coreOf(node).close(node as HeldNode, sectionKeeper.leaveScope);
  },
};

function coreOf(node: object): PseudoCore {
  return (node as HeldNode).lock as PseudoCore;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
