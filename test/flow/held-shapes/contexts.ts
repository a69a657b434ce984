/** Contexts that are kept and entered again: bind, snapshot, run, exit, pools. */
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { EventEmitterAsyncResource } from 'node:events';
import { deferred, shape, take, turn, turns, type HeldShape } from './world.js';

/** At most one job at a time; jobs run in the context of who asked, as the usual packages do. */
class Pool {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const bound = AsyncResource.bind(job);
    const result = this.#tail.then(() => bound());
    this.#tail = result.catch(() => undefined);
    return result;
  }
}

/** The same with a worker that runs all the time and knows nothing of who asked. */
class Worker {
  readonly #jobs: (() => Promise<void>)[] = [];
  #wake: () => void = () => undefined;
  #stopped = false;
  readonly ended: Promise<void> = this.#loop();

  async #loop(): Promise<void> {
    while (!this.#stopped) {
      const job = this.#jobs.shift();
      if (job !== undefined) await job();
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  run(job: () => Promise<void>): Promise<void> {
    const done = deferred();
    this.#jobs.push(async () => {
      await job();
      done.resolve();
    });
    this.#wake();
    return done.promise;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    return this.ended;
  }
}

async function withWorker(use: (worker: Worker) => Promise<unknown>): Promise<void> {
  const worker = new Worker();
  await turn();
  await use(worker);
  await worker.stop();
}

