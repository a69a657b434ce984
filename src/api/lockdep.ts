/**
 * The control object: modes, reports, and what the running flow holds. A thin face over a validator, which is loaded when it is
 * first needed: while the mode is off most calls need none.
 */
import { coreOf } from '../locks/core-of.js';
import type { Completion } from '../locks/completion.js';
import type { LockGuard } from '../locks/guards.js';
import type { Mutex } from '../locks/mutex.js';
import type { PseudoLock } from '../locks/pseudo-lock.js';
import type { ForeignLock } from '../locks/foreign-lock.js';
import { holdOf, type Releaser } from '../locks/releasing.js';
import type { RWSemaphore } from '../locks/rw-semaphore.js';
import type { Semaphore } from '../locks/semaphore.js';
import type { WorkItem } from '../locks/work/work-item.js';
import type { WorkQueue } from '../locks/work/work-queue.js';
import type { LockClass } from '../model/lock-class.js';
import type { Mode, TrackingLevel } from '../model/mode.js';
import type { LockGraph } from '../order/snapshot.js';
import { describe, mistyped } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';
import type { LockdepEvent } from '../report/channels.js';
import type { Report } from '../report/types.js';
import { checkedOptions, type SomeOptions } from '../validator/options.js';
import type { Split } from '../validator/split-report.js';
import { checkedShow } from './show-options.js';
import type { ControlHost, HeldLock, Summary } from './control.js';
import type { EndWatch } from '../liveness/liveness.js';
import type { WaitTable } from '../report/wait-data.js';
import { systemNow } from '../platform/clock.js';
import { runUnfollowed } from './run-unfollowed.js';

/** Any lock of this package. */
export type Lock =
  | Mutex
  | Semaphore
  | RWSemaphore
  | PseudoLock
  | Completion<unknown>
  | WorkQueue
  | WorkItem<unknown>
  | ForeignLock;

/**
 * The control object of a validator: modes, reports, and what the running flow holds. `lockdep` is that of the process; a test may
 * make others (`createLockdep` of `lockdep/testing`).
 *
 * @example
 * ```ts
 * const print = (validator: Lockdep): void => console.log(validator.mode, validator.reports().length);
 * print(lockdep);
 * ```
 */
export class Lockdep {
  readonly #host: ControlHost;

  /** @internal */
  constructor(host: ControlHost) {
    this.#host = host;
  }

  /**
   * Changes options, also while locks are held and waited for. The environment's LOCKDEP wins over `mode`, and LOCKDEP_TRACKING over
   * `tracking`. What throws has changed nothing.
   *
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when an option is no value that it may have
   *
   * @example
   * ```ts
   * lockdep.configure({ mode: 'enforce', onReport: (report) => console.error(report.message) });
   * ```
   */
  configure(options: SomeOptions): void {
    this.#host.configure(checkedOptions(options));
  }

  /** How closely holds are followed now. */
  get tracking(): TrackingLevel {
    return this.#host.tracking;
  }

  /** What is done about an offence now. */
  get mode(): Mode {
    return this.#host.mode;
  }

  /** Returns every distinct report so far, oldest first. */
  reports(): readonly Report[] {
    return this.#host.load()?.reports() ?? [];
  }

  /**
   * Calls `subscriber` with each new report, each newly learned order and each class that takes part from now on, in the turn in
   * which it comes to be. Its own failures are contained and shown. The result ends the subscription.
   */
  subscribe(subscriber: (event: LockdepEvent) => void): Disposable {
    if (typeof subscriber !== 'function') {
      throw mistyped('subscriber', 'a function', subscriber);
    }
    return this.#host.load()?.subscribe(subscriber) ?? { [Symbol.dispose]() {} };
  }

