/** Streams: handlers, pipelines, async iteration. */
import { Readable, Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { deferred, shape, turn, turns, type HeldShape, type World } from './world.js';

function ended(stream: Readable): Promise<void> {
  const done = deferred();
  stream.on('end', () => done.resolve());
  return done.promise;
}

function sink(write: () => Promise<void>): Writable {
  const writeAsync = async (done: () => void): Promise<void> => {
    await write();
    done();
  };
  return new Writable({ objectMode: true, write: (_chunk, _encoding, done) => void writeAsync(done) });
}

async function locked({ a, probe }: World): Promise<void> {
  const release = await a.acquire();
  await turn();
  probe.held(a, 'own, in the handler');
  release();
}

export const streams: readonly HeldShape[] = [
  shape(
    'data handlers that take the lock',
    async (world) => {
      const source = Readable.from([1, 2, 3]);
      source.on('data', () => world.background(locked(world)));
      await ended(source);
    },
    async (world) => {
      const source = Readable.from([1, 2, 3]);
      source.on('data', () => {
        world.probe.not(world.a, 'at the start of the handler');
        world.background(locked(world));
        world.probe.not(world.a, 'after the call');
      });
      await ended(source);
    },
  ),
  shape(
    'for await over a Readable',
    async ({ a, probe }) => {
      const release = await a.acquire();
      for await (const _ of Readable.from([1, 2])) {
        probe.held(a, 'in the body');
        await turn();
        probe.held(a, 'in the body, later');
      }
      release();
    },
    async ({ a, probe }) => {
      for await (const _ of Readable.from([1, 2])) {
        probe.not(a, 'in the body');
        await a.runExclusive(turn);
        probe.not(a, 'in the body, later');
      }
    },
  ),
  shape(
    'Readable.from a generator that holds',
    async ({ a, probe }) => {
      const source = Readable.from(
        (async function* () {
          const release = await a.acquire();
          yield 1;
          probe.missed('child of acquire', a, 'the stream has got it');
          release();
        })(),
      );
      for await (const _ of source) await turn();
    },
    async ({ a, probe }) => {
      const source = Readable.from(
        (async function* () {
          const release = await a.acquire();
          release();
          yield 1;
          probe.not(a, 'in the generator');
        })(),
      );
      for await (const _ of source) probe.not(a, 'in the body');
    },
  ),
  shape(
    'a stream of a generator that holds, with a handler for its data',
    async (world) => {
      const { a, probe } = world;
      const source = Readable.from(
        (async function* () {
          const release = await a.acquire();
          probe.held(a, 'in the generator, before yield');
          yield 1;
          release();
        })(),
      );
      source.on('data', () => undefined);
      await ended(source);
    },
    async (world) => {
      const { a, probe } = world;
      const source = Readable.from(
        (async function* () {
          const release = await a.acquire();
          yield 1;
          await turns(4);
          release();
        })(),
      );
      source.on('data', async () => {
        await turn();
        probe.not(a, 'in the handler, which nobody waits for');
      });
      await ended(source);
    },
  ),
  shape(
    'a pipeline in a scope',
    async ({ a, probe }) => {
      await a.runExclusive(() =>
        pipeline(
          Readable.from([1, 2]),
          sink(async () => {
            await turn();
            probe.missed('off the stack', a, 'in the sink');
          }),
        ),
      );
    },
    async (world) => {
      const { a, probe } = world;
      const writes = async (): Promise<void> => {
        await turn();
        probe.not(a, 'in the sink');
      };
      await a.runExclusive(async () => {
        world.background(pipeline(Readable.from([1, 2]), sink(writes)));
        await turns(2);
      });
    },
  ),
  shape(
    'a pipeline whose sink takes the lock',
    async (world) => {
      await pipeline(
        Readable.from([1, 2]),
        sink(() => locked(world)),
      );
    },
    async (world) => {
      const { a, probe } = world;
      const passing = new Transform({
        objectMode: true,
        transform: (chunk, _encoding, done) => {
          probe.not(a, 'in the transform');
          done(null, chunk);
        },
      });
      await pipeline(
        Readable.from([1, 2]),
        passing,
        sink(() => locked(world)),
      );
      probe.not(a, 'after the pipeline');
    },
  ),
  shape(
    'a pipeline of generators, awaited by who acquired',
    async ({ a, probe }) => {
      const release = await a.acquire();
      await pipeline(
        Readable.from([1]),
        async function* (source: AsyncIterable<number>) {
          for await (const value of source) yield value + 1;
        },
        async (source: AsyncIterable<number>) => {
          for await (const _ of source) await turn();
          probe.missed('child of acquire', a, 'in the last part');
        },
      );
      probe.held(a, 'the holder goes on');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const release = await a.acquire();
      world.background(
        pipeline(Readable.from([1]), async (source: AsyncIterable<number>) => {
          for await (const _ of source) await turn();
          probe.not(a, 'in the last part');
        }),
      );
      await turns(4);
      release();
    },
  ),
];