export const contexts: readonly HeldShape[] = [
  shape(
    'AsyncResource.bind in a scope',
    ({ a, probe }) =>
      a.runExclusive(async () => {
        const bound = AsyncResource.bind(async () => {
          await turn();
          probe.scoped(a, 'called and awaited by the holder');
        });
        await turn();
        await bound();
      }),
    async ({ a, probe }) => {
      const bound = deferred<() => Promise<void>>();
      const flow = bound.promise.then((call) => call());
      await a.runExclusive(async () => {
        bound.resolve(
          AsyncResource.bind(async () => {
            probe.not(a, 'called by another flow');
            await turn();
            probe.not(a, 'called by another flow, later');
          }),
        );
        await turns(3);
      });
      await flow;
    },
  ),
  shape(
    'bound outside, called and awaited in a scope',
    async ({ a, probe }) => {
      const bound = AsyncResource.bind(async () => {
        await turn();
        probe.scoped(a, 'in the callback');
      });
      await a.runExclusive(() => bound());
    },
    async (world) => {
      const { a, probe } = world;
      const bound = AsyncResource.bind(async () => {
        await turn();
        probe.not(a, 'in the callback');
      });
      await a.runExclusive(async () => {
        world.background(bound());
        await turns(3);
      });
    },
  ),
  shape(
    'bound under an acquire, called after the release',
    async ({ a, probe }) => {
      const release = await a.acquire();
      const bound = AsyncResource.bind(() => probe.held(a, 'called by the holder'));
      bound();
      release();
    },
    async ({ a, probe }) => {
      const release = await a.acquire();
      const bound = AsyncResource.bind(() => probe.not(a, 'called later'));
      release();
      bound();
      await turn();
      bound();
    },
  ),
  shape(
    'AsyncLocalStorage.snapshot',
    async ({ a, probe }) => {
      const enter = AsyncLocalStorage.snapshot() as <T>(fn: () => T) => T;
      await a.runExclusive(() =>
        enter(async () => {
          await turn();
          probe.scoped(a, 'a snapshot from outside, awaited by the holder');
        }),
      );
    },
    async ({ a, probe }) => {
      const enter = await a.runExclusive(async () => AsyncLocalStorage.snapshot() as <T>(fn: () => T) => T);
      enter(() => probe.not(a, 'a snapshot from a scope that has ended'));
      await enter(async () => {
        await turn();
        probe.not(a, 'the same, later');
      });
    },
  ),
  shape(
    'AsyncLocalStorage.run and bind of the program',
    async ({ a, probe }) => {
      const storage = new AsyncLocalStorage<number>();
      const release = await a.acquire();
      storage.run(1, () => probe.held(a, 'in run'));
      storage.exit(() => probe.held(a, 'in exit'));
      AsyncLocalStorage.bind(() => probe.held(a, 'in bind'))();
      release();
      await storage.run(2, () =>
        a.runExclusive(async () => {
          await turn();
          probe.scoped(a, 'a scope in run');
        }),
      );
    },
    async (world) => {
      const { a, probe } = world;
      const storage = new AsyncLocalStorage<number>();
      await storage.run(1, async () => {
        world.background(take(a).then(async (release) => (await turns(3), release())));
        await turn();
        probe.not(a, 'in run');
      });
      storage.exit(() => probe.not(a, 'in exit'));
    },
  ),
  shape(
    'EventEmitterAsyncResource',
    async ({ a, probe }) => {
      const emitter = new EventEmitterAsyncResource({ name: 'test' });
      const done = deferred();
      emitter.on('event', async () => {
        const release = await a.acquire();
        await turn();
        probe.held(a, 'in the handler');
        release();
        done.resolve();
      });
      emitter.emit('event');
      await done.promise;
      emitter.emitDestroy();
    },
    async ({ a, probe }) => {
      const emitter = await a.runExclusive(() => new EventEmitterAsyncResource({ name: 'test' }));
      emitter.on('event', () => probe.not(a, 'in the context of the scope that made it'));
      emitter.emit('event');
      emitter.emitDestroy();
    },
  ),
  shape(
    'jobs of a pool that binds them',
    async ({ a, b, probe }) => {
      const pool = new Pool();
      await Promise.all(
        [a, b].map((lock) =>
          pool.run(async () => {
            const release = await lock.acquire();
            await turn();
            probe.held(lock, 'in the job');
            release();
          }),
        ),
      );
    },
    async (world) => {
      const { a, b, probe } = world;
      const pool = new Pool();
      const first = pool.run(async () => {
        const release = await a.acquire();
        await turn();
        probe.not(b, 'in the job');
        release();
      });
      const second = pool.run(async () => {
        const release = await b.acquire();
        await turn();
        probe.not(a, 'in the next job');
        release();
      });
      probe.not(a, 'who asked');
      await Promise.all([first, second]);
    },
  ),
  shape(
    'a holder awaits a job of a pool that binds',
    async ({ a, probe }) => {
      const pool = new Pool();
      await a.runExclusive(() =>
        pool.run(async () => {
          await turn();
          probe.missed('off the stack', a, 'in the job');
        }),
      );
    },
    async (world) => {
      const { a, probe } = world;
      const pool = new Pool();
      await a.runExclusive(async () => {
        world.background(
          pool.run(async () => {
            await turn();
            probe.not(a, 'nobody waits');
          }),
        );
        await turns(3);
      });
    },
  ),
  shape(
    'a job of a worker, awaited by a scope',
    ({ a, probe }) =>
      withWorker((worker) =>
        a.runExclusive(() =>
          worker.run(async () => {
            probe.missed('job elsewhere', a, 'in the job');
            await turn();
            probe.missed('job elsewhere', a, 'in the job, later');
          }),
        ),
      ),
    (world) => {
      const { a, probe } = world;
      return withWorker((worker) =>
        a.runExclusive(async () => {
          world.background(worker.run(async () => probe.not(a, 'in the job')));
          await turns(3);
        }),
      );
    },
  ),
  shape(
    'a job of a worker that holds something else',
    ({ a, b, probe }) =>
      withWorker((worker) =>
        a.runExclusive(() =>
          worker.run(async () => {
            const release = await b.acquire();
            await turn();
            probe.missed('job elsewhere', a, 'in the job');
            probe.held(b, 'its own');
            release();
            probe.missed('job elsewhere', a, 'in the job, later');
          }),
        ),
      ),
    ({ a, b, probe }) =>
      withWorker(async (worker) => {
        const first = worker.run(async () => {
          const release = await b.acquire();
          await turn();
          release();
        });
        await worker.run(async () => probe.not(b, 'the next job'));
        probe.not(a, 'who asked');
        await first;
      }),
  ),
  shape(
    'a job that the asker bound in structured',
    ({ a, lockdep, probe }) =>
      withWorker(async (worker) => {
        const job = async (): Promise<void> => {
          await turn();
          probe.held(a, 'in the job');
        };
        const ask = (): Promise<void> => lockdep.structured(() => worker.run(AsyncResource.bind(job)));
        await a.runExclusive(ask);
        const release = await a.acquire();
        await ask();
        release();
      }),
    ({ a, lockdep, probe }) =>
      withWorker(async (worker) => {
        const ask = (): Promise<void> =>
          lockdep.structured(() => worker.run(AsyncResource.bind(async () => probe.not(a, 'nobody holds'))));
        await a.runExclusive(() => undefined);
        await ask();
      }),
  ),
  shape(
    'a job that the asker bound',
    ({ a, probe }) =>
      withWorker((worker) =>
        a.runExclusive(() => {
          const structured = worker.run(
            AsyncResource.bind(async () => {
              await turn();
              probe.missed('off the stack', a, 'the context is there, the proof is not');
            }),
          );
          return structured;
        }),
      ),
    ({ a, probe }) =>
      withWorker(async (worker) => {
        const bound = await a.runExclusive(() => AsyncResource.bind(async () => probe.not(a, 'the scope has ended')));
        await worker.run(bound);
      }),
  ),
];
