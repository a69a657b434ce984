/**
 * Shapes of asynchronous code, each with what its two locks must teach: A -> B is `strict` when the holder of A really
 * waits for B, and must never be strict when it does not. `unknown`: waits, but no proof can be had; never strict.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LockGuard, Mutex, Releaser } from '../../src/index.js';

export interface Locks {
  readonly a: Mutex;
  readonly b: Mutex;
}

export interface Shape {
  readonly name: string;
  /** strict: A -> B must be learned as strict. never: it must not be strict. none: it must not be learned at all. */
  readonly edge: 'strict' | 'never' | 'none';
  readonly run: (locks: Locks) => Promise<unknown>;
  /** Strict without promise hooks too: the outer hold is a scope. */
  readonly light?: true;
}

async function take(lock: Mutex): Promise<void> {
  const release = await lock.acquire();
  await Promise.resolve();
  release();
}

async function takeLate(lock: Mutex): Promise<void> {
  await nextTurn();
  await take(lock);
}

async function takeAndReturn(lock: Mutex): Promise<Releaser> {
  return await lock.acquire();
}

function passOn(lock: Mutex): Promise<Releaser> {
  return lock.acquire();
}

async function promiseOn(lock: Mutex): Promise<Releaser> {
  return lock.acquire();
}

async function takeAtOnce(lock: Mutex): Promise<void> {
  (await lock.acquire())();
}

async function pass<T>(work: () => Promise<T>): Promise<T> {
  return work();
}

async function takeBoth(first: Mutex, second: Mutex): Promise<Releaser[]> {
  return [await first.acquire(), await second.acquire()];
}

class Session {
  #guard: LockGuard | undefined;
  async open(lock: Mutex): Promise<void> {
    await nextTurn();
    this.#guard = await lock.lock();
  }
  close(): void {
    this.#guard?.release();
  }
}

/** Work that was started and not awaited, for the end of a shape to wait for. */
function started(): { readonly all: Promise<unknown>[]; add(work: Promise<unknown>): void } {
  const all: Promise<unknown>[] = [];
  return { all, add: (work) => void all.push(work) };
}

