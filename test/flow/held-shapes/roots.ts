/** task, detached, structured: roots, and the ways out of what is not known. */
import { deferred, shape, turn, turns, type HeldShape, type World } from './world.js';

/** Calls back from a timer; the promise resolves when `work` has ended. */
function throughTimer(work: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => void work().then(resolve, reject));
  });
}

/** Work that looks twice. */
function looking(look: (at: string) => void): () => Promise<void> {
  return async () => {
    look('at once');
    await turn();
    look('later');
  };
}

async function underAcquire({ a }: World, work: () => Promise<unknown>): Promise<void> {
  const release = await a.acquire();
  await work();
  release();
}

export const roots: readonly HeldShape[] = [
  shape(
    'structured under a scope, through a timer',
    ({ a, lockdep, probe }) =>
      a.runExclusive(() => lockdep.structured(() => throughTimer(looking((at) => probe.scoped(a, at))))),
    async (world) => {
      const { a, lockdep, probe } = world;
      const done = deferred();
      await a.runExclusive(() =>
        lockdep.structured(() => {
          setImmediate(() => setImmediate(() => setImmediate(() => done.resolve(looking((at) => probe.not(a, at))()))));
        }),
      );
      await done.promise;
    },
  ),
  shape(
    'structured under an acquire',
    (world) => {
      const { a, lockdep, probe } = world;
      return underAcquire(world, () => lockdep.structured(looking((at) => probe.held(a, at))));
    },
    async (world) => {
      const { a, lockdep, probe } = world;
      await underAcquire(world, () => lockdep.structured(turn));
      await lockdep.structured(looking((at) => probe.not(a, at)));
    },
  ),
  shape(
    'structured after a try',
    async ({ a, lockdep, probe }) => {
      await turn();
      const release = a.tryAcquire();
      await lockdep.structured(looking((at) => probe.held(a, at)));
      release?.();
    },
    async ({ a, lockdep, probe }) => {
      await turn();
      const release = a.tryAcquire();
      await lockdep.structured(async () => {
        release?.();
        await looking((at) => probe.not(a, at))();
      });
    },
  ),
  shape(
    'structured in a job that adopted',
    async ({ a, lockdep, probe }) => {
      const guard = await lockdep.detached(() => a.lock());
      guard.transfer();
      const job = async (): Promise<void> => {
        lockdep.adopt(guard);
        await lockdep.structured(looking((at) => probe.held(a, at)));
        guard.release();
      };
      await job();
    },
    async ({ a, lockdep, probe }) => {
      const guard = await lockdep.detached(() => a.lock());
      guard.transfer();
      lockdep.adopt(guard);
      guard.release();
      await lockdep.structured(looking((at) => probe.not(a, at)));
    },
  ),
  shape(
    'detached in structured',
    (world) => {
      const { a, lockdep, probe } = world;
      return a.runExclusive(() =>
        lockdep.structured(async () => {
          world.background(lockdep.detached(turn));
          await looking((at) => probe.scoped(a, at))();
        }),
      );
    },
    (world) => {
      const { a, lockdep, probe } = world;
      return a.runExclusive(() =>
        lockdep.structured(async () => {
          world.background(
            lockdep.detached(async () => {
              await turn();
              probe.not(a, 'detached');
            }),
          );
          await turns(3);
        }),
      );
    },
  ),
  shape(
    'detached under a lock',
    (world) => {
      const { a, b, lockdep, probe } = world;
      return underAcquire(world, () =>
        lockdep.detached(async () => {
          const release = await b.acquire();
          await turn();
          probe.held(b, 'own');
          release();
          probe.not(b, `released while ${a.isLocked()}`);
        }),
      );
    },
    async (world) => {
      const { a, lockdep, probe } = world;
      const started = looking((at) => at === 'later' && probe.not(a, at));
      await underAcquire(world, async () => {
        world.background(lockdep.detached(started));
        await turns(3);
      });
      await a.runExclusive(async () => {
        world.background(lockdep.detached(started));
        await turns(3);
      });
    },
  ),
  shape(
    'task under a lock',
    (world) => {
      const { a, b, lockdep, probe } = world;
      return a.runExclusive(() =>
        lockdep.task('inner', () =>
          b.runExclusive(async () => {
            await turn();
            probe.scoped(b, 'own');
          }),
        ),
      );
    },
    async (world) => {
      const { a, b, lockdep, probe } = world;
      await a.runExclusive(async () => {
        world.background(
          lockdep.task('beside', async () => {
            await turn();
            probe.not(a, 'nothing is inherited');
            const release = await b.acquire();
            probe.not(a, 'nothing is inherited');
            release();
          }),
        );
        await turns(4);
      });
    },
  ),
  shape(
    'two tasks, one lock',
    async ({ a, lockdep, probe }) => {
      const work = async (): Promise<void> => {
        const release = await a.acquire();
        await turn();
        probe.held(a, 'own');
        release();
      };
      await Promise.all([lockdep.task('one', work), lockdep.task('two', work)]);
    },
    async ({ a, lockdep, probe }) => {
      const first = lockdep.task('one', () => a.runExclusive(() => turns(4)));
      await lockdep.task('two', async () => {
        await turn();
        probe.not(a, 'held by the other');
      });
      probe.not(a, 'outside of both');
      await first;
    },
  ),
  shape(
    'a worker that is a task runs the job of a holder',
    async ({ a, lockdep, probe }) => {
      const asked = deferred<() => Promise<void>>();
      const worker = lockdep.task('worker', async () => {
        const job = await asked.promise;
        await job();
      });
      await a.runExclusive(async () => {
        asked.resolve(looking((at) => probe.missed('job elsewhere', a, at)));
        await worker;
      });
    },
    async ({ a, lockdep, probe }) => {
      const asked = deferred<() => Promise<void>>();
      const worker = lockdep.task('worker', async () => {
        const job = await asked.promise;
        await job();
      });
      await a.runExclusive(async () => {
        asked.resolve(looking((at) => probe.not(a, at)));
        await turns(3);
      });
      await worker;
    },
  ),
];
