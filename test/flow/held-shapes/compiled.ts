/** Code that is not plain async functions: compiled, hand-rolled, evaluated; thenables and subclasses of Promise. */
import { runInNewContext } from 'node:vm';
import type { Mutex, Releaser } from '../../../src/index.js';
import { shape, take, turn, turns, type HeldShape, type World } from './world.js';

/** What TypeScript emits for an async function when the target has none. */
function awaiter<T>(body: () => Generator<unknown, T, never>): Promise<T> {
  return new Promise((resolve, reject) => {
    const generator = body();
    const adopt = (value: unknown): Promise<unknown> =>
      value instanceof Promise ? value : new Promise((settle) => settle(value));
    const fulfilled = (value: unknown): void => {
      try {
        step(generator.next(value as never));
      } catch (error) {
        reject(error as Error);
      }
    };
    const rejected = (value: unknown): void => {
      try {
        step(generator.throw(value));
      } catch (error) {
        reject(error as Error);
      }
    };
    const step = (result: IteratorResult<unknown, T>): void => {
      if (result.done === true) resolve(result.value);
      else void adopt(result.value).then(fulfilled, rejected);
    };
    fulfilled(undefined);
  });
}

class Wrapped<T> extends Promise<T> {}

/** A thenable around a promise, as query builders are. */
class Query<T> {
  readonly run: () => Promise<T>;

