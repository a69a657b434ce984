import * as original from 'async-mutex';
import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import type { FakeClock } from './fake-clock.js';
import { leavingAtOnce } from './leaving.js';
import type { Library } from './subjects.js';

/*
 * async-mutex with one defect each: what the comparisons of this folder must be able to tell from the original.
 */

interface Entry {
  readonly resolve: (ticket: [number, () => void]) => void;
  readonly reject: (error: unknown) => void;
  readonly weight: number;
  readonly priority: number;
}

/** The private parts of async-mutex's Semaphore. */
interface Internals {
  _value: number;
  _queue: Entry[];
  _weightedWaiters: ({ resolve: () => void }[] | undefined)[];
  _cancelError: Error;
  _dispatchQueue(): void;
  _dispatchItem(item: Entry): void;
  _drainUnlockWaiters(): void;
  _couldLockImmediately(weight: number, priority: number): boolean;
  _newReleaser(weight: number): () => void;
}

type Defect = (semaphore: SemaphoreInterface & Internals) => void;

export interface Mutant {
  readonly defect: string;
  readonly library: Library;
  /** Shows only where a callback of runExclusive or a timer is involved, so not in free-running programs. */
  readonly steppedOnly?: true;
  /** The library to use while that clock is installed, when it is not `library` itself. */
  readonly libraryUnder?: (clock: FakeClock) => Library;
}

/** Breaks every semaphore, and thereby every mutex, of a copy of the library. */
function broken(defect: string, damage: Defect, steppedOnly?: true): Mutant {
  class Semaphore extends original.Semaphore {
    constructor(value: number, cancelError?: Error) {
      super(value, cancelError);
      damage(this as unknown as SemaphoreInterface & Internals);
    }
  }
  class Mutex extends original.Mutex {
    constructor(cancelError?: Error) {
      super(cancelError);
      (this as unknown as { _semaphore: SemaphoreInterface })._semaphore = new Semaphore(1, cancelError);
    }
  }
  return { defect, library: { ...original, Mutex, Semaphore }, ...(steppedOnly && { steppedOnly }) };
}

const DECISIONS: readonly Mutant[] = [
  broken('the last to come is served first', (lock) => {
    lock._dispatchQueue = () => {
      lock._drainUnlockWaiters();
      while (lock._queue.length > 0 && lock._queue.at(-1)!.weight <= lock._value)
        lock._dispatchItem(lock._queue.pop()!);
    };
  }),
  broken('priorities are ignored', (lock) => {
    const acquire = lock.acquire.bind(lock);
    lock.acquire = (weight) => acquire(weight, 0);
  }),
  broken('equal priorities are served in reverse', (lock) => {
    const acquire = lock.acquire.bind(lock);
    let arrivals = 0;
    lock.acquire = (weight, priority = 0) => acquire(weight, priority + ++arrivals * 1e-9);
  }),
  broken('light requests crowd out a heavy one', (lock) => {
    const acquire = lock.acquire.bind(lock);
    lock.acquire = (weight = 1, priority = 0) => {
      const queue = lock._queue;
      if (weight <= lock._value && queue.every((entry) => entry.priority >= priority)) lock._queue = [];
      try {
        return acquire(weight, priority);
      } finally {
        lock._queue = [...queue, ...lock._queue.filter((entry) => !queue.includes(entry))];
      }
    };
  }),
  broken('a higher priority does not get past a waiting request', (lock) => {
    const acquire = lock.acquire.bind(lock);
    lock.acquire = (weight, priority) => {
      if (lock._queue.length === 0) return acquire(weight, priority);
      const value = lock._value;
      lock._value = Number.NEGATIVE_INFINITY;
      try {
        return acquire(weight, priority);
      } finally {
        lock._value = value;
      }
    };
  }),
  broken('a releaser frees every time it is called', (lock) => {
    lock._newReleaser = (weight) => () => lock.release(weight);
  }),
  broken('a releaser frees one permit only', (lock) => {
    const newReleaser = lock._newReleaser.bind(lock);
    lock._newReleaser = () => newReleaser(1);
  }),
  broken('setValue wakes nobody', (lock) => {
    lock.setValue = (value) => void (lock._value = value);
  }),
  broken('a release wakes one waiter only', (lock) => {
    lock._dispatchQueue = () => {
      lock._drainUnlockWaiters();
      if (lock._queue.length > 0 && lock._queue[0]!.weight <= lock._value) lock._dispatchItem(lock._queue.shift()!);
      lock._drainUnlockWaiters();
    };
  }),
  broken('a grant tells the value after it', (lock) => {
    lock._dispatchItem = (item) => {
      lock._value -= item.weight;
      item.resolve([lock._value, lock._newReleaser(item.weight)]);
    };
  }),
  broken('the value stops at its start', (lock) => {
    const start = lock._value;
    const release = lock.release.bind(lock);
    lock.release = (weight) => {
      release(weight);
      lock._value = Math.min(lock._value, start);
    };
  }),
  broken('cancel forgets the error of the constructor', (lock) => {
    lock._cancelError = original.E_CANCELED;
  }),
  broken('cancel rejects with an equal error, not the same', (lock) => {
    lock._cancelError = new Error(lock._cancelError.message);
  }),
  broken('cancel tells unlock waiters', (lock) => {
    const cancel = lock.cancel.bind(lock);
    lock.cancel = () => {
      cancel();
      for (const waiters of lock._weightedWaiters) waiters?.splice(0).forEach((waiter) => waiter.resolve());
    };
  }),
  broken('cancel leaves the last request', (lock) => {
    lock.cancel = () =>
      lock._queue.splice(0, Math.max(1, lock._queue.length - 1)).forEach((entry) => entry.reject(lock._cancelError));
  }),
  broken('unlock waiters are told too late', (lock) => {
    lock._dispatchQueue = () => {
      while (lock._queue.length > 0 && lock._queue[0]!.weight <= lock._value) lock._dispatchItem(lock._queue.shift()!);
      lock._drainUnlockWaiters();
    };
  }),
  broken('unlock waiters ignore who queues', (lock) => {
    lock._couldLockImmediately = (weight) => weight <= lock._value;
  }),
];

