/**
 * Sections: stretches of a flow that hold a class though nobody waits at their door. A pseudo-lock's, those on the way to a
 * completion. Without an observer there is nothing to them.
 */
import type { WaitKind } from '../model/hold.js';
import { LockCore, type LockConstructor } from './lock-core.js';
import type { LockOptions } from './options/constructor-options.js';
import type { Below, ObservedSection } from './observed.js';

export abstract class SectionCore extends LockCore implements ObservedSection {
  /** How a section is wanted: 'recursive-read' where sections may overlap and nest. */
  abstract readonly entry: WaitKind;

  /** `options` are checked by now. */
  constructor(owner: object, options: LockOptions, kind: string, constructor: LockConstructor) {
    super(owner, 1, options, kind, constructor);
  }

  /** Nobody waits at its door, so any number of flows may be inside. */
  override get excludes(): boolean {
    return false;
  }

  override get isIdle(): boolean {
    return this.firstHold === undefined;
  }
}

/** Runs `fn` as a section, which lasts until its result has settled. */
export function runSection<T>(core: SectionCore, fn: () => T, below: Below): T {
  const { observer } = core.world;
  return observer === undefined ? fn() : observer.section(core, fn, below);
}

/** Begins a section in the running function; disposing of the result ends it. */
export function enterSection(core: SectionCore, below: Below): Disposable {
  return core.world.observer?.sectionBegins(core, below) ?? { [Symbol.dispose]() {} };
}
