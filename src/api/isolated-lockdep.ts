/** Isolated instances: own graph, own reports, own locks, nothing shared with the process. */
import type { Clock } from '../platform/clock.js';
import { mistyped } from '../platform/describe.js';
import { checkedClock } from './checked-clock.js';
import { Lockdep } from './lockdep.js';
import { Completion } from '../locks/completion.js';
import { ForeignLock } from '../locks/foreign-lock.js';
import { Mutex } from '../locks/mutex.js';
import { PseudoLock } from '../locks/pseudo-lock.js';
import { RWSemaphore } from '../locks/rw-semaphore.js';
import { Semaphore } from '../locks/semaphore.js';
import type { LockObserver } from '../locks/observer.js';
import { WORLD } from '../locks/symbols.js';
import type { ForeignLockOptions } from '../locks/options/foreign-options.js';
import type { World } from '../locks/world.js';
import { WorkItem } from '../locks/work/work-item.js';
import { WorkQueue } from '../locks/work/work-queue.js';
import type { Report, ReportKind } from '../report/types.js';
import { checkedOptions, type LockdepOptions, type SomeOptions } from '../validator/options.js';
import { Runtime } from '../validator/runtime.js';
import { ValidatorControl } from './validator-control.js';

/** What `createLockdep` takes, some or all of it: the options of `lockdep.configure()`, and a clock. */
export interface IsolatedOptions extends LockdepOptions {
  /**
   * Time for this instance alone: timeouts and delays of its locks, ages, and the times of its reports. Default: the timers that the
   * program has when a wait begins, and the time of the system. With a clock, `stallTimeout` and `deadlockCheckAfter` are 0 unless
   * they are given.
   */
  clock: Clock;
}

/**
 * A validator with locks of its own, as `createLockdep()` makes it.
 *
 * @example
 * ```ts
 * const isolated: IsolatedLockdep = createLockdep();
 * const mutex = new isolated.Mutex();
 * await isolated.expectReport('recursive-locking', () => mutex.runExclusive(() => mutex.might()));
 * isolated.dispose();
 * ```
 */
export interface IsolatedLockdep {
  /** The control object of this instance. */
  readonly lockdep: Lockdep;
  /** Mutexes of this instance. */
  readonly Mutex: typeof Mutex;
  /** Semaphores of this instance. */
  readonly Semaphore: typeof Semaphore;
  /** Reader/writer locks of this instance. */
  readonly RWSemaphore: typeof RWSemaphore;
  /** Pseudo-locks of this instance. */
  readonly PseudoLock: typeof PseudoLock;
  /** Completions of this instance. */
  readonly Completion: typeof Completion;
  /** Work queues of this instance. */
  readonly WorkQueue: typeof WorkQueue;
  /** Work items of this instance. */
  readonly WorkItem: typeof WorkItem;
  /** As `trackedLock`: for locks of other packages, which belong to this instance. */
  readonly trackedLock: (options?: ForeignLockOptions) => ForeignLock;
  /**
   * Runs `fn` and resolves with the one report of `kind` that it made or repeated.
   *
   * @throws {TypeError} when `fn` is no function
   * @throws {Error} when it made no report, or others besides
   */
  expectReport(kind: ReportKind, fn: () => unknown): Promise<Report>;
  /** Stops following; the locks go on as plain locks. */
  dispose(): void;
}

const runtimes = new WeakMap<IsolatedLockdep, Runtime>();

/** @internal The inside of an isolated instance, for this package's own tests. */
export function runtimeOf(isolated: IsolatedLockdep): Runtime {
  return runtimes.get(isolated) as Runtime;
}

/**
 * Makes a validator with locks of its own, for a test: it shares nothing with the process, and its reports are not printed as
 * process warnings. `mode` is 'warn' unless it is given.
 *
 * @throws {TypeError} when an option is not of its type
 * @throws {RangeError} when an option is no value that it may have
 *
 * @example
 * ```ts
 * const isolated = createLockdep({ mode: 'enforce' });
 * const mutex = new isolated.Mutex({ class: 'accounts' });
 * await mutex.runExclusive(() => isolated.lockdep.assertHeld(mutex));
 * isolated.dispose();
 * ```
 */
export function createLockdep(options: SomeOptions & { readonly clock?: Clock | undefined } = {}): IsolatedLockdep {
  if (typeof options !== 'object' || options === null) {
    throw mistyped('options', 'an object', options);
  }
  const { clock, mode = 'warn', ...rest } = options;
  const runtime = new Runtime({ clock: clock === undefined ? undefined : checkedClock(clock) });
  // A timer of the validator's own would be one more among those of the test that has injected a clock.
  const quiet = clock === undefined ? {} : { stallTimeout: 0, deadlockCheckAfter: 0 };
  runtime.configure(checkedOptions({ warnings: false, ...quiet, ...rest, mode }));
  const lockdep = new Lockdep(new ValidatorControl(runtime));
  class IsolatedMutex extends Mutex {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedSemaphore extends Semaphore {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedRWSemaphore extends RWSemaphore {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedPseudoLock extends PseudoLock {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedCompletion<T = void> extends Completion<T> {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedWorkQueue extends WorkQueue {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedWorkItem<T = void> extends WorkItem<T> {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  class IsolatedForeignLock extends ForeignLock {
    override get [WORLD](): World<LockObserver> {
      return runtime.world;
    }
  }
  function trackedLock(options: ForeignLockOptions = {}): ForeignLock {
    return new IsolatedForeignLock(options, trackedLock);
  }
  const isolated: IsolatedLockdep = {
    lockdep,
    Mutex: IsolatedMutex,
    Semaphore: IsolatedSemaphore,
    RWSemaphore: IsolatedRWSemaphore,
    PseudoLock: IsolatedPseudoLock,
    Completion: IsolatedCompletion,
    WorkQueue: IsolatedWorkQueue,
    WorkItem: IsolatedWorkItem,
    trackedLock,
    expectReport: (kind, fn) => expectReport(lockdep, kind, fn),
    dispose: () => runtime.dispose(),
  };
  runtimes.set(isolated, runtime);
  return isolated;
}

/** Runs `fn` and resolves with the one report of `kind` that it made or repeated; else rejects. */
export async function expectReport(lockdep: Lockdep, kind: ReportKind, fn: () => unknown): Promise<Report> {
  if (typeof fn !== 'function') throw mistyped('fn', 'a function', fn);
  const before = new Map(lockdep.reports().map((report) => [report.id, report.count]));
  await fn();
  const fresh = lockdep.reports().filter((report) => report.count > (before.get(report.id) ?? 0));
  const [found, ...others] = fresh;
  if (found?.kind === kind && others.length === 0) return found;
  const none = lockdep.mode === 'off' ? 'none: the mode is off' : 'none';
  const seen = fresh.length === 0 ? none : fresh.map((report) => report.kind).join(', ');
  throw new Error(`expected one report of kind ${kind}, got ${seen}`);
}
