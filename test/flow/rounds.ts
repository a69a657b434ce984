/**
 * Flows without an end: each round begins the next one before it lets go of what it holds, so what one round keeps of the
 * round before it, the last one keeps of all.
 */
import { EventEmitter } from 'node:events';
import { withTimeout } from '../../src/locks/with-timeout.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { Releaser } from '../../src/index.js';

export type Round = () => unknown;

/** Makes the round of one form. `next` begins another round, or ends the flow; each round calls it once. */
export type MakeRound = (world: IsolatedLockdep, next: Round) => Round;

const fine = (): void => undefined;

/** Awaited for one microtask turn. */
const ready = Promise.resolve();

const locks: Record<string, MakeRound> = {
  'a lock': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire();
      next();
      release();
    };
  },
  'a lock, awaited in a helper': ({ Mutex }, next) => {
    const lock = new Mutex();
    const take = async (): Promise<() => void> => await lock.acquire();
    return async () => {
      const release = await take();
      next();
      release();
    };
  },
  'a lock, held over an await': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire();
      next();
      await ready;
      release();
    };
  },
  'a guard': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const guard = await lock.lock();
      next();
      guard.release();
    };
  },
  'a guard in a using block': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const guard = await lock.lock();
      try {
        next();
        await ready;
      } finally {
        guard[Symbol.dispose]();
      }
    };
  },
  'a pinned guard, handed off and adopted': ({ Mutex, lockdep }, next) => {
    const lock = new Mutex();
    return async () => {
      const guard = await lock.lock();
      guard.pin()[Symbol.dispose]();
      guard.transfer();
      lockdep.adopt(guard);
      next();
      await ready;
      guard.release();
    };
  },
  'a lock released by a later callback': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire();
      next();
      void Promise.resolve().then(release);
    };
  },
  'a lock released by release()': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      await lock.acquire();
      next();
      lock.release();
    };
  },
  'two locks': ({ Mutex }, next) => {
    const [outer, inner] = [new Mutex(), new Mutex()];
    return async () => {
      const releaseOuter = await outer.acquire();
      const releaseInner = await inner.acquire();
      next();
      releaseInner();
      releaseOuter();
    };
  },
  'two locks, hand over hand': ({ Mutex }, next) => {
    const [first, second] = [new Mutex(), new Mutex()];
    return async () => {
      const releaseFirst = await first.acquire();
      const releaseSecond = await second.acquire();
      releaseFirst();
      next();
      await ready;
      releaseSecond();
    };
  },
  'a new lock for each round': ({ Mutex }, next) => {
    const outer = new Mutex({ class: 'test.outer' });
    return async () => {
      const release = await outer.acquire();
      const own = new Mutex({ class: 'test.own' });
      const releaseOwn = await own.acquire();
      next();
      await ready;
      releaseOwn();
      release();
    };
  },
  'a lock that is passed from round to round': ({ Mutex }, next) => {
    const [first, second] = [new Mutex(), new Mutex()];
    let before = fine;
    let at = 0;
    return async () => {
      const release = await (at++ % 2 === 0 ? first : second).acquire();
      const passed = before;
      before = release;
      next();
      await ready;
      passed();
    };
  },
  'a lock taken without waiting': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = lock.tryAcquire();
      await ready;
      next();
      release?.();
    };
  },
  'a bounded wait': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire({ timeout: 60_000 });
      next();
      release();
    };
  },
  'a wait that is bounded by a decorator': ({ Mutex }, next) => {
    const lock = withTimeout(new Mutex(), 60_000);
    return async () => {
      const release = await lock.acquire();
      next();
      release();
    };
  },
  'waits bounded by one signal': ({ Mutex }, next) => {
    const lock = new Mutex();
    const { signal } = new AbortController();
    return async () => {
      const release = await lock.acquire({ signal });
      next();
      release();
    };
  },
  'a wait that is given up': ({ Mutex }, next) => {
    const [lock, taken] = [new Mutex(), new Mutex()];
    void taken.acquire();
    return async () => {
      const release = await lock.acquire();
      const controller = new AbortController();
      const given = taken.acquire({ signal: controller.signal }).catch(fine);
      next();
      controller.abort();
      await given;
      release();
    };
  },
  'a wait that is canceled': ({ Mutex }, next) => {
    const [lock, taken] = [new Mutex(), new Mutex()];
    void taken.acquire();
    return async () => {
      const release = await lock.acquire();
      const given = taken.acquire().catch(fine);
      next();
      taken.cancel();
      await given;
      release();
    };
  },
  'a permit': ({ Semaphore }, next) => {
    const permits = new Semaphore(2);
    return async () => {
      const [, release] = await permits.acquire();
      next();
      release();
    };
  },
  'all permits': ({ Semaphore }, next) => {
    const permits = new Semaphore(3);
    return async () => {
      const [, release] = await permits.acquire(3);
      next();
      await ready;
      release();
    };
  },
  'a read and a write': ({ RWSemaphore }, next) => {
    const lock = new RWSemaphore();
    return async () => {
      const write = await lock.lockWrite();
      const read = write.downgrade();
      next();
      await ready;
      read.release();
    };
  },
  'reads beside writes': ({ RWSemaphore }, next) => {
    const lock = new RWSemaphore();
    let at = 0;
    return async () => {
      const release = await (at++ % 2 === 0 ? lock.acquireRead() : lock.acquireWrite());
      next();
      await ready;
      release();
    };
  },
  'a lock of a reader-preferring kind': ({ RWSemaphore }, next) => {
    const lock = new RWSemaphore({ fairness: 'reader-preferring' });
    let at = 0;
    return async () => {
      const release = await (at++ % 2 === 0 ? lock.acquireRead() : lock.acquireWrite());
      next();
      await ready;
      release();
    };
  },
  'two locks taken together': ({ Mutex }, next) => {
    const [first, second] = [new Mutex(), new Mutex()];
    return async () => {
      const releases = await Promise.all([first.acquire(), second.acquire()]);
      next();
      for (const release of releases) release();
    };
  },
  'the first of two locks': ({ Mutex }, next) => {
    const [first, second] = [new Mutex(), new Mutex()];
    return async () => {
      const both = [first.acquire(), second.acquire()];
      await Promise.race(both);
      next();
      for (const taken of both) (await taken)();
    };
  },
  'a lock that is asked for': ({ Mutex, lockdep }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire();
      lockdep.assertHeld(lock);
      next();
      await ready;
      release();
    };
  },
  'a lock whose class changes': ({ Mutex }, next) => {
    const lock = new Mutex({ class: 'test.one' });
    const [one, other] = ['test.one', 'test.other'].map((name) => new Mutex({ class: name }).lockClass);
    let at = 0;
    return async () => {
      const release = await lock.acquire();
      lock.setClass((at++ % 2 === 0 ? one : other) as typeof lock.lockClass);
      next();
      await ready;
      release();
    };
  },
};

