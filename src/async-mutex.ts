/** Exactly async-mutex's names, for replacing it in one line: `import { Mutex } from 'lockdep/async-mutex'`. */
// First, since the environment is read by what comes next, and may be told of.
import { loadValidator } from './load-validator.js';
import { beginProcess } from './api/process-validator.js';

export { E_ALREADY_LOCKED, E_CANCELED, E_TIMEOUT } from './locks/async-mutex-errors.js';
export { Mutex } from './locks/mutex.js';
export { Semaphore } from './locks/semaphore.js';
export { tryAcquire, withTimeout } from './locks/with-timeout.js';

export type { MutexInterface, SemaphoreInterface } from 'async-mutex';

beginProcess(loadValidator);
