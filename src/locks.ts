/** The locks without `lockdep`, the control object: the validator comes when the mode asks for it. */
// First, since the environment is read by what comes next, and may be told of.
import { loadValidator } from './load-validator.js';
import { beginProcess } from './api/process-validator.js';

export { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT } from './locks/async-mutex-errors.js';
export { lockClass } from './model/find-class.js';
export { LockClass } from './model/lock-class.js';
export { Completion } from './locks/completion.js';
export { Mutex } from './locks/mutex.js';
export { PseudoLock } from './locks/pseudo-lock.js';
export { RWSemaphore } from './locks/rw-semaphore.js';
export { Semaphore } from './locks/semaphore.js';
export { WorkItem } from './locks/work/work-item.js';
export { WorkQueue } from './locks/work/work-queue.js';
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
export type { AcquireOptions, AnyLock, WeightedAcquireOptions } from './locks/options/acquire-options.js';
export type { LockOptions } from './locks/options/constructor-options.js';
export type { ForeignLock } from './locks/foreign-lock.js';
export type { ForeignLockOptions, ForeignRequest } from './locks/options/foreign-options.js';
export type { ForeignAttempt, Milliseconds } from './locks/observed.js';
export type { DisposableReleaser } from './locks/releasing.js';
export type { WaitOptions } from './locks/event-waiters.js';
export type { Releaser } from './locks/releasing.js';
export type { LockGuard, WriteGuard } from './locks/guards.js';
export type { PseudoLockOptions } from './locks/pseudo-lock.js';
export type { RWSemaphoreOptions } from './locks/rw-semaphore.js';
export type { RunOptions, WorkQueueOptions } from './locks/work/work-queue.js';
export type { WorkFunction } from './locks/work/work.js';

beginProcess(loadValidator);
