/** The public face of the package. */
import { Lockdep } from './control/lockdep.js';
import { Completion } from './primitives/completion.js';
import { Mutex } from './primitives/mutex.js';
import { PseudoLock } from './primitives/pseudo-lock.js';
import { RWSemaphore } from './primitives/rw-semaphore.js';
import { Semaphore } from './primitives/semaphore.js';
import { WorkItem } from './primitives/work-item.js';
import { WorkQueue } from './primitives/work-queue.js';
import { processRuntime } from './validator/runtime.js';

export { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT } from 'async-mutex';
export { LockClass, lockClass } from './classes/lock-class.js';
export { Completion, Mutex, PseudoLock, RWSemaphore, Semaphore, WorkItem, WorkQueue };
export { tryAcquire, withTimeout } from './primitives/with-timeout.js';
export {
  DeclaredOrderError,
  LockdepError,
  LockTimeoutError,
  NotHeldError,
  QueueClosedError,
} from './validator/errors.js';

export type { MutexInterface, SemaphoreInterface } from 'async-mutex';
export type { LockClassOptions } from './classes/lock-class.js';
export type { HeldLock, Lock, Lockdep } from './control/lockdep.js';
export type {
  AcquireOptions,
  AnyLock,
  LockOptions,
  Milliseconds,
  WeightedAcquireOptions,
} from './primitives/lock-options.js';
export type { WaitOptions } from './primitives/event-waiters.js';
export type { Releaser } from './primitives/permit-core.js';
export type { LockGuard, WriteGuard } from './primitives/guards.js';
export type { PseudoLockOptions } from './primitives/pseudo-lock.js';
export type { RWSemaphoreOptions } from './primitives/rw-semaphore.js';
export type { GraphClass, GraphEdge, LockGraph } from './order/snapshot.js';
export type { RunOptions, WorkQueueOptions } from './primitives/work-queue.js';
export type { WorkFunction } from './primitives/work.js';
export type { Dependency, LockUse, Report, ReportKind, Tier } from './report/types.js';
export type { LockdepOptions, Mode } from './validator/runtime.js';

/** The validator of this process. */
export const lockdep: Lockdep = new Lockdep(processRuntime);
