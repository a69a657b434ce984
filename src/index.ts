/** The public face of the package. */
// First, since the environment is read by what comes next, and may be told of.
import { loadValidator } from './load-validator.js';
import { processHost } from './api/process-host.js';
import { beginProcess } from './api/process-validator.js';
import { Lockdep } from './api/lockdep.js';
import { Completion } from './locks/completion.js';
import { Mutex } from './locks/mutex.js';
import { PseudoLock } from './locks/pseudo-lock.js';
import { RWSemaphore } from './locks/rw-semaphore.js';
import { Semaphore } from './locks/semaphore.js';
import { WorkItem } from './locks/work/work-item.js';
import { WorkQueue } from './locks/work/work-queue.js';

export { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT } from './locks/async-mutex-errors.js';
export { lockClass } from './model/find-class.js';
export { LockClass } from './model/lock-class.js';
export { Completion, Mutex, PseudoLock, RWSemaphore, Semaphore, WorkItem, WorkQueue };
export { trackedLock } from './locks/foreign-lock.js';
export { tryAcquire, withTimeout } from './locks/with-timeout.js';
export {
  DeadlockError,
  DeclaredOrderError,
  LockdepError,
  LockTimeoutError,
  NotHeldError,
  QueueClosedError,
} from './errors.js';

export type { MutexInterface, SemaphoreInterface } from 'async-mutex';
export type { LockClassOptions } from './model/class-options.js';
export type { HeldLock } from './api/control.js';
export type { Lock, Lockdep } from './api/lockdep.js';
export type { AcquireOptions, AnyLock, WeightedAcquireOptions } from './locks/options/acquire-options.js';
export type { ForeignLock } from './locks/foreign-lock.js';
export type { ForeignLockOptions, ForeignRequest } from './locks/options/foreign-options.js';
export type { LockOptions } from './locks/options/constructor-options.js';
export type { ForeignAttempt, Milliseconds } from './locks/observed.js';
export type { WaitOptions } from './locks/event-waiters.js';
export type { Releaser } from './locks/releasing.js';
export type { LockGuard, WriteGuard } from './locks/guards.js';
export type { PseudoLockOptions } from './locks/pseudo-lock.js';
export type { RWSemaphoreOptions } from './locks/rw-semaphore.js';
export type { GraphClass, GraphEdge, LockGraph } from './order/snapshot.js';
export type { RunOptions, WorkQueueOptions } from './locks/work/work-queue.js';
export type { WorkFunction } from './locks/work/work.js';
export type { LearnedEdge, LockdepEvent } from './report/channels.js';
export type { Dependency, LockUse, Report, ReportKind, Tier } from './report/types.js';
export type { Mode, TrackingLevel } from './model/mode.js';
export type { WaitTable, WaitTableFlow, WaitTableHold, WaitTableLock, WaitTableWait } from './report/wait-data.js';
export type { LockdepOptions } from './validator/options.js';
export type { DisposableReleaser } from './locks/releasing.js';
export type { Evidence, HoldMode, HoldState } from './report/types.js';
export type { LockdepErrorCode } from './errors.js';

/**
 * The validator of this process: modes, reports, and what the running flow holds.
 *
 * @example
 * ```ts
 * lockdep.configure({ mode: 'warn' });
 * const [a, b] = [new Mutex({ class: 'a' }), new Mutex({ class: 'b' })];
 * await a.runExclusive(() => b.runExclusive(() => 'a, then b'));
 * await b.runExclusive(() => a.runExclusive(() => 'b, then a'));
 * console.log(lockdep.reports().map((report) => report.id)); // circular-dependency:a -> b
 * ```
 */
export const lockdep: Lockdep = new Lockdep(processHost);

beginProcess(loadValidator);