export const SHAPES: readonly Shape[] = [
  {
    name: 'both by acquire in one function',
    edge: 'strict',
    run: async ({ a, b }) => {
      const first = await a.acquire();
      const second = await b.acquire();
      second();
      first();
    },
  },
  {
    name: 'released in the order of acquisition',
    edge: 'strict',
    run: async ({ a, b }) => {
      const first = await a.acquire();
      const second = await b.acquire();
      first();
      await Promise.resolve();
      second();
    },
  },
  {
    name: 'nested runExclusive',
    edge: 'strict',
    light: true,
    run: ({ a, b }) => a.runExclusive(() => b.runExclusive(() => 1)),
  },
  {
    name: 'runExclusive around a helper that acquires',
    edge: 'strict',
    light: true,
    run: ({ a, b }) => a.runExclusive(async () => await take(b)),
  },
  {
    name: 'runExclusive around a helper whose promise is returned',
    edge: 'strict',
    light: true,
    run: ({ a, b }) => a.runExclusive(() => take(b)),
  },
  {
    name: 'acquire, then a helper that runs exclusively',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      await b.runExclusive(async () => await nextTurn());
      release();
    },
  },
  {
    name: 'acquire, then an awaited helper that acquires late',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      await takeLate(b);
      release();
    },
  },
  {
    name: 'a plain helper passes the promise on',
    edge: 'strict',
    run: async ({ a, b }) => {
      const first = await passOn(a);
      const second = await passOn(b);
      second();
      first();
    },
  },
  {
    name: 'async helpers return the releaser',
    edge: 'strict',
    run: async ({ a, b }) => {
      const first = await takeAndReturn(a);
      const second = await takeAndReturn(b);
      second();
      first();
    },
  },
  {
    name: 'async helpers return the promise of the releaser',
    edge: 'strict',
    run: async ({ a, b }) => {
      const first = await promiseOn(a);
      const second = await promiseOn(b);
      second();
      first();
    },
  },
  {
    name: 'one helper takes both and returns the releasers',
    edge: 'strict',
    run: async ({ a, b }) => {
      for (const release of await takeBoth(a, b)) release();
    },
  },
  {
    name: 'a session holds from open to close',
    edge: 'strict',
    run: async ({ a, b }) => {
      const session = new Session();
      await session.open(a);
      await take(b);
      session.close();
    },
  },
  {
    name: 'guards of lock()',
    edge: 'strict',
    run: async ({ a, b }) => {
      const first = await a.lock();
      const second = await b.lock();
      second.release();
      first.release();
    },
  },
  {
    name: 'two locks in one Promise.all: whichever comes first is held while the other is waited for',
    edge: 'strict',
    run: async ({ a, b }) => {
      const releases = await Promise.all([a.acquire(), b.acquire()]);
      for (const release of releases) release();
    },
  },
  {
    name: 'Promise.all of two siblings that take one lock each',
    edge: 'none',
    run: ({ a, b }) => Promise.all([take(a), take(b), takeLate(b), takeLate(a)]),
  },
  {
    name: 'Promise.all of two siblings that run exclusively',
    edge: 'none',
    run: ({ a, b }) =>
      Promise.all([a.runExclusive(async () => await nextTurn()), b.runExclusive(async () => await nextTurn())]),
  },
  {
    name: 'a callback of then takes the second lock and is awaited',
    edge: 'strict',
    run: ({ a, b }) =>
      a.acquire().then(async (release) => {
        await take(b);
        release();
      }),
  },
  {
    name: 'a callback of then is the holder, and its helper releases at once',
    edge: 'strict',
    run: ({ a, b }) =>
      a.acquire().then(async (release) => {
        (await takeAndReturn(b))();
        release();
      }),
  },
  {
    name: 'a returned helper that releases at once',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      await pass(() => takeAtOnce(b));
      release();
    },
  },
  {
    name: 'a child with a second reaction on its promise',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      const child = takeLate(b);
      child.catch(() => undefined);
      await child;
      release();
    },
  },
  {
    name: 'a child awaited through new Promise, resolved where the child ends',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      await new Promise<void>((resolve) => {
        void takeLate(b).then(() => resolve());
      });
      release();
    },
  },
  {
    name: 'a child with a second reaction on its promise, in a scope',
    edge: 'strict',
    run: ({ a, b }) =>
      a.runExclusive(async () => {
        const child = takeLate(b);
        child.catch(() => undefined);
        await child;
      }),
  },
  {
    name: 'a child with a second reaction that nobody awaits, in a scope',
    edge: 'never',
    run: async ({ a, b }) => {
      const work = started();
      await a.runExclusive(async () => {
        const child = takeLate(b);
        child.catch(() => undefined);
        work.add(child);
        for (let turn = 0; turn < 8; turn++) await nextTurn();
      });
      await Promise.all(work.all);
    },
  },
  {
    name: 'a child awaited through a memoised promise',
    edge: 'strict',
    run: async ({ a, b }) => {
      const child = takeLate(b);
      await a.runExclusive(async () => {
        const inner = takeLate(b);
        await Promise.all([inner, inner, child]);
      });
    },
  },
  {
    name: 'started under the lock, something else awaited, then awaited',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      const child = take(b);
      await nextTurn();
      await child;
      release();
    },
  },
  {
    name: 'a callback of then signals and keeps the lock; who awaits the signal does not hold it',
    edge: 'never',
    run: async ({ a, b }) => {
      const { promise, resolve } = deferred<void>();
      const kept = takeAndReturn(a).then(async (release) => {
        resolve();
        await nextTurn();
        await nextTurn();
        release();
      });
      await promise;
      await take(b);
      await kept;
    },
  },
  {
    name: 'the same with a plain callback, which leaves the release to a timer',
    edge: 'never',
    run: async ({ a, b }) => {
      const { promise, resolve } = deferred<void>();
      const ended = deferred<void>();
      void takeAndReturn(a).then((release) => {
        setTimeout(() => {
          release();
          ended.resolve();
        }, 2);
        resolve();
      });
      await promise;
      await take(b);
      await ended.promise;
    },
  },
  {
    name: 'the same, and who awaits the signal releases: a hand-off',
    edge: 'strict',
    run: async ({ a, b }) => {
      const { promise, resolve } = deferred<Releaser>();
      void takeAndReturn(a).then((release) => resolve(release));
      const release = await promise;
      await take(b);
      release();
    },
  },
  {
    name: 'a new promise resolved with that of a helper',
    edge: 'strict',
    run: async ({ a, b }) => {
      const release = await new Promise<Releaser>((resolve) => resolve(takeAndReturn(a)));
      await new Promise<void>((resolve) => resolve(take(b)));
      release();
    },
  },
  {
    name: 'tryAcquire, then a wait',
    edge: 'strict',
    run: async ({ a, b }) => {
      await nextTurn();
      const release = a.tryAcquire();
      await take(b);
      release?.();
    },
  },
  {
    name: 'a wait, then tryAcquire',
    edge: 'none',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      b.tryAcquire()?.();
      release();
    },
  },
  {
    name: 'released before the second is wanted',
    edge: 'none',
    run: async ({ a, b }) => {
      (await a.acquire())();
      await take(b);
    },
  },
  {
    name: 'detached child in runExclusive outlives the scope',
    edge: 'none',
    run: async ({ a, b }) => {
      const work = started();
      await a.runExclusive(() => {
        work.add(takeLate(b));
      });
      await Promise.all(work.all);
    },
  },
  {
    name: 'detached child in runExclusive ends first',
    edge: 'never',
    run: async ({ a, b }) => {
      const work = started();
      await a.runExclusive(async () => {
        work.add(takeLate(b));
        for (let turn = 0; turn < 8; turn++) await nextTurn();
      });
      await Promise.all(work.all);
    },
  },
  {
    name: 'detached child under an imperative hold ends first',
    edge: 'never',
    run: async ({ a, b }) => {
      const work = started();
      const release = await a.acquire();
      work.add(takeLate(b));
      for (let turn = 0; turn < 8; turn++) await nextTurn();
      release();
      await Promise.all(work.all);
    },
  },
  {
    name: 'a worker loop starts jobs without awaiting them',
    edge: 'none',
    run: async ({ a, b }) => {
      const work = started();
      for (const lock of [a, b, a, b]) {
        work.add(take(lock));
        await nextTurn();
      }
      await Promise.all(work.all);
    },
  },
  {
    name: 'started, something else awaited, then awaited',
    edge: 'none',
    run: async ({ a, b }) => {
      const first = take(a);
      await take(b);
      await first;
    },
  },
  {
    name: 'an emitter calls a detached handler under the lock',
    edge: 'never',
    run: async ({ a, b }) => {
      const work = started();
      const emitter = new EventEmitter();
      emitter.on('event', () => work.add(takeLate(b)));
      await a.runExclusive(async () => {
        emitter.emit('event');
        for (let turn = 0; turn < 8; turn++) await nextTurn();
      });
      await Promise.all(work.all);
    },
  },
  {
    name: 'a timer set under the lock fires after it',
    edge: 'none',
    run: async ({ a, b }) => {
      const { promise, resolve } = deferred<void>();
      await a.runExclusive(() => {
        setTimeout(() => resolve(take(b)), 1);
      });
      await promise;
    },
  },
  {
    name: 'an awaited Promise.all of children under the lock',
    edge: 'strict',
    light: true,
    run: ({ a, b }) => a.runExclusive(async () => void (await Promise.all([takeLate(b), nextTurn()]))),
  },
  {
    name: 'a loop of acquisitions, one after the other',
    edge: 'none',
    run: async ({ a, b }) => {
      for (const lock of [a, b, a, b, a]) (await lock.acquire())();
    },
  },
  {
    name: 'the waiter gives up, and goes on without the lock',
    edge: 'none',
    run: async ({ a, b }) => {
      const release = await a.acquire();
      const waiter = a.acquire({ signal: AbortSignal.abort(new Error('enough')) }).catch(() => undefined);
      release();
      await waiter;
      await take(b);
    },
  },
];

function deferred<T>(): { promise: Promise<T>; resolve: (value: T | PromiseLike<T>) => void } {
  let resolve!: (value: T | PromiseLike<T>) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
