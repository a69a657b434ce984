/** Who goes on with the lock: chains of then, wrappers, deferreds, memoised promises, sync callbacks, errors. */
import { withTimeout, type Mutex, type Releaser } from '../../../src/index.js';
import { deferred, shape, take, turn, turns, type HeldShape, type Probe } from './world.js';

/** As often written by hand around a lock. */
async function withLock<T>(lock: Mutex, work: () => Promise<T>): Promise<T> {
  const release = await lock.acquire();
  try {
    return await work();
  } finally {
    release();
  }
}

/** Past the `then` that a promise has of its own. */
function nativeThen<T, R>(promise: Promise<T>, callback: (value: T) => R | Promise<R>): Promise<R> {
  return Promise.prototype.then.call(promise, callback as (value: unknown) => R | Promise<R>) as Promise<R>;
}

function byHandTimeout(lock: Mutex, ms: number): Promise<Releaser> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too late')), ms);
    void lock.acquire().then((release) => {
      clearTimeout(timer);
      resolve(release);
    });
  });
}

/** What the promise of a helper brings may be a mere signal to a callback; that of `acquire` brings the lock. */
function probeCallback(probe: Probe, acquire: (lock: Mutex) => Promise<Releaser>, lock: Mutex, at: string): void {
  if (acquire === take) probe.missed('not by await', lock, at);
  else probe.held(lock, at);
}

