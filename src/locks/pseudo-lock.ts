/**
 * A section that takes part in the order of the locks though nobody waits at its door: reclaim, shutdown, a slot of an
 * executor, a remote call. Whoever is in the section holds the class; whoever depends on it being left says so with
 * `touch` or `sync`. A section counts as exclusive, so entering is checked like taking a mutex; with `shared: true` sections
 * may overlap and nest, and only `touch` and `sync` wait for them.
 *
 * Never waits and never refuses, except for a LockdepError in enforce. O(1) per call; nothing but a branch while the
 * validator is off.
 */
import { mistyped } from '../platform/describe.js';
import type { WaitKind } from '../model/hold.js';
import type { LockConstructor } from './lock-core.js';
import { LockFace } from './lock-face.js';
import { checkedCallback } from './options/checks.js';
import { lockOptions, type LockOptions } from './options/constructor-options.js';
import type { Below } from './observed.js';
import { enterSection, runSection, SectionCore } from './section.js';
import { CORE } from './symbols.js';

/**
 * Options of a PseudoLock.
 *
 * @example
 * ```ts
 * const options: PseudoLockOptions = { class: 'request', shared: true };
 * const request = new PseudoLock(options);
 * ```
 */
export interface PseudoLockOptions extends LockOptions {
  /**
   * true: sections may overlap and nest, as those of readers who never wait. false: entering one is checked like taking a mutex.
   *
   * @default false
   */
  shared?: boolean | undefined;
}

class PseudoCore extends SectionCore {
  readonly entry: WaitKind;

  constructor(owner: object, options: PseudoLockOptions, shared: boolean, constructor: LockConstructor) {
    super(owner, lockOptions(options, 'PseudoLock'), 'PseudoLock', constructor);
    this.entry = shared ? 'recursive-read' : 'exclusive';
  }

  override isLocked(): boolean {
    return this.firstHold !== undefined;
  }

  touch(below: Below): void {
    this.world.observer?.touched(this, below);
  }
}

/**
 * A section that takes part in the order of the locks though nobody waits at its door: shutdown, a slot of an executor, a remote
 * call. Whoever is in the section holds its class; whoever waits for it to be left says so with `touch` or `sync`.
 *
 * Never waits and never refuses, except for a LockdepError in enforce.
 *
 * @example
 * ```ts
 * const shutdown = new PseudoLock({ class: 'shutdown' });
 * const database = new Mutex({ class: 'database' });
 * await shutdown.run(() => database.runExclusive(async () => 'flushed'));
 * // From here on `shutdown.sync()` with the database held is reported.
 * ```
 */
export class PseudoLock extends LockFace {
  /** @internal */
  declare readonly [CORE]: PseudoCore;

  /**
   * Makes a section that nobody is in. Without a class, all that are constructed at one place are of one class.
   *
   * @throws {TypeError} when an option is not of its type
   */
  constructor(options: PseudoLockOptions = {}) {
    super();
    const shared: unknown = (options as PseudoLockOptions | null)?.shared ?? false;
    if (typeof shared !== 'boolean') throw mistyped('option shared', 'a boolean', shared);
    this[CORE] = new PseudoCore(this, options, shared, new.target);
  }

  /**
   * Runs `fn` in the section, which lasts until its result has settled. Returns what `fn` returns; for a promise or another
   * thenable that is, while the section is followed, a promise of our own that settles as it does, one turn later or
   * more: what `fn` waits for is only seen to be waited for through a function of ours that awaits it.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call; `fn` has not run then
   * @throws {TypeError} when `fn` is no function
   */
  run<T>(fn: () => T): T {
    checkedCallback(fn);
    return runSection(this[CORE], fn, this.run);
  }

  /**
   * Enters the section; disposing of the result leaves it.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call; the section is not entered then
   *
   * @example
   * ```ts
   * const shutdown = new PseudoLock({ class: 'shutdown' });
   * {
   *   using section = shutdown.enter();
   *   console.log('going down');
   * }
   * ```
   */
  enter(): Disposable {
    return enterSection(this[CORE], this.enter);
  }

  /**
   * Says that the section may be entered here: validated, and not held.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   *
   * @example
   * ```ts
   * const reclaim = new PseudoLock({ class: 'reclaim' });
   * const allocate = (bytes: number): Uint8Array => {
   *   reclaim.touch(); // memory may have to be reclaimed here, though it seldom is
   *   return new Uint8Array(bytes);
   * };
   * allocate(16);
   * ```
   */
  touch(): void {
    this[CORE].touch(this.touch);
  }

  /**
   * Says that this flow waits here until others have left the section: validated as that wait. The waiting itself is the caller's.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and that is
   * certain at the call
   *
   * @example
   * ```ts
   * const requests = new PseudoLock({ class: 'requests', shared: true });
   * const open = new Set([requests.run(async () => 'answered')]);
   * requests.sync();
   * await Promise.all(open);
   * ```
   */
  sync(): void {
    this[CORE].touch(this.sync);
  }
}
