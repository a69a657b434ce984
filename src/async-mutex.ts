/** Exactly async-mutex's names, for replacing it in one line: `import { Mutex } from 'lockdep/async-mutex'`. */
export { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT } from 'async-mutex';
export { Mutex } from './locks/mutex.js';
export { Semaphore } from './locks/semaphore.js';
export { tryAcquire, withTimeout } from './locks/with-timeout.js';

export type { MutexInterface, SemaphoreInterface } from 'async-mutex';
