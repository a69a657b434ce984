/** Generators, sync and async: a hold across yield, in the body and in the loop around it. */
import type { Mutex, Releaser } from '../../../src/index.js';
import { shape, turn, turns, type HeldShape, type World } from './world.js';

async function* holding({ a, probe }: World, times = 2): AsyncGenerator<number> {
  const release = await a.acquire();
  try {
    for (let i = 0; i < times; i++) {
      yield i;
      probe.missed('not by await', a, 'in the generator, after yield');
      await turn();
      // By then it is the body that holds: it awaits the next value.
      probe.missed('child of acquire', a, 'in the generator, later');
    }
  } finally {
    release();
  }
}

/** Steps by hand: a class with next(), as libraries write them. */
class Cursor implements AsyncIterableIterator<number> {
  readonly lock: Mutex;
  #release: Releaser | undefined;
  #left = 2;

  constructor(lock: Mutex) {
    this.lock = lock;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<number>> {
    this.#release ??= await this.lock.acquire();
    if (this.#left-- > 0) return { done: false, value: this.#left };
    this.#release();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<number>> {
    this.#release?.();
    return { done: true, value: undefined };
  }
}

/** Drives a generator of promises, as older libraries do. */
function drive<T>(generator: Generator<Promise<T>, void, T>): Promise<void> {
  return new Promise((resolve, reject) => {
    const step = (value?: T): void => {
      const { done, value: next } = generator.next(value as T);
      if (done === true) resolve();
      else (next as Promise<T>).then(step, reject);
    };
    step();
  });
}

export const generators: readonly HeldShape[] = [
  shape(
    'an async generator holds across yield',
    async (world) => {
      for await (const _ of holding(world)) {
        world.probe.missed('not by await', world.a, 'in the body');
        await turn();
        world.probe.missed('not by await', world.a, 'in the body, later');
      }
    },
    async (world) => {
      const { a, probe } = world;
      for await (const _ of holding(world)) await turn();
      probe.not(a, 'after the loop');
      const iterator = holding(world);
      await iterator.return(undefined);
      probe.not(a, 'never started');
    },
  ),
  shape(
    'left by break',
    async (world) => {
      for await (const _ of holding(world)) {
        world.probe.missed('not by await', world.a, 'before break');
        break;
      }
    },
    async (world) => {
      for await (const _ of holding(world)) break;
      world.probe.not(world.a, 'after break');
      await turn();
      world.probe.not(world.a, 'after break, later');
    },
  ),
  shape(
    'left by a throw',
    async (world) => {
      const loop = async (): Promise<void> => {
        for await (const _ of holding(world)) {
          await turn();
          world.probe.missed('not by await', world.a, 'before the throw');
          throw new Error('expected');
        }
      };
      await loop().catch(() => undefined);
    },
    async (world) => {
      const loop = async (): Promise<void> => {
        for await (const _ of holding(world)) throw new Error('expected');
      };
      await loop().catch(() => world.probe.not(world.a, 'in the handler'));
      world.probe.not(world.a, 'after');
    },
  ),
  shape(
    'yield* of a generator that holds',
    async (world) => {
      const outer = async function* (): AsyncGenerator<number> {
        yield* holding(world, 1);
      };
      for await (const _ of outer()) world.probe.missed('not by await', world.a, 'in the body');
    },
    async (world) => {
      const outer = async function* (): AsyncGenerator<number> {
        yield* holding(world, 1);
        world.probe.not(world.a, 'in the outer generator, after');
        yield 7;
      };
      for await (const value of outer()) if (value === 7) world.probe.not(world.a, 'in the body, after');
    },
  ),
  shape(
    'a generator in a scope',
    ({ a, probe }) =>
      a.runExclusive(async () => {
        const numbers = async function* (): AsyncGenerator<number> {
          await turn();
          probe.scoped(a, 'in the generator');
          yield 1;
          await turn();
          probe.scoped(a, 'in the generator, after yield');
        };
        for await (const _ of numbers()) probe.scoped(a, 'in the body');
      }),
    async (world) => {
      const { a, probe } = world;
      const numbers = async function* (): AsyncGenerator<number> {
        await turn();
        yield 1;
        probe.not(a, 'pulled outside');
      };
      const kept = numbers();
      await a.runExclusive(() => kept.next());
      await kept.next();
    },
  ),
  shape(
    'scopes around each yield',
    async ({ a, probe }) => {
      const numbers = async function* (): AsyncGenerator<number> {
        for (let i = 0; i < 2; i++) {
          const value = await a.runExclusive(async () => {
            await turn();
            probe.scoped(a, 'in the scope');
            return i;
          });
          yield value;
        }
      };
      for await (const _ of numbers()) await turn();
    },
    async ({ a, probe }) => {
      const numbers = async function* (): AsyncGenerator<number> {
        for (let i = 0; i < 2; i++) yield await a.runExclusive(() => i);
      };
      for await (const _ of numbers()) probe.not(a, 'in the body');
    },
  ),
  shape(
    'an iterator written by hand',
    async ({ a, probe }) => {
      for await (const _ of new Cursor(a)) {
        probe.missed('not by await', a, 'in the body');
        await turn();
        probe.missed('not by await', a, 'in the body, later');
      }
    },
    async ({ a, probe }) => {
      for await (const _ of new Cursor(a)) break;
      probe.not(a, 'after break');
      for await (const _ of new Cursor(a)) await turn();
      probe.not(a, 'after the end');
    },
  ),
  shape(
    'next() called by hand',
    async (world) => {
      const iterator = holding(world, 1);
      await iterator.next();
      world.probe.missed('not by await', world.a, 'between two steps');
      await iterator.next();
    },
    async (world) => {
      const iterator = holding(world, 1);
      const first = iterator.next();
      await turns(2);
      world.probe.not(world.a, 'the step is not awaited');
      await first;
      await iterator.return(undefined);
      world.probe.not(world.a, 'ended by return()');
    },
  ),
  shape(
    'a sync generator, driven by then',
    ({ a, probe }) =>
      drive(
        (function* (): Generator<Promise<unknown>, void, unknown> {
          const release = (yield a.acquire()) as Releaser;
          probe.held(a, 'after the yield');
          release();
        })(),
      ),
    ({ a, probe }) =>
      drive(
        (function* (): Generator<Promise<unknown>, void, unknown> {
          ((yield a.acquire()) as Releaser)();
          yield turn();
          probe.not(a, 'released');
        })(),
      ),
  ),
  shape(
    'a consumer that is not awaited',
    async (world) => {
      const consume = async (): Promise<void> => {
        for await (const _ of holding(world, 1)) world.probe.missed('not by await', world.a, 'in the consumer');
      };
      world.background(consume());
    },
    async (world) => {
      const consume = async (): Promise<void> => {
        for await (const _ of holding(world, 3)) await turn();
      };
      world.background(consume());
      await turns(2);
      world.probe.not(world.a, 'who started it');
      await turn();
      world.probe.not(world.a, 'who started it, later');
    },
  ),
];