  constructor(run: () => Promise<T>) {
    this.run = run;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- the point of it.
  then<R>(resolve: (value: T) => R, reject: (reason: unknown) => R): Promise<R> {
    return this.run().then(resolve, reject);
  }
}

type Body = (lock: Mutex, look: (at: string) => void, later: () => Promise<void>, also: () => void) => Promise<void>;

/** Acquires, looks, releases, looks again: from source text. */
const TEXT = `async (lock, look, later, also) => {
  const release = await lock.acquire();
  look('at once');
  await later();
  look('later');
  release();
  also();
}`;

const EVALUATED: Readonly<Record<string, () => Body>> = {
  // oxlint-disable-next-line no-eval -- the point of it.
  eval: () => (0, eval)(TEXT) as Body,
  // oxlint-disable-next-line typescript/no-implied-eval -- the point of it.
  'new Function': () => new Function(`return ${TEXT}`)() as Body,
  'a vm context': () => runInNewContext(TEXT) as Body,
};

function evaluated(name: string, compile: () => Body): HeldShape {
  return shape(
    name,
    ({ a, probe }) =>
      compile()(
        a,
        // Another realm's `await` makes a promise of its own of each of ours.
        (at) => (name === 'a vm context' ? probe.missed('not by await', a, at) : probe.held(a, at)),
        turn,
        () => undefined,
      ),
    async (world) => {
      const { a, probe } = world;
      const work = compile()(
        a,
        () => undefined,
        turn,
        () => probe.not(a, 'released'),
      );
      probe.not(a, 'beside');
      await turn();
      probe.not(a, 'beside, later');
      await work;
    },
  );
}

/** Acquires in compiled code and keeps the lock for a while. */
function compiledWork({ a, probe }: World): Promise<void> {
  return awaiter(function* (): Generator<unknown, void, never> {
    const release: Releaser = yield a.acquire();
    probe.held(a, 'at once');
    yield turn();
    probe.missed('not by await', a, 'later');
    release();
  });
}

export const compiled: readonly HeldShape[] = [
  shape(
    '__awaiter acquires',
    (world) => compiledWork(world),
    async (world) => {
      const { a, probe } = world;
      const work = awaiter(function* (): Generator<unknown, void, never> {
        const release: Releaser = yield a.acquire();
        yield turns(3);
        release();
        probe.not(a, 'released');
      });
      probe.not(a, 'beside');
      await turn();
      probe.not(a, 'beside, later');
      await work;
    },
  ),
  shape(
    '__awaiter calls a helper that returns the releaser',
    ({ a, probe }) =>
      awaiter(function* (): Generator<unknown, void, never> {
        const release: Releaser = yield take(a);
        probe.missed('not by await', a, 'at once');
        release();
      }),
    ({ a, probe }) =>
      awaiter(function* (): Generator<unknown, void, never> {
        const release: Releaser = yield take(a);
        release();
        yield turn();
        probe.not(a, 'released');
      }),
  ),
  shape(
    'an __awaiter helper returns the releaser',
    async ({ a, probe }) => {
      const helper = (): Promise<Releaser> =>
        awaiter(function* (): Generator<unknown, Releaser, never> {
          return yield a.acquire();
        });
      const release = await helper();
      probe.missed('not by await', a, 'the caller');
      release();
    },
    async ({ a, probe }) => {
      const helper = (): Promise<Releaser> =>
        awaiter(function* (): Generator<unknown, Releaser, never> {
          return yield a.acquire();
        });
      const pending = helper();
      await turns(2);
      probe.not(a, 'not awaited');
      (await pending)();
    },
  ),
  shape(
    '__awaiter in a scope',
    ({ a, probe }) =>
      a.runExclusive(() =>
        awaiter(function* (): Generator<unknown, void, never> {
          yield turn();
          probe.missed('off the stack', a, 'V8 does not see who waits');
        }),
      ),
    async (world) => {
      const { a, probe } = world;
      await a.runExclusive(async () => {
        world.background(
          awaiter(function* (): Generator<unknown, void, never> {
            yield turn();
            probe.not(a, 'nobody waits');
          }),
        );
        await turns(3);
      });
    },
  ),
  shape(
    'promises by hand',
    ({ a, probe }) =>
      new Promise<void>((resolve, reject) => {
        a.acquire()
          .then((release) => {
            probe.held(a, 'in the callback');
            return turn().then(() => release());
          })
          .then(resolve, reject);
      }),
    ({ a, probe }) =>
      new Promise<void>((resolve, reject) => {
        a.acquire()
          .then((release) => release())
          .then(() => probe.not(a, 'in the next callback'))
          .then(resolve, reject);
      }),
  ),
  shape(
    'a subclass of Promise',
    async ({ a, probe }) => {
      await a.runExclusive(async () => {
        await new Wrapped<void>((resolve) => setImmediate(resolve));
        probe.scoped(a, 'in the scope');
      });
      const release = await a.acquire();
      await Wrapped.resolve(turn());
      probe.held(a, 'in the holder');
      release();
    },
    async ({ a, probe }) => {
      const pending = Wrapped.resolve(take(a));
      await turns(2);
      probe.not(a, 'not awaited');
      (await pending)();
      await Wrapped.resolve();
      probe.not(a, 'released');
    },
  ),
  shape(
    'a lock through a subclass of Promise',
    async ({ a, probe }) => {
      const release = await Wrapped.resolve(a.acquire());
      probe.missed('not by await', a, 'awaited');
      release();
    },
    async ({ a, probe }) => {
      (await Wrapped.resolve(a.acquire()))();
      probe.not(a, 'released');
    },
  ),
  shape(
    'a lock through a thenable',
    async ({ a, probe }) => {
      const release = (await new Query(() => a.acquire())) as Releaser;
      probe.missed('not by await', a, 'awaited');
      await turn();
      probe.missed('not by await', a, 'later');
      release();
    },
    async ({ a, probe }) => {
      const release = (await new Query(() => a.acquire())) as Releaser;
      release();
      await new Query(turn);
      probe.not(a, 'released');
    },
  ),
  shape(
    'a thenable awaited by a holder',
    async ({ a, probe }) => {
      const release = await a.acquire();
      await new Query(async () => {
        await turn();
        probe.missed('child of acquire', a, 'in the query');
      });
      probe.held(a, 'in the holder');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const release = await a.acquire();
      world.background(
        new Query(async () => {
          await turn();
          probe.not(a, 'in the query');
        }).then(
          () => undefined,
          () => undefined,
        ),
      );
      await turns(3);
      release();
    },
  ),
  ...Object.entries(EVALUATED).map(([name, compile]) => evaluated(name, compile)),
];
