/**
 * Sections, as the validator sees them: stretches of a flow that hold a class though nobody waits at their door.
 *
 * Invariant: what is held when a section begins to run is given back exactly once, however the section ends. Cost: that of an
 * attempt; a stack for a nesting that is not known.
 */
import type { Below, ObservedSection } from '../../locks/observed.js';
import { RELEASED, type Hold } from '../../model/hold.js';
import { scopeFrames, type ScopeKeeper } from '../../platform/scope-frame.js';
import { isThenable } from '../../platform/thenable.js';
import type { ObserverHost } from './host.js';

export class Sections {
  readonly #rt: ObserverHost;
  readonly #keeper: ScopeKeeper<Hold>;

  constructor(runtime: ObserverHost) {
    this.#rt = runtime;
    const keeper: ScopeKeeper<Hold> = {
      probe: () => undefined,
      enterScope: (hold) => runtime.validator.tracker.enterScope(hold),
      leaveScope: (hold) => this.#close(hold, keeper.leaveScope),
    };
    this.#keeper = keeper;
  }

  /** Runs `fn` as a section, which lasts until its result has settled. */
  run<T>(lock: ObservedSection, fn: () => T, below: Below): T {
    if (!isFollowed(lock)) return fn();
    const hold = this.#open(lock, 'scope', below);
    let result: T;
    try {
      result = this.#rt.validator.tracker.runHolding(hold, () => scopeFrames.runNow(hold, fn));
    } catch (error) {
      this.#close(hold, below);
      throw error;
    }
    if (!isThenable(result)) {
      this.#close(hold, below);
      return result;
    }
    const keeper = this.#keeper as ScopeKeeper<object>;
    return scopeFrames.run(hold, undefined, 0, keeper, () => result, false, undefined) as T;
  }

  /** Begins a section in the running function; disposing of the result ends it. */
  begin(lock: ObservedSection, below: Below): Disposable {
    const hold = isFollowed(lock) ? this.#open(lock, 'imperative', below) : undefined;
    if (hold !== undefined) this.#rt.validator.tracker.enterNow(hold, below);
    const close = (by: Below): void => {
      if (hold !== undefined) this.#close(hold, by);
    };
    const section = {
      [Symbol.dispose](): void {
        close(section[Symbol.dispose]);
      },
    };
    return section;
  }

  /** The flow depends on sections being left: validated, and nothing else. */
  touch(lock: ObservedSection, below: Below): void {
    if (!isFollowed(lock)) return;
    const offence = this.#rt.validator.touch(lock, lock.lockClass, 'exclusive', 1, below);
    if (offence !== undefined) this.#rt.refuse(offence);
  }

  /** The running flow is about to let an event come. */
  signalled(lock: ObservedSection, since: number, below: Below): void {
    if (isFollowed(lock)) this.#rt.validator.completed(lock, since, below);
  }

  /** The hold of a section that begins here. */
  #open(lock: ObservedSection, kind: 'imperative' | 'scope', below: Below): Hold {
    const { validator } = this.#rt;
    const hold = validator.attempt(lock, lock.lockClass, kind, lock.entry, 1, below);
    validator.tracker.granted(hold);
    const offence = validator.judgeHere(hold, below);
    if (offence === undefined) return hold;
    try {
      this.#rt.refuse(offence);
      return hold;
    } catch (error) {
      validator.tracker.ended(hold);
      throw error;
    }
  }

  #close(hold: Hold, below: Below): void {
    if (hold.state === RELEASED) return;
    const { validator } = this.#rt;
    try {
      validator.close(hold, below);
    } finally {
      validator.tracker.ended(hold);
    }
  }
}

function isFollowed(lock: ObservedSection): boolean {
  return lock.lockClass.options.track !== false;
}
