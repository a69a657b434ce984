/**
 * The control object: modes, reports, and what the running flow holds. A thin face over a validator, which is loaded when it is
 * first needed: while the mode is off most calls need none.
 */
import { coreOf } from '../locks/core-of.js';
import type { Completion } from '../locks/completion.js';
import type { LockGuard } from '../locks/guards.js';
import type { Mutex } from '../locks/mutex.js';
import type { PseudoLock } from '../locks/pseudo-lock.js';
import { holdOf, type Releaser } from '../locks/releasing.js';
import type { RWSemaphore } from '../locks/rw-semaphore.js';
import type { Semaphore } from '../locks/semaphore.js';
import type { WorkItem } from '../locks/work/work-item.js';
import type { WorkQueue } from '../locks/work/work-queue.js';
import type { LockClass } from '../model/lock-class.js';
import type { Mode, TrackingLevel } from '../model/mode.js';
import type { LockGraph } from '../order/snapshot.js';
import { describe } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';
import type { LockdepEvent } from '../report/channels.js';
import type { Report } from '../report/types.js';
import { checkedOptions, type LockdepOptions } from '../validator/options.js';
import type { Split } from '../validator/split-report.js';
import type { ControlHost, HeldLock, Summary } from './control.js';
import { runUnfollowed } from './run-unfollowed.js';

/** Any lock of this package. */
export type Lock = Mutex | Semaphore | RWSemaphore | PseudoLock | Completion<unknown> | WorkQueue | WorkItem<unknown>;

export class Lockdep {
  readonly #host: ControlHost;

  /** @internal */
  constructor(host: ControlHost) {
    this.#host = host;
  }

  /** Changes options. The environment's LOCKDEP wins over `mode`. Bad values throw and change nothing. */
  configure(options: Partial<LockdepOptions>): void {
    this.#host.configure(checkedOptions(options));
  }

  /** How closely holds are followed. */
  get tracking(): TrackingLevel {
    return this.#host.tracking;
  }

  get mode(): Mode {
    return this.#host.mode;
  }

  /** Every distinct report so far, oldest first. */
  reports(): readonly Report[] {
    return this.#host.load()?.reports() ?? [];
  }

  /**
   * Calls `subscriber` with each new report, each newly learned order and each class that takes part from now on, in the turn in
   * which it comes to be. Its own failures are contained and shown. The result ends the subscription.
   */
  subscribe(subscriber: (event: LockdepEvent) => void): Disposable {
    if (typeof subscriber !== 'function') {
      throw new TypeError(`subscriber must be a function, got ${describe(subscriber)}`);
    }
    return this.#host.load()?.subscribe(subscriber) ?? { [Symbol.dispose]() {} };
  }

  /** Forgets held sets and reports; with `graph: true` also all learned order. */
  reset(options: { graph?: boolean } = {}): void {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`options must be an object, got ${describe(options)}`);
    }
    noteUnknown(options, RESET_OPTIONS, 'lockdep.reset');
    this.#host.load()?.reset(options.graph === true);
  }

  /** The locks that this flow holds, outermost first. Empty while the mode is off. */
  held(): readonly HeldLock[] {
    return this.#host.active?.held(this.held) ?? [];
  }

  /** Every held lock and every waiter in the process, oldest first, with sites and ages. */
  showAllLocks(): string {
    return this.#host.active?.showAllLocks() ?? 'lockdep is off: no lock is followed';
  }

  /** Does this flow hold `lock`? undefined: tracking is off, or this flow is not known. */
  isHeld(lock: Lock): boolean | undefined {
    const core = coreOf(lock, 'lock');
    return this.#host.active?.isHeld(core, this.isHeld);
  }

  /**
   * Fails with an assertion report, in enforce also with an error, where this flow certainly does not hold `lock`. Without a
   * mode, and with 'read', any hold is enough; with 'write' that of a reader is not.
   */
  assertHeld(lock: Lock, mode: 'read' | 'write' = 'read'): void {
    if (mode !== 'read' && mode !== 'write')
      throw new RangeError(`mode must be 'read' or 'write', got ${describe(mode)}`);
    const core = coreOf(lock, 'lock');
    this.#host.active?.assertHeld(core, mode, this.assertHeld);
  }

  /** Fails where this flow certainly holds `lock`. */
  assertNotHeld(lock: Lock): void {
    const core = coreOf(lock, 'lock');
    this.#host.active?.assertNotHeld(core, this.assertNotHeld);
  }

  /** Fails where this flow certainly holds a lock. */
  assertNoneHeld(): void {
    this.#host.active?.assertNoneHeld(this.assertNoneHeld);
  }

  /**
   * Runs `fn` as the root of a task: nothing is inherited, reports carry its name, and a lock that it took and still
   * holds when its result has settled is reported as leaked (advisory).
   */
  task<T>(name: string, fn: () => T): T {
    if (typeof name !== 'string') throw new TypeError(`name must be a string, got ${describe(name)}`);
    checkFunction(fn);
    const { active } = this.#host;
    return active === undefined ? runUnfollowed(fn) : active.task(name, fn);
  }

  /** Runs `fn` with no inherited holds: for work that nobody here waits for. */
  detached<T>(fn: () => T): T {
    checkFunction(fn);
    const { active } = this.#host;
    return active === undefined ? fn() : active.detached(fn);
  }

  /** Runs `fn`, for all of which the holds of this flow do wait, however it is awaited. */
  structured<T>(fn: () => T): T {
    checkFunction(fn);
    const { active } = this.#host;
    return active === undefined ? fn() : active.structured(fn);
  }

  /** This flow takes over a lock that another one handed to it. What is not followed is left alone. */
  adopt(hold: LockGuard | Releaser): void {
    if (!isHandle(hold)) {
      throw new TypeError(`hold must be a guard or a releaser, got ${describe(hold)}`);
    }
    const followed = holdOf(hold);
    if (followed !== undefined) this.#host.active?.adopt(followed, this.adopt);
  }

  /**
   * Declares that locks of these classes are taken in this order: what contradicts it is reported from now on. Throws
   * DeclaredOrderError, and declares nothing, where a reverse order is known already.
   */
  declareOrder(...classes: (LockClass | string)[]): void {
    this.#host.load()?.declareOrder(classes, this.declareOrder);
  }

  /** Accepts that the classes are taken in both orders. The reason is printed with reports that touch the pair. */
  bless(a: LockClass | string, b: LockClass | string, reason: string): void {
    this.#host.load()?.bless(a, b, reason);
  }

  /** All learned order, loaded graphs included, as plain data. The same order gives the same text. */
  snapshot(): LockGraph {
    return this.#host.load()?.snapshot() ?? { version: 1, classes: [], edges: [] };
  }

  /**
   * Takes in what another thread or process has learned, and reports what contradicts the order known here. Loading what
   * is known already changes nothing. A graph that is none throws, and changes nothing.
   */
  load(graph: LockGraph): void {
    this.#host.load()?.loadGraph(graph);
  }

  /** @internal Cycles that only a split of a class into subclasses hides. */
  splits(): readonly Split[] {
    return this.#host.load()?.splits() ?? [];
  }

  /** @internal */
  summary(): Summary {
    return this.#host.load()?.summary() ?? { classes: 0, edges: 0, reports: [], accepted: [] };
  }
}

const RESET_OPTIONS: ReadonlySet<string> = new Set(['graph']);

function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${describe(fn)}`);
}

/** A releaser may be any function: one that was made while nothing was followed bears no sign. */
function isHandle(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && 'release' in value && typeof value.release === 'function';
}
