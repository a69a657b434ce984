/** Promises that one awaits as the bearer of a lock and another as a mere signal: who is told that it holds? */
import assert from 'node:assert/strict';
import type { Mutex, Releaser } from '../../../src/index.js';
import { deferred, shape, take, turn, turns, type HeldShape, type World } from './world.js';

/** Awaited as what it is, no promise. */
const NOTHING = undefined as unknown as Promise<void>;

/** More promises than those at the start of a program that tell who waits for them. */
async function many(): Promise<void> {
  for (let i = 0; i < 6000; i++) await Promise.resolve();
}

/** Gives `promise` the `then` of all promises for its own. */
function withPlainThen<T>(promise: Promise<T>): Promise<T> {
  // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
  void Object.defineProperty(promise, 'then', { value: Promise.prototype.then });
  return promise;
}

/** Runs one job after the other. */
class Serial {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(job: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(job);
    this.#tail = result;
    return result;
  }
}

/** A job ends with the lock held, and whoever ordered it lets go later; `next` is the job that was ordered behind it. */
async function orderedBehind(world: World, awaitsAtOnce: boolean, next: () => unknown): Promise<void> {
  const queue = new Serial();
  let release: Releaser | undefined;
  const first = queue.run(async () => {
    release = await world.a.acquire();
  });
  if (awaitsAtOnce) world.background(first.then(() => undefined));
  const second = queue.run(next);
  await first;
  await turns(3);
  release?.();
  await second;
}

const JOBS: Readonly<Record<string, (world: World) => () => unknown>> = {
  'an async job':
    ({ a, probe }) =>
    async () => {
      probe.not(a, 'the next job, at once');
      await turn();
      probe.not(a, 'the next job, later');
    },
  'an async job that waits shortly':
    ({ a, probe }) =>
    async () => {
      await NOTHING;
      probe.not(a, 'the next job, a microtask later');
      await NOTHING;
      probe.not(a, 'the next job, two microtasks later');
    },
  'a plain job':
    ({ a, probe }) =>
    () =>
      probe.not(a, 'the next job'),
  'a job that takes another lock':
    ({ a, b, probe }) =>
    async () => {
      const release = await b.acquire();
      probe.not(a, 'the next job');
      probe.held(b, 'its own lock');
      await turn();
      probe.not(a, 'the next job, later');
      probe.held(b, 'its own lock, later');
      release();
    },
};

/** The first job of a queue gets the lock by a plain wait, and uses it itself. */
function queueShape(name: string, job: (world: World) => () => unknown, awaitsAtOnce: boolean): HeldShape {
  return shape(
    `a queue of ${name}${awaitsAtOnce ? ', the first one with two that wait for it' : ''}`,
    async ({ a, probe }) => {
      const queue = new Serial();
      await Promise.all(
        [1, 2].map(() =>
          queue.run(async () => {
            const release = await a.acquire();
            await turn();
            probe.held(a, 'in the job that took it');
            release();
          }),
        ),
      );
    },
    (world) => orderedBehind(world, awaitsAtOnce, job(world)),
  );
}

/** `acquire()` or a helper, whose promise one function awaits first, as a signal, and another for the lock. */
function firstComeShape(name: string, acquire: (lock: Mutex) => Promise<Releaser>): HeldShape {
  return shape(
    `the promise of ${name}, awaited by one who only waits`,
    async ({ a, probe }) => {
      const release = await acquire(a);
      if (acquire === take) probe.missed('not by await', a, 'the only one');
      else probe.held(a, 'the only one');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const pending = acquire(a);
      const waits = async (): Promise<void> => {
        await pending;
        probe.not(a, 'who only waits');
        await turn();
        probe.not(a, 'who only waits, later');
      };
      world.background(waits());
      world.background(pending.then(() => probe.not(a, 'a callback that only waits')));
      const release = await pending;
      await turns(3);
      release();
    },
  );
}