const FACES: readonly Mutant[] = [
  {
    defect: 'a lock stays locked when a callback throws',
    steppedOnly: true,
    library: broken('', (lock) => {
      lock.runExclusive = async (worker, weight, priority) => {
        const [value, release] = await lock.acquire(weight, priority);
        const result = await worker(value);
        release();
        return result;
      };
    }).library,
  },
  broken(
    'an invalid weight rejects instead of throwing',
    (lock) => {
      const acquire = lock.acquire.bind(lock);
      lock.acquire = async (weight, priority) => acquire(weight, priority);
    },
    true,
  ),
  broken(
    'a callback starts synchronously',
    (lock) => {
      const runExclusive = lock.runExclusive.bind(lock);
      lock.runExclusive = <T>(worker: SemaphoreInterface.Worker<T>, weight = 1, priority = 0): Promise<T> => {
        if (lock._queue.length > 0 || weight <= 0 || weight > lock._value)
          return runExclusive(worker, weight, priority);
        const value = lock._value;
        lock._value -= weight;
        return Promise.resolve(worker(value)).finally(() => lock.release(weight));
      };
    },
    true,
  ),
  {
    defect: 'a timed-out waiter gives up its place',
    steppedOnly: true,
    library: original,
    libraryUnder: (clock) => leavingAtOnce(original, clock),
  },
  {
    defect: 'the time of a grant is not called off',
    steppedOnly: true,
    library: withDecoration((lock, timeout) => {
      const acquire = lock.acquire.bind(lock);
      return {
        ...lock,
        acquire: (weight, priority) => {
          const ticket = acquire(weight, priority);
          setTimeout(() => undefined, timeout);
          return ticket;
        },
      };
    }),
  },
  {
    defect: 'the own error of a decorator is forgotten',
    steppedOnly: true,
    library: {
      ...original,
      withTimeout: ((lock: never, ms: number) => original.withTimeout(lock, ms)) as Library['withTimeout'],
    },
  },
  {
    defect: 'tryAcquire refuses with E_TIMEOUT',
    steppedOnly: true,
    library: { ...original, tryAcquire: ((lock: never) => original.withTimeout(lock, 0)) as Library['tryAcquire'] },
  },
];

function withDecoration(decorate: (lock: SemaphoreInterface, timeout: number) => SemaphoreInterface): Library {
  const withTimeout = (lock: MutexInterface | SemaphoreInterface, timeout: number, error?: Error): SemaphoreInterface =>
    decorate(original.withTimeout(lock as SemaphoreInterface, timeout, error), timeout);
  return { ...original, withTimeout: withTimeout as Library['withTimeout'] };
}

/** Decides rightly, but tells it a turn later: for logs that are stamped with turns. */
export const LATE: Library = broken('', (lock) => {
  const acquire = lock.acquire.bind(lock);
  lock.acquire = (weight, priority) => acquire(weight, priority).then((ticket) => ticket);
}).library;

/** Made like the mutants, but right: must not be told apart, or the others prove nothing. */
export const UNBROKEN: Library = broken('none', () => undefined).library;

export const MUTANTS: readonly Mutant[] = [...DECISIONS, ...FACES];
