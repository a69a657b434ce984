/**
 * The public names of the package: for each entry point every value that it exports, in alphabetical order. Types are not
 * seen at run time, so they are not here. A change of this list is a change of the API.
 */

/** What `lockdep/async-mutex` stands in for: exactly the names of async-mutex. */
const asyncMutex = [
  'E_ALREADY_LOCKED',
  'E_CANCELED',
  'E_TIMEOUT',
  'Mutex',
  'Semaphore',
  'tryAcquire',
  'withTimeout',
] as const;

const locks = [
  ...asyncMutex,
  'DeadlockError',
  'DeclaredOrderError',
  'Completion',
  'LockClass',
  'LockTimeoutError',
  'LockdepError',
  'NotHeldError',
  'PseudoLock',
  'QueueClosedError',
  'RWSemaphore',
  'WorkItem',
  'WorkQueue',
  'lockClass',
  'trackedLock',
];

export const surface: Readonly<Record<string, readonly string[]>> = {
  '.': [...locks, 'lockdep'].sort(),
  './locks': locks.toSorted(),
  './async-mutex': asyncMutex,
  './register': [],
  './eager': [],
  './testing': ['createLockdep', 'expectReport'],
  './http': ['lockdepHandler'],
};