  /**
   * Forgets what is held, and the reports; with `graph: true` also all learned order, but not what was declared or accepted. The
   * locks themselves stay as they are.
   *
   * @throws {TypeError} when the options are no object
   *
   * @example
   * ```ts
   * lockdep.reset({ graph: true }); // between two tests
   * ```
   */
  reset(options: { graph?: boolean | undefined } = {}): void {
    if (typeof options !== 'object' || options === null) {
      throw mistyped('options', 'an object', options);
    }
    noteUnknown(options, 'lockdep.reset', RESET_OPTIONS);
    this.#host.load()?.reset(options.graph === true);
  }

  /**
   * Returns the locks that this flow holds, outermost first. Empty while the mode is off.
   *
   * @example
   * ```ts
   * const mutex = new Mutex({ class: 'accounts' });
   * await mutex.runExclusive(() => {
   *   for (const { lockClass, mode, site } of lockdep.held()) console.log(lockClass.name, mode, site);
   * });
   * ```
   */
  held(): readonly HeldLock[] {
    return this.#host.active?.held(this.held) ?? [];
  }

  /**
   * Returns who holds what and who waits for whom in the process now, as data that JSON can carry. Empty while the mode is off.
   *
   * @example
   * ```ts
   * const { waits, cycles } = lockdep.waits();
   * for (const { lockClass, site, blockedBy } of waits) console.log(lockClass, site, 'waits for flow', blockedBy);
   * if (cycles.length > 0) console.log('deadlock');
   * ```
   */
  waits(): WaitTable {
    const active = this.#host.active;
    return active === undefined ? noWaits() : active.waits();
  }

  /**
   * Returns a text with every held lock and every waiter in the process, oldest first, with sites and ages; flows that wait for each
   * other come first. Lines that differ in nothing but their flow and age are folded into one with a count, unless `group` is
   * false. `limit`: lines at most, 200 unless it is given. `format: 'json'` gives what `waits` returns as a text.
   *
   * @throws {TypeError} when an option is not of its type
   * @throws {RangeError} when the format is neither 'text' nor 'json', or the limit no whole number from 1
   *
   * @example
   * ```ts
   * console.error(lockdep.showAllLocks({ limit: 50 }));
   * ```
   */
  showAllLocks(
    options: { format?: 'text' | 'json' | undefined; group?: boolean | undefined; limit?: number | undefined } = {},
  ): string {
    const shown = checkedShow(options);
    return this.#host.active?.showAllLocks(shown) ?? 'lockdep is off: no lock is followed';
  }

  /**
   * Writes to stderr what `showAllLocks` returns, whenever the process gets this signal; it goes on afterwards. Of SIGINT, SIGTERM and the
   * like that nobody else listens to it ends, as it would have. The result ends it. A second call for one signal is told by a warning,
   * and the table goes out once. The mode may be off until later; without Node there are no signals, and nothing is done.
   *
   * @throws {TypeError} when the signal is no string
   * @throws {RangeError} when there is no such signal, or nobody can listen to it
   *
   * @example
   * ```ts
   * const dump = lockdep.dumpOnSignal(); // kill -USR2 PID
   * dump[Symbol.dispose]();
   * ```
   */
  dumpOnSignal(signal: string = 'SIGUSR2'): Disposable {
    return this.#host.load()?.dumpOnSignal(signal) ?? { [Symbol.dispose]() {} };
  }

  /**
   * Tells whether this flow holds `lock`; undefined where that is not known: the mode is off, or the lock may have come to this flow
   * by a way that is not followed.
   *
   * @throws {TypeError} when it is no lock of this package
   */
  isHeld(lock: Lock): boolean | undefined {
    const core = coreOf(lock, 'lock');
    return this.#host.active?.isHeld(core, this.isHeld);
  }

