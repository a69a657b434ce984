/**
 * Sections: stretches of a flow that hold a class though nobody waits at their door. A pseudo-lock's, those on the way to a
 * completion.
 *
 * Invariant: what is held when a section begins to run is given back exactly once, however the section ends.
 */
import { isThenable } from '../platform/thenable.js';
import { RELEASED, type Hold, type WaitKind } from '../model/hold.js';
import { scopeFrames } from '../platform/scope-frame.js';
import { LockCore, type LockConstructor } from './lock-core.js';
import { lockOptions, type LockOptions } from './lock-options.js';

type Below = (...args: never[]) => unknown;

export abstract class SectionCore extends LockCore {
  /** How a section is wanted: 'recursive-read' where sections may overlap and nest. */
  protected abstract readonly entry: WaitKind;

  constructor(owner: object, options: LockOptions | undefined, kind: string, constructor: LockConstructor) {
    super(owner, 1, lockOptions(options, kind), kind, constructor);
  }

  /** Nobody waits at its door, so any number of flows may be inside. */
  override get excludes(): boolean {
    return false;
  }

  override get isIdle(): boolean {
    return this.firstHold === undefined;
  }

  get isFollowed(): boolean {
    return !this.rt.off && this.lockClass.options.track !== false;
  }

  /** The hold of a section that begins here. */
  open(kind: 'imperative' | 'scope', below: Below): Hold {
    const { validator } = this.rt;
    const node = validator.attempt(this, this.lockClass, kind, this.entry, 1, below);
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

  close(node: Hold, below: Below): void {
    if (node.state === RELEASED) return;
    const { validator } = this.rt;
    try {
      validator.close(node, below);
    } finally {
      validator.tracker.ended(node);
    }
  }
}

/** Runs `fn` as a section, which lasts until its result has settled. */
export function runSection<T>(core: SectionCore, fn: () => T, below: Below): T {
  if (!core.isFollowed) return fn();
  const node = core.open('scope', below);
  let result: T;
  try {
    result = core.rt.validator.tracker.runHolding(node, () => scopeFrames.runNow(node, fn));
  } catch (error) {
    core.close(node, below);
    throw error;
  }
  if (!isThenable(result)) {
    core.close(node, below);
    return result;
  }
  return scopeFrames.run(node, undefined, 0, sectionKeeper, () => result, false, undefined) as T;
}

/** Begins a section in the running function; disposing of the result ends it. */
export function enterSection(core: SectionCore, below: Below): Disposable {
  const node = core.isFollowed ? core.open('imperative', below) : undefined;
  if (node !== undefined) core.rt.validator.tracker.enterNow(node, below);
  const section = {
    [Symbol.dispose](): void {
      if (node !== undefined) core.close(node, section[Symbol.dispose]);
    },
  };
  return section;
}

const sectionKeeper = {
  probe(): void {},
  enterScope(node: object): void {
    coreOf(node).rt.validator.tracker.enterScope(node as Hold);
  },
  leaveScope(node: object): void {
    coreOf(node).close(node as Hold, sectionKeeper.leaveScope);
  },
};

function coreOf(node: object): SectionCore {
  return (node as Hold).lock as SectionCore;
}
