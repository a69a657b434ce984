/** Pieces of whole programs: retries, pools, caches, queues between flows, pipes, processes, connections, modules. */
import { execFile } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Mutex, Releaser } from '../../../src/index.js';
import { deferred, shape, take, turn, turns, type Deferred, type HeldShape } from './world.js';

/** At most one job at a time; whoever ends starts the next. */
class Limit {
  readonly #jobs: (() => Promise<void>)[] = [];
  #busy = false;

  run(job: () => Promise<void>): Promise<void> {
    const done = deferred();
    this.#jobs.push(() => job().then(done.resolve, done.reject));
    this.#next();
    return done.promise;
  }

  #next(): void {
    const job = this.#busy ? undefined : this.#jobs.shift();
    if (job === undefined) return;
    this.#busy = true;
    void (async () => {
      await job();
      this.#busy = false;
      this.#next();
    })();
  }
}

/** Hands items from flow to flow. */
class Channel {
  readonly #takers: Deferred<void>[] = [];

  pull(): Promise<void> {
    const taker = deferred();
    this.#takers.push(taker);
    return taker.promise;
  }

  push(): void {
    this.#takers.shift()?.resolve();
  }
}

async function retry<T>(work: () => Promise<T>, times = 3): Promise<T> {
  for (let left = times; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
      await turn();
    }
  }
}

/** A transform that calls back with the lock, and lets it go later. */
function lockedTransform(lock: Mutex, look: () => void): Transform {
  return new Transform({
    objectMode: true,
    transform(chunk, _encoding, callback) {
      void (async () => {
        const release = await lock.acquire();
        await turn();
        look();
        callback(null, chunk);
        await turn();
        look();
        release();
      })();
    },
  });
}