const scopes: Record<string, MakeRound> = {
  'a scope': ({ Mutex }, next) => {
    const lock = new Mutex();
    return () => lock.runExclusive(async () => next());
  },
  'a plain scope': ({ Mutex }, next) => {
    const lock = new Mutex();
    return () =>
      lock.runExclusive(() => {
        next();
      });
  },
  'a scope with awaits': ({ Mutex }, next) => {
    const lock = new Mutex();
    return () =>
      lock.runExclusive(async () => {
        await ready;
        next();
        await ready;
      });
  },
  'scope in scope': ({ Mutex }, next) => {
    const [outer, inner] = [new Mutex(), new Mutex()];
    return () =>
      outer.runExclusive(() =>
        inner.runExclusive(async () => {
          await ready;
          next();
          await ready;
        }),
      );
  },
  'a scope that fails': ({ Mutex }, next) => {
    const lock = new Mutex();
    return () =>
      lock
        .runExclusive(async () => {
          next();
          await ready;
          throw new Error('as it must');
        })
        .catch(fine);
  },
  'a lock in a scope': ({ Mutex }, next) => {
    const [outer, inner] = [new Mutex(), new Mutex()];
    return () =>
      outer.runExclusive(async () => {
        const release = await inner.acquire();
        next();
        await ready;
        release();
      });
  },
  'a scope of permits': ({ Semaphore }, next) => {
    const permits = new Semaphore(2);
    return () =>
      permits.runExclusive(async () => {
        await ready;
        next();
        await ready;
      });
  },
  'scopes of a reader/writer lock': ({ RWSemaphore }, next) => {
    const lock = new RWSemaphore();
    const work = async (): Promise<void> => {
      await ready;
      next();
      await ready;
    };
    let at = 0;
    return () => (at++ % 2 === 0 ? lock.runRead(work) : lock.runWrite(work));
  },
  'a bounded scope': ({ Mutex }, next) => {
    const lock = new Mutex();
    return () =>
      lock.runExclusive(
        async () => {
          await ready;
          next();
          await ready;
        },
        { timeout: 60_000 },
      );
  },
  'a section': ({ PseudoLock, Mutex }, next) => {
    const [section, lock] = [new PseudoLock({ shared: true }), new Mutex()];
    return () =>
      section.run(async () => {
        const release = await lock.acquire();
        next();
        await ready;
        release();
      });
  },
  'an entered section': ({ PseudoLock }, next) => {
    const section = new PseudoLock({ shared: true });
    return async () => {
      const entered = section.enter();
      await ready;
      next();
      await ready;
      entered[Symbol.dispose]();
    };
  },
  'a lock that might be taken': ({ Mutex }, next) => {
    const [outer, inner] = [new Mutex(), new Mutex()];
    return () =>
      outer.runExclusive(async () => {
        inner.might();
        await ready;
        next();
        await ready;
      });
  },
};

