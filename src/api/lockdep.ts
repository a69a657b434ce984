/** The control object: modes, reports, and what the running flow holds. A thin face over one Runtime. */
import type { LockClass } from '../model/lock-class.js';
import { describe } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';
import type { Completion } from '../locks/completion.js';
import type { Mutex } from '../locks/mutex.js';
import type { LockGuard } from '../locks/guards.js';
import { coreOf } from '../locks/core-of.js';
import { holdOf, type Releaser } from '../locks/releasing.js';
import type { PseudoLock } from '../locks/pseudo-lock.js';
import type { RWSemaphore } from '../locks/rw-semaphore.js';
import type { Semaphore } from '../locks/semaphore.js';
import { checkedGraph } from './checked-graph.js';
import type { LockGraph } from '../order/snapshot.js';
import type { WorkItem } from '../locks/work/work-item.js';
import type { WorkQueue } from '../locks/work/work-queue.js';
import type { LockdepEvent } from '../report/channels.js';
import { siteOf } from '../report/stack-text.js';
import { plain } from '../platform/plain-text.js';
import type { Evidence, HoldMode, HoldState, Report } from '../report/types.js';
import { HELD, WAITING, type Hold } from '../model/hold.js';
import { evidenceNow } from '../validator/held-by.js';
import { useFacts } from '../validator/lock-use.js';
import type { Split } from '../validator/split-report.js';
import type { TrackingLevel } from '../flow/held-tracker.js';
import type { LockdepOptions, Mode, Runtime } from '../validator/runtime.js';
import { assertHeld, assertNoneHeld, assertNotHeld, isHeld } from './assertions.js';
import { bless, declareOrder } from './declarations.js';
import { runTask, runUnfollowed } from './run-task.js';

/** Any lock of this package. */
export type Lock = Mutex | Semaphore | RWSemaphore | PseudoLock | Completion<unknown> | WorkQueue | WorkItem<unknown>;

export interface HeldLock {
  readonly lock: object;
  readonly lockClass: LockClass;
  readonly mode: HoldMode;
  readonly state: HoldState;
  readonly evidence: Evidence;
  /** Where it was acquired, `file:line:column`; '' when unknown. */
  readonly site: string;
}

/** Figures for a summary line. */
export interface Summary {
  /** Classes that take part in a learned order. */
  readonly classes: number;
  /** Learned orders: distinct pairs of classes. */
  readonly edges: number;
  readonly reports: readonly Report[];
  /** Pairs of classes whose inversion is accepted, and why. */
  readonly accepted: readonly { readonly classes: readonly string[]; readonly reason: string }[];
}

export class Lockdep {
  readonly #rt: Runtime;

  /** @internal */
  constructor(runtime: Runtime) {
    this.#rt = runtime;
  }

  /** Changes options. The environment's LOCKDEP wins over `mode`. Bad values throw and change nothing. */
  configure(options: Partial<LockdepOptions>): void {
    this.#rt.configure(options);
  }

  /** How closely holds are followed. */
  get tracking(): TrackingLevel {
    return this.#rt.tracking;
  }

  get mode(): Mode {
    return this.#rt.mode;
  }

  /** Every distinct report so far, oldest first. */
  reports(): readonly Report[] {
    return this.#rt.log.reports();
  }

  /**
   * Calls `subscriber` with each new report, each newly learned order and each class that takes part from now on, in the turn in
   * which it comes to be. Its own failures are contained and shown. The result ends the subscription.
   */
  subscribe(subscriber: (event: LockdepEvent) => void): Disposable {
    if (typeof subscriber !== 'function') {
      throw new TypeError(`subscriber must be a function, got ${describe(subscriber)}`);
    }
    return this.#rt.events.subscribe(subscriber);
  }