export const flows: readonly HeldShape[] = [
  shape(
    'a callback of then',
    ({ a, probe }) =>
      a.acquire().then((release) => {
        probe.held(a, 'in the callback');
        release();
      }),
    async ({ a, probe }) => {
      const chain = a.acquire().then((release) => release());
      probe.not(a, 'beside the chain');
      await chain;
      probe.not(a, 'after the chain');
    },
  ),
  shape(
    'an async callback of then',
    ({ a, probe }) =>
      a.acquire().then(async (release) => {
        await turn();
        probe.held(a, 'in the callback, later');
        release();
      }),
    async (world) => {
      const { a, probe } = world;
      world.background(
        a.acquire().then(async (release) => {
          await turns(4);
          release();
        }),
      );
      await turn();
      probe.not(a, 'beside the callback');
      await turn();
      probe.not(a, 'beside the callback, later');
    },
  ),
  ...(
    [
      ['acquire()', (lock) => lock.acquire()],
      ['a helper', take],
    ] satisfies [string, (lock: Mutex) => Promise<Releaser>][]
  ).map(([name, acquire]) =>
    shape(
      `a plain callback of then on ${name} calls an async function`,
      ({ a, probe }) => {
        const work = async (release: Releaser): Promise<void> => {
          probeCallback(probe, acquire, a, 'in its first turn');
          await turn();
          probe.missed('not by await', a, 'later');
          release();
        };
        return acquire(a).then((release) => work(release));
      },
      (world) => {
        const { a, probe } = world;
        const other = async (): Promise<void> => {
          await turn();
          probe.not(a, 'not the one that is returned');
        };
        return acquire(a).then((release) => {
          const kept = turns(3).then(() => release());
          world.background(other());
          return kept;
        });
      },
    ),
  ),
  ...(
    [
      ['acquire()', (lock) => lock.acquire()],
      ['a helper', take],
    ] satisfies [string, (lock: Mutex) => Promise<Releaser>][]
  ).map(([name, acquire]) =>
    shape(
      `the prototype's then on ${name}, as wrappers of promises call it`,
      async ({ a, probe }) => {
        await nativeThen(acquire(a), async (release) => {
          await turn();
          probeCallback(probe, acquire, a, 'in the callback, later');
          release();
        });
      },
      async (world) => {
        const { a, probe } = world;
        const signal = deferred();
        const kept = deferred();
        const other = async (): Promise<void> => {
          await turn();
          probe.not(a, 'a function that the callback calls');
        };
        const granted = acquire(a);
        await turn();
        world.background(
          nativeThen(granted, (release) => {
            void kept.promise.then(release);
            signal.resolve();
            world.background(other());
          }),
        );
        await signal.promise;
        probe.not(a, 'a mere signal');
        await turns(3);
        probe.not(a, 'a mere signal, later');
        kept.resolve();
      },
    ),
  ),
  ...(
    [
      ['acquire()', (lock) => lock.acquire()],
      ['a helper', take],
    ] satisfies [string, (lock: Mutex) => Promise<Releaser>][]
  ).map(([name, acquire]) =>
    shape(
      `the promise of ${name}, resolved with at once`,
      async ({ a, probe }) => {
        const release = await new Promise<Releaser>((resolve) => resolve(acquire(a)));
        probe.missed('not by await', a, 'awaited');
        await turn();
        probe.missed('not by await', a, 'awaited, later');
        release();
      },
      async ({ a, probe }) => {
        const pending = new Promise<Releaser>((resolve) => resolve(acquire(a)));
        await turns(2);
        probe.not(a, 'not awaited');
        (await pending)();
        probe.not(a, 'released');
      },
    ),
  ),
  shape(
    'catch and finally in between',
    async ({ a, probe }) => {
      const release = await a.acquire().catch(() => undefined);
      probe.held(a, 'past catch');
      release?.();
      const again = await a.acquire().finally(() => undefined);
      probe.missed('not by await', a, 'past finally');
      again();
    },
    async ({ a, probe }) => {
      await a.acquire({ signal: AbortSignal.abort(new Error('enough')) }).catch(() => undefined);
      probe.not(a, 'given up');
      await a
        .acquire()
        .then((release) => release())
        .finally(() => probe.not(a, 'released before'));
    },
  ),
  shape(
    'a wait that is given up',
    async ({ a, probe }) => {
      const stop = new AbortController();
      const release = await a.acquire({ signal: stop.signal });
      stop.abort();
      probe.held(a, 'the signal came too late');
      release();
    },
    async ({ a, b, probe }) => {
      const stop = new AbortController();
      const other = await b.acquire();
      const release = await a.acquire();
      const waiting = take(a);
      const givenUp = a.acquire({ signal: stop.signal }).then(
        () => probe.held(a, 'must not be granted'),
        () => probe.not(b, 'who gave up'),
      );
      stop.abort();
      await givenUp;
      release();
      probe.not(a, 'passed on to the next in the queue');
      (await waiting)();
      other();
    },
  ),
  shape(
    'withTimeout',
    async ({ a, probe }) => {
      const release = await withTimeout(a, 5000).acquire();
      probe.held(a, 'in time');
      await turn();
      probe.held(a, 'later');
      release();
    },
    async ({ a, b, probe }) => {
      const other = await b.acquire();
      const keeper = await new Promise<Releaser>((resolve) => void take(a).then((release) => resolve(release)));
      await withTimeout(a, 0)
        .acquire()
        .catch(() => probe.not(a, 'timed out'));
      keeper();
      // Who timed out takes it for a moment still, as with async-mutex.
      await turn();
      probe.not(a, 'after');
      other();
      // Whoever gave up has the lock for a moment.
      await turn();
    },
  ),
  shape(
    'a timeout written by hand',
    async ({ a, probe }) => {
      const release = await byHandTimeout(a, 5000);
      probe.missed('not by await', a, 'in time');
      await turn();
      probe.missed('not by await', a, 'later');
      release();
    },
    async ({ a, probe }) => {
      const pending = byHandTimeout(a, 5000);
      await turns(2);
      probe.not(a, 'beside');
      (await pending)();
      probe.not(a, 'after');
    },
  ),
  shape(
    'a releaser through a deferred',
    async (world) => {
      const { a, probe } = world;
      const handed = deferred<Releaser>();
      world.background(take(a).then(handed.resolve));
      const release = await handed.promise;
      probe.missed('not by await', a, 'the receiver');
      await turn();
      probe.missed('not by await', a, 'the receiver, later');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const signal = deferred();
      world.background(
        take(a).then(async (release) => {
          signal.resolve();
          await turns(3);
          release();
        }),
      );
      await signal.promise;
      probe.not(a, 'a mere signal');
      await turn();
      probe.not(a, 'a mere signal, later');
    },
  ),
  shape(
    'a memoised acquisition',
    async ({ a, probe }) => {
      let memo: Promise<Releaser> | undefined;
      const open = (): Promise<Releaser> => (memo ??= take(a));
      await open();
      probe.missed('not by await', a, 'first use');
      const release = await open();
      probe.missed('not by await', a, 'second use: two functions may await it');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const memo = take(a);
      const user = async (): Promise<void> => {
        await memo;
      };
      await Promise.all([user(), user()]);
      await turn();
      const release = await memo;
      release();
      probe.not(a, 'released');
      await user();
      probe.not(a, 'the memo is of a lock that is free');
    },
  ),
  shape(
    'a memoised promise of a child, in a scope',
    ({ a, probe }) =>
      a.runExclusive(async () => {
        const go = deferred();
        const memo = (async () => {
          await go.promise;
          probe.missed('off the stack', a, 'two reactions');
        })();
        void memo.then(() => undefined);
        setImmediate(go.resolve);
        await memo;
      }),
    async (world) => {
      const { a, probe } = world;
      await a.runExclusive(async () => {
        const memo = (async () => {
          await turn();
          probe.not(a, 'nobody waits');
        })();
        world.background(memo.catch(() => undefined));
        world.background(memo);
        await turns(3);
      });
    },
  ),
  shape(
    'a wrapper that holds around a callback',
    ({ a, probe }) =>
      withLock(a, async () => {
        probe.held(a, 'in its first turn');
        await turn();
        probe.missed('child of acquire', a, 'later');
      }),
    async (world) => {
      const { a, probe } = world;
      let late: Promise<void> | undefined;
      await withLock(a, async () => {
        late = (async () => {
          await turns(4);
          probe.not(a, 'started in it');
        })();
      });
      probe.not(a, 'after it');
      await late;
    },
  ),
  shape(
    'errors, try and finally',
    async ({ a, probe }) => {
      const release = await a.acquire();
      try {
        await (async () => {
          await turn();
          throw new Error('expected');
        })();
      } catch {
        probe.held(a, 'in catch');
      } finally {
        await turn();
        probe.held(a, 'in finally');
        release();
      }
    },
    async ({ a, probe }) => {
      const failing = (): Promise<void> =>
        a.runExclusive(async () => {
          await turn();
          throw new Error('expected');
        });
      await failing().catch(() => probe.not(a, 'in the handler'));
      try {
        await failing();
      } catch {
        probe.not(a, 'in catch');
      }
    },
  ),
  shape(
    'sync callbacks of arrays, getters and sorts',
    async ({ a, probe }) => {
      const release = await a.acquire();
      const look = (): number => {
        probe.held(a, 'in a sync callback');
        return 0;
      };
      [2, 1].toSorted(look);
      JSON.stringify({ toJSON: look });
      new Set([1]).forEach(look);
      'x'.replace(/x/, () => String(look()));
      release();
    },
    async ({ a, probe }) => {
      const look = (): number => {
        probe.not(a, 'in a sync callback');
        return 0;
      };
      const release = await a.acquire();
      release();
      [2, 1].toSorted(look);
      JSON.stringify({ toJSON: look });
      new Set([1]).forEach(look);
    },
  ),
  shape(
    'a callback of then that calls its own function again, detached',
    async ({ a, probe }) => {
      const poll = async (left: number): Promise<void> => {
        const release = await take(a);
        await turn();
        probe.missed('not by await', a, 'own');
        release();
        if (left > 0) await poll(left - 1);
      };
      await poll(1);
    },
    async (world) => {
      const { a, probe } = world;
      const ended = deferred();
      const poll = async (left: number): Promise<void> => {
        await turn();
        probe.not(a, 'before it is taken here');
        if (left === 0) return ended.resolve();
        void take(a).then((release) => {
          setImmediate(() => setImmediate(release));
          world.background(poll(left - 1));
        });
      };
      await poll(2);
      await ended.promise;
      world.background(turns(3));
    },
  ),
  shape(
    'two siblings of one function',
    async ({ a, b, probe }) => {
      const work = async (lock: Mutex, other: Mutex): Promise<void> => {
        const release = await lock.acquire();
        await turn();
        probe.held(lock, 'own');
        probe.not(other, 'of the sibling');
        await turn();
        release();
      };
      await Promise.all([work(a, b), work(b, a)]);
    },
    async (world) => {
      const { a, b, probe } = world;
      const work = async (lock: Mutex): Promise<void> => {
        const release = await lock.acquire();
        await turns(2);
        release();
      };
      world.background(work(a));
      probe.not(a, 'the starter');
      world.background(work(b));
      await turn();
      probe.not(a, 'the starter, later');
      probe.not(b, 'the starter, later');
    },
  ),
];
