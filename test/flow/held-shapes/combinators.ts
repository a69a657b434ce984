/** Promise.all, allSettled, any, race: around the acquisition, and around what is done under it. */
import type { Mutex } from '../../../src/index.js';
import { deferred, shape, take, takeLate, turn, turns, type HeldShape } from './world.js';

/** Holds `lock` for some turns, probing it and the sibling's. */
async function sibling(lock: Mutex, look: () => void): Promise<void> {
  const release = await takeLate(lock);
  look();
  await turn();
  look();
  release();
}

type Combinator = 'all' | 'allSettled' | 'any' | 'race';

function joined(name: Combinator, work: Promise<void>): Promise<unknown> {
  const combine: Readonly<Record<Combinator, (works: Promise<void>[]) => Promise<unknown>>> = {
    all: (works) => Promise.all(works),
    allSettled: (works) => Promise.allSettled(works),
    any: (works) => Promise.any(works),
    race: (works) => Promise.race(works),
  };
  return combine[name]([work]);
}

export const combinators: readonly HeldShape[] = [
  shape(
    'Promise.all of acquires',
    async ({ a, b, probe }) => {
      const releases = await Promise.all([a.acquire(), b.acquire()]);
      probe.missed('not by await', a, 'first');
      await turn();
      probe.missed('not by await', b, 'second');
      for (const release of releases) release();
    },
    async ({ a, b, probe }) => {
      const pending = Promise.all([a.acquire(), b.acquire()]);
      await turns(2);
      probe.not(a, 'beside');
      for (const release of await pending) release();
      probe.not(b, 'after');
    },
  ),
  shape(
    'Promise.all of mapped helpers',
    async ({ a, b, probe }) => {
      const releases = await Promise.all([a, b].map(take));
      probe.missed('not by await', a, 'the first');
      probe.missed('not by await', b, 'the last to settle');
      for (const release of releases) release();
    },
    async ({ a, b, probe }) => {
      const releases = await Promise.all([a, b].map(take));
      releases[0]?.();
      probe.not(a, 'released alone');
      probe.missed('not by await', b, 'kept');
      releases[1]?.();
    },
  ),
  shape(
    'Promise.all, another element settles last',
    async ({ a, probe }) => {
      const [release] = await Promise.all([a.acquire(), turns(2)]);
      probe.missed('not by await', a, 'awaited');
      release();
    },
    async ({ a, probe }) => {
      const last = deferred();
      const pending = Promise.all([a.acquire(), last.promise]);
      await turns(2);
      probe.not(a, 'beside');
      last.resolve();
      const [release] = await pending;
      release();
      probe.not(a, 'after');
    },
  ),
  shape(
    'Promise.all, the lock comes last',
    async ({ a, probe }) => {
      const [release] = await Promise.all([takeLate(a), Promise.resolve(1)]);
      probe.missed('not by await', a, 'awaited');
      release();
    },
    async ({ a, probe }) => {
      const pending = Promise.all([takeLate(a), Promise.resolve(1)]);
      await turns(3);
      probe.not(a, 'beside');
      const [release] = await pending;
      release();
      probe.not(a, 'after');
    },
  ),
  shape(
    'siblings by acquire in Promise.all',
    ({ a, b, probe }) =>
      Promise.all([
        sibling(a, () => probe.missed('not by await', a, 'own a')),
        sibling(b, () => probe.missed('not by await', b, 'own b')),
      ]),
    ({ a, b, probe }) =>
      Promise.all([sibling(a, () => probe.not(b, 'of the other')), sibling(b, () => probe.not(a, 'of the other'))]),
  ),
  shape(
    'siblings by runExclusive in Promise.all',
    ({ a, b, probe }) =>
      Promise.all(
        [a, b].map((lock) =>
          lock.runExclusive(async () => {
            await turn();
            probe.scoped(lock, 'own');
          }),
        ),
      ),
    ({ a, b, probe }) =>
      Promise.all(
        [a, b].map((lock, at) =>
          lock.runExclusive(async () => {
            await turn();
            probe.not([b, a][at] as Mutex, 'of the other');
          }),
        ),
      ),
  ),
  ...(['all', 'allSettled', 'any', 'race'] as const satisfies readonly Combinator[]).map((name) =>
    shape(
      `children of a scope in Promise.${name}`,
      ({ a, probe }) =>
        a.runExclusive(async () => {
          const child = async (): Promise<void> => {
            await turn();
            probe.scoped(a, 'in the child');
          };
          await joined(name, child());
        }),
      async (world) => {
        const { a, probe } = world;
        await a.runExclusive(async () => {
          const child = async (): Promise<void> => {
            await turn();
            probe.not(a, 'in the child');
          };
          world.background(joined(name, child()));
          await turns(3);
        });
      },
    ),
  ),
  shape(
    'Promise.allSettled of acquires',
    async ({ a, b, probe }) => {
      const results = await Promise.allSettled([a.acquire(), b.acquire()]);
      probe.missed('not by await', a, 'the first');
      probe.missed('not by await', b, 'the last to settle');
      for (const result of results) if (result.status === 'fulfilled') result.value();
    },
    async ({ a, probe }) => {
      const aborted = { signal: AbortSignal.abort(new Error('enough')) };
      const [result] = await Promise.allSettled([a.acquire(aborted)]);
      probe.not(a, `rejected: ${result.status}`);
    },
  ),
  shape(
    'a race of the lock with a timeout',
    async ({ a, probe }) => {
      const release = await Promise.race([a.acquire(), turns(3)]);
      probe.missed('not by await', a, 'the lock won');
      await turn();
      probe.missed('not by await', a, 'later');
      release?.();
    },
    async (world) => {
      const { a, probe } = world;
      const release = await a.acquire();
      const loser = take(a).then(async (late) => {
        await turns(3);
        late();
      });
      world.background(loser);
      await Promise.race([loser, turn()]);
      release();
      probe.not(a, 'the lock lost, and got it later');
      await turns(2);
      probe.not(a, 'the loser holds it');
    },
  ),
  shape(
    'Promise.any of two locks',
    async (world) => {
      const { a, b, probe } = world;
      const open = deferred();
      world.background(b.runExclusive(() => open.promise));
      const late = b.acquire();
      const release = await Promise.any([a.acquire(), late]);
      probe.missed('not by await', a, 'the winner');
      release();
      open.resolve();
      (await late)();
    },
    async (world) => {
      const { a, b, probe } = world;
      const open = deferred();
      world.background(b.runExclusive(() => open.promise));
      const late = b.acquire();
      const release = await Promise.any([a.acquire(), late]);
      probe.not(b, 'the loser, waiting');
      open.resolve();
      await turn();
      probe.not(b, 'the loser, granted and awaited by nobody');
      release();
      (await late)();
    },
  ),
];