  /**
   * Fails, with a report, where this flow certainly does not hold `lock`. With 'read', which is the default, any hold is enough; with
   * 'write' that of a reader is not.
   *
   * @throws {LockdepError} ERR_LOCKDEP_ASSERTION when the mode is enforce and the assertion fails
   * @throws {TypeError} when it is no lock of this package
   * @throws {RangeError} when the mode is neither 'read' nor 'write'
   *
   * @example
   * ```ts
   * const accounts = new Mutex({ class: 'accounts' });
   * const withdraw = (amount: number): void => {
   *   lockdep.assertHeld(accounts); // the caller's part
   *   console.log(`minus ${amount}`);
   * };
   * await accounts.runExclusive(() => withdraw(5));
   * ```
   */
  assertHeld(lock: Lock, mode: 'read' | 'write' = 'read'): void {
    if (mode !== 'read' && mode !== 'write')
      throw new RangeError(`mode must be 'read' or 'write', got ${describe(mode)}`);
    const core = coreOf(lock, 'lock');
    this.#host.active?.assertHeld(core, mode, this.assertHeld);
  }

  /**
   * Fails, with a report, where this flow certainly holds `lock`.
   *
   * @throws {LockdepError} ERR_LOCKDEP_ASSERTION when the mode is enforce and the assertion fails
   * @throws {TypeError} when it is no lock of this package
   */
  assertNotHeld(lock: Lock): void {
    const core = coreOf(lock, 'lock');
    this.#host.active?.assertNotHeld(core, this.assertNotHeld);
  }

  /**
   * Fails, with a report, where this flow certainly holds a lock.
   *
   * @throws {LockdepError} ERR_LOCKDEP_ASSERTION when the mode is enforce and the assertion fails
   *
   * @example
   * ```ts
   * const callPartner = async (): Promise<string> => {
   *   lockdep.assertNoneHeld(); // it may take minutes
   *   return 'answered';
   * };
   * await callPartner();
   * ```
   */
  assertNoneHeld(): void {
    this.#host.active?.assertNoneHeld(this.assertNoneHeld);
  }

  /**
   * Runs `fn` as the root of a task, and returns what it returns: nothing is inherited, reports carry its name, and a lock that it
   * took and still holds when its result has settled is reported as leaked (advisory).
   *
   * @throws {TypeError} when the name is no string, or `fn` no function
   *
   * @example
   * ```ts
   * const accounts = new Mutex({ class: 'accounts' });
   * const answer = await lockdep.task('GET /accounts', () => accounts.runExclusive(async () => 'all of them'));
   * ```
   */
  task<T>(name: string, fn: () => T): T {
    if (typeof name !== 'string') throw mistyped('name', 'a string', name);
    checkFunction(fn);
    const { active } = this.#host;
    return active === undefined ? runUnfollowed(fn) : active.task(name, fn);
  }

  /**
   * Runs `fn` with no inherited holds, and returns what it returns: for work that nobody here waits for. What that takes is not
   * ordered after what this flow holds.
   *
   * @throws {TypeError} when `fn` is no function
   *
   * @example
   * ```ts
   * const [accounts, audit] = [new Mutex({ class: 'accounts' }), new Mutex({ class: 'audit' })];
   * await accounts.runExclusive(() => {
   *   void lockdep.detached(() => audit.runExclusive(async () => 'written later'));
   * });
   * ```
   */
  detached<T>(fn: () => T): T {
    checkFunction(fn);
    const { active } = this.#host;
    return active === undefined ? fn() : active.detached(fn);
  }

  /**
   * Runs `fn`, and returns what it returns: the holders of this flow's locks wait for all that it starts, however that is awaited
   * (through a timer, an emitter, a stream). What it takes is ordered after what this flow holds.
   *
   * @throws {TypeError} when `fn` is no function
   *
   * @example
   * ```ts
   * const [accounts, audit] = [new Mutex({ class: 'accounts' }), new Mutex({ class: 'audit' })];
   * await accounts.runExclusive(() =>
   *   lockdep.structured(
   *     () => new Promise<string>((done) => setTimeout(() => void audit.runExclusive(() => done('written')), 10)),
   *   ),
   * );
   * ```
   */
  structured<T>(fn: () => T): T {
    checkFunction(fn);
    const { active } = this.#host;
    return active === undefined ? fn() : active.structured(fn);
  }