export const programs: readonly HeldShape[] = [
  shape(
    'hand over hand',
    async ({ a, b, instance, probe }) => {
      let release = await a.acquire();
      for (const next of [b, new instance.Mutex(), new instance.Mutex()]) {
        const got = await next.acquire();
        release();
        probe.held(next, 'the next one');
        await turn();
        probe.held(next, 'the next one, later');
        release = got;
      }
      release();
    },
    async ({ a, b, instance, probe }) => {
      let [release, last] = [await a.acquire(), a];
      for (const next of [b, new instance.Mutex(), new instance.Mutex()]) {
        const got = await next.acquire();
        release();
        probe.not(last, 'the one before');
        await turn();
        probe.not(last, 'the one before, later');
        [release, last] = [got, next];
      }
      release();
    },
  ),
  shape(
    'tried again after a timeout',
    async (world) => {
      const { a, probe } = world;
      const busy = deferred();
      world.background(a.runExclusive(() => busy.promise));
      await turn();
      setImmediate(() => setImmediate(busy.resolve));
      const release = await retry(() => a.acquire({ timeout: 1 }), 100);
      probe.missed('not by await', a, 'had in the end');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const busy = deferred();
      world.background(a.runExclusive(() => busy.promise));
      await turn();
      const attempt = async (): Promise<void> => {
        await a.acquire({ timeout: 1 }).catch(() => undefined);
        probe.not(a, 'too late');
        throw new Error('expected');
      };
      await retry(attempt, 1).catch(() => probe.not(a, 'given up'));
      busy.resolve();
    },
  ),
  shape(
    'a race of two locks',
    async ({ a, b, probe }) => {
      const other = b.acquire();
      const release = await Promise.race([a.acquire(), other]);
      probe.missed('not by await', a, 'the winner');
      release();
      (await other)();
    },
    async (world) => {
      const { a, b, probe } = world;
      const [first, second] = [a.acquire(), b.acquire()];
      world.background(second.then(async (release) => (await turns(3), release())));
      const release = await Promise.race([first, second]);
      probe.not(b, 'the loser, which another flow has');
      await turn();
      probe.not(b, 'the same, later');
      release();
    },
  ),
  shape(
    'a cache of what is being loaded',
    async ({ a, probe }) => {
      const cache = new Map<string, Promise<void>>();
      const load = async (): Promise<void> => {
        const release = await a.acquire();
        await turn();
        probe.held(a, 'who loads');
        release();
      };
      const get = (key: string): Promise<void> => {
        const found = cache.get(key) ?? load().finally(() => cache.delete(key));
        cache.set(key, found);
        return found;
      };
      await Promise.all([get('x'), get('x'), get('y')]);
    },
    async (world) => {
      const { a, probe } = world;
      let loading: Promise<void> | undefined;
      const get = (): Promise<void> => (loading ??= a.runExclusive(() => turns(2)));
      const user = async (): Promise<void> => {
        await get();
        probe.not(a, 'who asked');
        await turn();
        probe.not(a, 'who asked, later');
      };
      await Promise.all([user(), user()]);
    },
  ),
  shape(
    'a pool whose last job starts the next',
    async ({ a, b, probe }) => {
      const pool = new Limit();
      const job = async (lock: Mutex): Promise<void> => {
        const release = await lock.acquire();
        await turn();
        probe.held(lock, 'in the job');
        release();
      };
      await Promise.all([a, b, a].map((lock) => pool.run(() => job(lock))));
    },
    async ({ a, b, probe }) => {
      const pool = new Limit();
      const job = async (lock: Mutex, other: Mutex): Promise<void> => {
        const release = await lock.acquire();
        probe.not(other, 'of the other job');
        await turn();
        probe.not(other, 'of the other job, later');
        release();
      };
      await Promise.all([pool.run(() => job(a, b)), pool.run(() => job(b, a)), pool.run(() => job(a, b))]);
    },
  ),
  shape(
    'a consumer that a holder wakes',
    async (world) => {
      const { a, probe } = world;
      const channel = new Channel();
      world.background(channel.pull());
      const release = await a.acquire();
      channel.push();
      await turn();
      probe.held(a, 'who wakes it');
      release();
    },
    async ({ a, b, probe }) => {
      const channel = new Channel();
      const consume = async (): Promise<void> => {
        await channel.pull();
        probe.not(a, 'woken');
        const release = await b.acquire();
        probe.not(a, 'with a lock of its own');
        await turn();
        probe.not(a, 'with a lock of its own, later');
        release();
      };
      const consumer = consume();
      const release = await a.acquire();
      channel.push();
      await turns(3);
      release();
      await consumer;
    },
  ),
  shape(
    'who signals and keeps the lock',
    async (world) => {
      const { a, probe } = world;
      const opened = deferred();
      const open = async (): Promise<Releaser> => {
        const release = await a.acquire();
        try {
          return release;
        } finally {
          opened.resolve();
        }
      };
      const release = await open();
      probe.missed('not by await', a, 'who opened it');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const opened = deferred();
      const emitter = new EventEmitter();
      const signalled = once(emitter, 'open');
      const open = async (): Promise<void> => {
        const release = await take(a);
        try {
          opened.resolve();
          emitter.emit('open');
        } finally {
          await turns(3);
          release();
        }
      };
      world.background(open());
      await opened.promise;
      probe.not(a, 'who waited for it');
      await signalled;
      probe.not(a, 'who waited for the event');
      await turn();
      probe.not(a, 'later');
    },
  ),
  shape(
    'a transform that calls back with the lock',
    async ({ a, probe }) => {
      const transform = lockedTransform(a, () => probe.held(a, 'in the transform'));
      await pipeline(Readable.from([1, 2]), transform, async (source: AsyncIterable<number>) => {
        for await (const _ of source) await turn();
      });
      await a.waitForUnlock();
    },
    async ({ a, probe }) => {
      const transform = lockedTransform(a, () => undefined);
      await pipeline(Readable.from([1, 2]), transform, async (source: AsyncIterable<number>) => {
        for await (const _ of source) probe.not(a, 'in the sink');
      });
      probe.not(a, 'after the pipeline');
      await a.waitForUnlock();
    },
  ),
  shape(
    'a child process',
    async ({ a, probe }) => {
      const release = await a.acquire();
      await promisify(execFile)(process.execPath, ['--version']);
      probe.held(a, 'after its end');
      release();
    },
    async ({ a, probe }) => {
      const release = await a.acquire();
      const done = deferred();
      execFile(process.execPath, ['--version'], () => {
        release();
        probe.not(a, 'where it was released');
        done.resolve();
      });
      await done.promise;
      probe.not(a, 'who had it');
    },
  ),
  shape(
    'an abort that releases',
    async (world) => {
      const { a, probe } = world;
      const stop = new AbortController();
      const release = await a.acquire();
      stop.signal.addEventListener('abort', release);
      await turn();
      probe.held(a, 'until then');
      stop.abort();
    },
    async ({ a, probe }) => {
      const stop = new AbortController();
      stop.signal.addEventListener('abort', await a.acquire());
      setImmediate(() => stop.abort());
      await once(stop.signal, 'abort');
      probe.not(a, 'who had it');
      await turn();
      probe.not(a, 'who had it, later');
    },
  ),
  shape(
    'a module imported under the lock',
    async ({ a, probe }) => {
      const release = await a.acquire();
      await import(`data:text/javascript,await 0;//${Math.random()}`);
      probe.held(a, 'after its end');
      release();
    },
    async ({ a, probe }) => {
      Object.assign(globalThis, { shapeUnderTest: { a } });
      const text = `export const release = await globalThis.shapeUnderTest.a.acquire();//${Math.random()}`;
      const { release } = (await import(`data:text/javascript,${text}`)) as { release: Releaser };
      Reflect.deleteProperty(globalThis, 'shapeUnderTest');
      release();
      probe.not(a, 'released by who imported it');
    },
  ),
];