export const signals: readonly HeldShape[] = [
  ...Object.entries(JOBS).flatMap(([name, job]) => [queueShape(name, job, false), queueShape(name, job, true)]),
  firstComeShape('acquire()', (lock) => lock.acquire()),
  firstComeShape('a helper', take),
  shape(
    'a step that starts the next one',
    async ({ a, probe }) => {
      let left = 2;
      const step = async (): Promise<void> => {
        if (left-- === 0) return;
        const release = await take(a);
        probe.missed('not by await', a, 'in a step');
        release();
        await step();
      };
      await step();
    },
    async ({ a, probe }) => {
      let left = 2;
      let release: Releaser | undefined;
      const job = async (): Promise<void> => {
        if (left === 2) release = await a.acquire();
      };
      const step = async (): Promise<void> => {
        if (left < 2) probe.not(a, 'the next step');
        if (left-- === 0) return;
        await job().then(step);
      };
      await step();
      release?.();
    },
  ),
  shape(
    'a plain step that starts the next one',
    async ({ a, probe }) => {
      await new Promise<void>((resolve) => {
        const step = (left: number): void => {
          if (left === 0) resolve();
          else
            void a.acquire().then((release) => {
              probe.held(a, 'in the callback');
              release();
              step(left - 1);
            });
        };
        step(2);
      });
    },
    async ({ a, probe }) => {
      const done = deferred();
      let left = 2;
      let release: Releaser | undefined;
      const job = async (): Promise<void> => {
        if (left === 1) release = await a.acquire();
      };
      const step = (): void => {
        if (left === 0) probe.not(a, 'the next step');
        if (left-- === 0) done.resolve();
        else void job().then(step);
      };
      step();
      await done.promise;
      release?.();
    },
  ),
  shape(
    'next() of a generator that holds across yield, with a callback',
    async ({ a, probe }) => {
      const generate = async function* (): AsyncGenerator<Releaser> {
        yield await a.acquire();
      };
      const { value } = await generate().next();
      probe.missed('not by await', a, 'the consumer');
      (value as Releaser)();
    },
    async ({ a, probe }) => {
      const generate = async function* (): AsyncGenerator<number> {
        const release = await a.acquire();
        yield 1;
        release();
      };
      const values = generate();
      await values.next().then(async () => {
        probe.not(a, 'the callback');
        await turn();
        probe.not(a, 'the callback, later');
      });
      await values.next();
    },
  ),
  shape(
    'a race of two locks that are both free',
    async ({ a, b, probe }) => {
      const both = [a.acquire(), b.acquire()];
      const release = await Promise.race(both);
      probe.missed('not by await', a, 'the winner');
      release();
      (await both[1])?.();
    },
    async ({ a, b, probe }) => {
      const loser = deferred<Releaser>();
      const release = await Promise.race([a.acquire(), b.acquire().then((other) => (loser.resolve(other), other))]);
      probe.not(b, 'the loser');
      release();
      (await loser.promise)();
    },
  ),
  shape(
    'a promise with a catch of its own',
    async ({ a, probe }) => {
      for (const acquire of [(lock: Mutex): Promise<Releaser> => lock.acquire(), take]) {
        const pending = acquire(a);
        pending.catch(() => undefined);
        const release = await pending;
        if (acquire === take) probe.missed('not by await', a, 'who awaits it');
        else probe.held(a, 'who awaits it');
        release();
      }
    },
    async (world) => {
      const { a, probe } = world;
      const pending = take(a);
      const waits = async (): Promise<void> => {
        await pending.catch(() => undefined);
        probe.not(a, 'who waits past the catch');
      };
      world.background(waits());
      const release = await pending;
      await turns(2);
      release();
    },
  ),
  shape(
    'a promise that is kept, and awaited late by one who only waits',
    async ({ a, probe }) => {
      const opened = take(a);
      await turns(3);
      const release = await opened;
      probe.missed('not by await', a, 'who keeps it');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const opened = take(a);
      await turns(3);
      await opened.then(() => probe.not(a, 'a callback'));
      const waits = async (): Promise<void> => {
        await opened;
        probe.not(a, 'who only waits');
        await turn();
        probe.not(a, 'who only waits, later');
      };
      await waits();
      (await opened)();
    },
  ),
  shape(
    'a promise that one awaits, and another past a catch, finally, or in a loop',
    async ({ a, probe }) => {
      const release = await take(a);
      probe.missed('not by await', a, 'the only one');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const others: readonly ((opened: Promise<Releaser>) => Promise<Releaser | undefined>)[] = [
        (opened) => opened.catch(() => undefined),
        (opened) => opened.catch(() => undefined).catch(() => undefined),
        (opened) => opened.finally(() => undefined),
        async (opened) => {
          // oxlint-disable-next-line typescript/await-thenable -- a list of promises is what such loops are for.
          for await (const release of [opened]) return release;
          return undefined;
        },
      ];
      for (const other of others) {
        const opened = take(a);
        const waits = async (): Promise<void> => {
          await opened;
          probe.not(a, 'who only waits');
          await turn();
          probe.not(a, 'who only waits, later');
        };
        world.background(waits());
        const release = await other(opened);
        await turns(3);
        release?.();
      }
    },
  ),
  shape(
    'a promise that is older than many others',
    async ({ a, b, lockdep, probe }) => {
      await many();
      // From the first question on all promises tell again.
      assert.equal(lockdep.isHeld(b), false);
      const release = await take(a);
      probe.missed('not by await', a, 'who called the helper');
      await many();
      probe.missed('not by await', a, 'who called the helper, many promises later');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const go = deferred();
      const open = async (): Promise<Releaser> => {
        await go.promise;
        return await a.acquire();
      };
      const opened = open();
      await many();
      world.background(
        opened.then(async () => {
          probe.not(a, 'a callback');
          await turn();
          probe.not(a, 'a callback, later');
        }),
      );
      go.resolve();
      await turns(4);
      (await opened)();
    },
  ),
  shape(
    'a promise whose then is replaced',
    async ({ a, probe }) => {
      const release = await withPlainThen(take(a));
      probe.missed('not by await', a, 'who awaits it');
      release();
    },
    async ({ a, probe }) => {
      const kept = deferred<Releaser>();
      await withPlainThen(take(a)).then((release) => {
        kept.resolve(release);
        return turn();
      });
      probe.not(a, 'who waits for a callback');
      (await kept.promise)();
    },
  ),
  shape(
    'a frozen promise',
    async ({ a, probe }) => {
      const release = await Object.freeze(take(a));
      probe.missed('not by await', a, 'who awaits it');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const pending = Object.freeze(take(a));
      world.background(pending.then(() => probe.not(a, 'a callback')));
      const release = await pending;
      await turn();
      release();
    },
  ),
];