/** A round that takes a lock, by a call or as a scope, and begins the next one by `start`. */
function startedBy(start: (next: Round) => unknown): MakeRound {
  return ({ Mutex }, next) => {
    const [lock, scope] = [new Mutex(), new Mutex()];
    return () =>
      scope.runExclusive(async () => {
        const release = await lock.acquire();
        start(next);
        await ready;
        release();
      });
  };
}

const starts: Record<string, MakeRound> = {
  'started by setImmediate': startedBy((begin) => setImmediate(begin)),
  'started by nextTick': startedBy((begin) => process.nextTick(begin)),
  'started by queueMicrotask': startedBy((begin) => queueMicrotask(() => void begin())),
  'started by then': startedBy((begin) => Promise.resolve().then(begin)),
  'started by catch': startedBy((begin) => Promise.reject(new Error('as it must')).catch(begin)),
  'started by finally': startedBy((begin) => Promise.resolve().finally(() => begin())),
  'started by a callback behind an await': startedBy(async (begin) => {
    await ready;
    begin();
  }),
  'started by an event': startedBy((begin) => new EventEmitter().once('go', begin).emit('go')),
  'started by the lock before it': ({ Mutex }, next) => {
    const lock = new Mutex();
    const work = (release: Releaser): void => {
      next();
      release();
    };
    return () => lock.acquire().then(work);
  },
  'started by a chain': ({ Mutex }, next) => {
    const lock = new Mutex();
    const begin = (release: Releaser): Releaser => {
      next();
      return release;
    };
    return () =>
      lock
        .acquire()
        .then(begin)
        .then((release) => release())
        .catch(fine)
        .finally(fine);
  },
  'started by a combinator': ({ Mutex }, next) => {
    const lock = new Mutex();
    return () =>
      lock.runExclusive(async () => {
        await Promise.all([ready, Promise.resolve(), (async () => void next())()]);
        await Promise.race([ready, Promise.resolve()]);
      });
  },
};