  /**
   * Says that this flow takes over a lock which another one handed to it. A hold that is not followed is left alone.
   *
   * @throws {TypeError} when it is neither a guard nor a releaser
   *
   * @example
   * ```ts
   * const mutex = new Mutex();
   * const guard = await mutex.lock();
   * guard.transfer(); // nobody's, until another flow takes it over
   * lockdep.task('the other flow', () => {
   *   lockdep.adopt(guard);
   *   guard.release();
   * });
   * ```
   */
  adopt(hold: LockGuard | Releaser): void {
    if (!isHandle(hold)) {
      throw mistyped('hold', 'a guard or a releaser', hold);
    }
    const followed = holdOf(hold);
    if (followed !== undefined) this.#host.active?.adopt(followed, this.adopt);
  }

  /**
   * Declares that locks of these classes are taken in this order: what contradicts it is reported from now on, as if a flow had shown
   * the order. What throws has declared nothing.
   *
   * @throws {DeclaredOrderError} ERR_LOCKDEP_DECLARED_ORDER when the reverse of a pair is known already
   * @throws {TypeError} when one is neither a LockClass nor the name of one
   * @throws {RangeError} when there are fewer than two, or one of them twice
   *
   * @example
   * ```ts
   * lockdep.declareOrder('accounts', 'audit', 'outbox');
   * ```
   */
  declareOrder(...classes: (LockClass | string)[]): void {
    this.#host.load()?.declareOrder(classes, this.declareOrder);
  }

  /**
   * Accepts that the two classes are taken in both orders: a cycle that needs both is not reported any more. The reason is printed
   * with reports that touch the pair.
   *
   * @throws {TypeError} when one is neither a LockClass nor the name of one, or the reason is no string
   * @throws {RangeError} when both are the same class, or the reason is empty
   *
   * @example
   * ```ts
   * lockdep.bless('accounts', 'audit', 'audit before accounts only at start-up, when nobody else runs');
   * ```
   */
  bless(a: LockClass | string, b: LockClass | string, reason: string): void {
    this.#host.load()?.bless(a, b, reason);
  }

  /**
   * Returns all learned order, loaded graphs included, as plain data. The same order gives the same text.
   *
   * @example
   * ```ts
   * const text = JSON.stringify(lockdep.snapshot()); // for another process: lockdep.load(JSON.parse(text))
   * ```
   */
  snapshot(): LockGraph {
    return this.#host.load()?.snapshot() ?? { version: 1, classes: [], edges: [] };
  }

  /**
   * Takes in what another thread or process has learned, and reports what contradicts the order known here. Loading what is known
   * already changes nothing. What throws has changed nothing.
   *
   * @throws {TypeError} when the graph, or a part of it, is not of its type
   * @throws {RangeError} when a part of it is no value that it may have
   *
   * @example
   * ```ts
   * const learned: LockGraph = lockdep.snapshot(); // in another thread or process
   * lockdep.load(learned);
   * ```
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
    const nothing = { classes: 0, edges: 0, reports: [], accepted: [], waitText: '' };
    return this.#host.load()?.summary() ?? { ...nothing, waits: noWaits() };
  }

  /** @internal */
  watchEnd(watch: EndWatch): void {
    this.#host.load()?.watchEnd(watch);
  }
}

const RESET_OPTIONS: readonly string[] = ['graph'];

function noWaits(): WaitTable {
  return { version: 1, pid: 0, at: systemNow(), locks: [], flows: [], waits: [], cycles: [] };
}

function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw mistyped('fn', 'a function', fn);
}

/** A releaser may be any function: one that was made while nothing was followed bears no sign. */
function isHandle(value: unknown): boolean {
  if (typeof value === 'function') return true;
  return typeof value === 'object' && value !== null && 'release' in value && typeof value.release === 'function';
}