  /** Forgets held sets and reports; with `graph: true` also all learned order. */
  reset(options: { graph?: boolean } = {}): void {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`options must be an object, got ${describe(options)}`);
    }
    noteUnknown(options, RESET_OPTIONS, 'lockdep.reset');
    this.#rt.reset(options.graph === true);
  }

  /** The locks that this flow holds, outermost first. Empty while the mode is off. */
  held(): readonly HeldLock[] {
    if (this.#rt.off) return [];
    const { tracker } = this.#rt.validator;
    return tracker
      .held()
      .map((node) => heldLock(node, evidenceNow(tracker, node, this.held)))
      .toReversed();
  }

  /** Every held lock and every waiter in the process, oldest first, with sites and ages. */
  showAllLocks(): string {
    if (this.#rt.off) return 'lockdep is off: no lock is followed';
    const now = this.#rt.now();
    const lines = [...this.#rt.validator.tracker.live()].map((node) => showNode(node, now));
    return lines.length === 0 ? 'no locks are held or awaited' : lines.join('\n');
  }

  /** Does this flow hold `lock`? undefined: tracking is off, or this flow is not known. */
  isHeld(lock: Lock): boolean | undefined {
    return isHeld(this.#rt, coreOf(lock, 'lock'), this.isHeld);
  }

  /**
   * Fails with an assertion report, in enforce also with an error, where this flow certainly does not hold `lock`. Without a
   * mode, and with 'read', any hold is enough; with 'write' that of a reader is not.
   */
  assertHeld(lock: Lock, mode: 'read' | 'write' = 'read'): void {
    if (mode !== 'read' && mode !== 'write')
      throw new RangeError(`mode must be 'read' or 'write', got ${describe(mode)}`);
    assertHeld(this.#rt, coreOf(lock, 'lock'), mode, this.assertHeld);
  }

  /** Fails where this flow certainly holds `lock`. */
  assertNotHeld(lock: Lock): void {
    assertNotHeld(this.#rt, coreOf(lock, 'lock'), this.assertNotHeld);
  }

  /** Fails where this flow certainly holds a lock. */
  assertNoneHeld(): void {
    assertNoneHeld(this.#rt, this.assertNoneHeld);
  }

  /**
   * Runs `fn` as the root of a task: nothing is inherited, reports carry its name, and a lock that it took and still
   * holds when its result has settled is reported as leaked (advisory).
   */
  task<T>(name: string, fn: () => T): T {
    if (typeof name !== 'string') throw new TypeError(`name must be a string, got ${describe(name)}`);
    checkFunction(fn);
    return this.#rt.off ? runUnfollowed(fn) : runTask(this.#rt, name, fn);
  }

  /** Runs `fn` with no inherited holds: for work that nobody here waits for. */
  detached<T>(fn: () => T): T {
    checkFunction(fn);
    return this.#rt.off ? fn() : this.#rt.validator.tracker.detached(fn);
  }

  /** Runs `fn`, for all of which the holds of this flow do wait, however it is awaited. */
  structured<T>(fn: () => T): T {
    checkFunction(fn);
    return this.#rt.off ? fn() : this.#rt.validator.tracker.structured(fn);
  }

  /** This flow takes over a lock that another one handed to it. What is not followed is left alone. */
  adopt(hold: LockGuard | Releaser): void {
    if (!isHandle(hold)) {
      throw new TypeError(`hold must be a guard or a releaser, got ${describe(hold)}`);
    }
    const node = holdOf(hold);
    if (node !== undefined && !this.#rt.off) this.#rt.validator.tracker.adopt(node, this.adopt);
  }

  /**
   * Declares that locks of these classes are taken in this order: what contradicts it is reported from now on. Throws
   * DeclaredOrderError, and declares nothing, where a reverse order is known already.
   */
  declareOrder(...classes: (LockClass | string)[]): void {
    declareOrder(this.#rt, classes, this.declareOrder);
  }

  /** Accepts that the classes are taken in both orders. The reason is printed with reports that touch the pair. */
  bless(a: LockClass | string, b: LockClass | string, reason: string): void {
    bless(this.#rt, a, b, reason);
  }

  /** All learned order, loaded graphs included, as plain data. The same order gives the same text. */
  snapshot(): LockGraph {
    return this.#rt.validator.graphs.snapshot();
  }

  /**
   * Takes in what another thread or process has learned, and reports what contradicts the order known here. Loading what
   * is known already changes nothing. A graph that is none throws, and changes nothing.
   */
  load(graph: LockGraph): void {
    this.#rt.reportAll(this.#rt.validator.load(checkedGraph(graph)));
  }

  /** @internal Cycles that only a split of a class into subclasses hides. */
  splits(): readonly Split[] {
    return this.#rt.validator.splits();
  }

  /** @internal */
  summary(): Summary {
    const { dependencies } = this.#rt.validator;
    return {
      classes: this.#rt.validator.classCount,
      edges: dependencies.edgeCount,
      reports: this.reports(),
      accepted: dependencies.blessings().map(({ a, b, reason }) => ({ classes: [a.name, b.name], reason })),
    };
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

function heldLock(node: Hold, evidence: Evidence): HeldLock {
  return {
    lock: node.lock.owner,
    lockClass: node.lockClass,
    mode: node.shared ? 'shared' : 'exclusive',
    state: node.state === HELD ? 'held' : 'waiting',
    evidence,
    site: siteOf(useFacts(node, evidence, []).frames),
  };
}

function showNode(node: Hold, now: number): string {
  const { lockClass, name, mode, state, site } = { ...heldLock(node, 'own'), name: node.lock.label };
  const label = name === undefined ? lockClass.name : `${lockClass.name} "${name}"`;
  const handed = node.state !== HELD && node.state !== WAITING ? ', handed off' : '';
  return plain(`${state} ${label}, ${mode}${handed}, for ${now - node.since} ms${site === '' ? '' : `, at ${site}`}`);
}