const tasks: Record<string, MakeRound> = {
  'detached work': ({ Mutex, lockdep }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire();
      lockdep.detached(() => void next());
      await ready;
      release();
    };
  },
  'a task': ({ Mutex, lockdep }, next) => {
    const lock = new Mutex();
    return async () => {
      const release = await lock.acquire();
      void lockdep.task('round', async () => {
        await ready;
        next();
        await ready;
      });
      await ready;
      release();
    };
  },
  'a task with a lock': ({ Mutex, lockdep }, next) => {
    const lock = new Mutex();
    return () =>
      lockdep.task('round', async () => {
        const release = await lock.acquire();
        next();
        await ready;
        release();
      });
  },
  'structured work': ({ Mutex, lockdep }, next) => {
    const [lock, inner] = [new Mutex(), new Mutex()];
    return async () => {
      const release = await lock.acquire();
      await lockdep.structured(async () => {
        await inner.runExclusive(() => null);
        next();
      });
      release();
    };
  },
  'a generator': ({ Mutex }, next) => {
    const lock = new Mutex();
    async function* values(): AsyncGenerator<number, void, undefined> {
      const release = await lock.acquire();
      try {
        yield 1;
        yield 2;
      } finally {
        release();
      }
    }
    return async () => {
      for await (const value of values()) if (value === 1) next();
    };
  },
  'work of a queue': ({ WorkQueue }, next) => {
    const queue = new WorkQueue();
    return () =>
      queue.run(async () => {
        next();
        await ready;
      });
  },
  'work of a queue with several slots, under a lock': ({ WorkQueue, Mutex }, next) => {
    const [queue, lock] = [new WorkQueue({ concurrency: 4 }), new Mutex()];
    return () =>
      queue.run(() =>
        lock.runExclusive(async () => {
          await ready;
          next();
          await ready;
        }),
      );
  },
  'work of an unbounded queue': ({ WorkQueue, Mutex }, next) => {
    const [queue, lock] = [new WorkQueue({ concurrency: Infinity }), new Mutex()];
    return () =>
      queue.run(async () => {
        const release = await lock.acquire();
        next();
        await ready;
        release();
      });
  },
  'work that is submitted under a lock': ({ WorkQueue, Mutex }, next) => {
    const [queue, lock] = [new WorkQueue(), new Mutex()];
    return () =>
      lock.runExclusive(async () => {
        void queue.run(async () => {
          await ready;
          next();
        });
        await ready;
      });
  },
  'work that is awaited under a lock': ({ WorkQueue, Mutex }, next) => {
    const [queue, lock] = [new WorkQueue(), new Mutex()];
    return async () => {
      const release = await lock.acquire();
      await queue.run(async () => null);
      next();
      release();
    };
  },
  'work with a signal': ({ WorkQueue }, next) => {
    const queue = new WorkQueue();
    const { signal } = new AbortController();
    return () =>
      queue.run(
        async (own) => {
          own.throwIfAborted();
          next();
          await ready;
        },
        { signal },
      );
  },
  'an item that enqueues itself': ({ WorkQueue, WorkItem }, next) => {
    const queue = new WorkQueue();
    const item = new WorkItem(async () => {
      next();
      await ready;
    });
    return () => queue.enqueue(item);
  },
  'an item that is flushed': ({ WorkQueue, WorkItem, Mutex }, next) => {
    const [queue, lock] = [new WorkQueue(), new Mutex()];
    const item = new WorkItem(async () => null);
    return async () => {
      const release = await lock.acquire();
      queue.enqueue(item);
      await item.flush();
      next();
      release();
    };
  },
  'an idle queue that is waited for': ({ WorkQueue, Mutex }, next) => {
    const [queue, lock] = [new WorkQueue(), new Mutex()];
    return async () => {
      const release = await lock.acquire();
      void queue.run(async () => null);
      await queue.onIdle();
      next();
      release();
    };
  },
  'a completion': ({ Completion, Mutex }, next) => {
    const [lock, done] = [new Mutex(), new Completion()];
    return async () => {
      const release = await lock.acquire();
      const waited = done.wait();
      done.complete();
      await waited;
      next();
      await ready;
      release();
    };
  },
  'a completion by another flow': ({ Completion, Mutex }, next) => {
    const [lock, done] = [new Mutex(), new Completion()];
    return async () => {
      const release = await lock.acquire();
      void Promise.resolve().then(() => done.complete());
      await done.wait({ timeout: 60_000 });
      next();
      release();
    };
  },
  'signalling sections': ({ Completion, Mutex }, next) => {
    const [lock, done] = [new Mutex(), new Completion()];
    return () =>
      done.signalling(async () => {
        const release = await lock.acquire();
        next();
        await ready;
        release();
      });
  },
  'the unlock of a lock': ({ Mutex }, next) => {
    const lock = new Mutex();
    return async () => {
      await lock.waitForUnlock();
      const release = await lock.acquire();
      next();
      await ready;
      release();
    };
  },
  'the unlock of another lock': ({ Mutex }, next) => {
    const [lock, other] = [new Mutex(), new Mutex()];
    return async () => {
      const release = await lock.acquire();
      const taken = await other.acquire();
      queueMicrotask(taken);
      await other.waitForUnlock();
      next();
      release();
    };
  },
  'a lock joined with its unlock': ({ Mutex }, next) => {
    const [lock, other] = [new Mutex(), new Mutex()];
    return async () => {
      const [release] = await Promise.all([lock.acquire(), other.waitForUnlock()]);
      next();
      await ready;
      release();
    };
  },
};

/** The forms, by the situation of a round. */
export const ROUNDS: Readonly<Record<string, MakeRound>> = { ...locks, ...scopes, ...starts, ...tasks };

/** Runs `make`'s rounds, and calls `at` within the round of each number that it names, in order. */
export function runRounds(world: IsolatedLockdep, make: MakeRound, at: ReadonlyMap<number, () => void>): Promise<void> {
  const last = Math.max(...at.keys());
  return new Promise((resolve) => {
    let rounds = 0;
    const round = make(world, () => {
      rounds += 1;
      at.get(rounds)?.();
      if (rounds < last) void round();
      else resolve();
    });
    void round();
  });
}
