/** Plain async functions: who takes, who gets the releaser, who is called meanwhile. */
import type { Mutex, Releaser } from '../../../src/index.js';
import { deferred, holdFor, shape, take, takeLate, turn, turns, type HeldShape, type World } from './world.js';

function passOn(lock: Mutex): Promise<Releaser> {
  return lock.acquire();
}

async function promiseOn(lock: Mutex): Promise<Releaser> {
  return lock.acquire();
}

async function deep(lock: Mutex): Promise<Releaser> {
  const middle = async (): Promise<Releaser> => await takeLate(lock);
  return await middle();
}

async function takeBoth(first: Mutex, second: Mutex): Promise<Releaser[]> {
  return [await first.acquire(), await second.acquire()];
}

/** The caller awaits the helper, or goes on beside it. */
function helperShape(name: string, helper: (lock: Mutex) => Promise<Releaser>): HeldShape {
  return shape(
    `${name} returns the releaser`,
    async ({ a, probe }) => {
      // A plain one gives the promise of the acquisition itself.
      const isAwaited = helper === passOn;
      const tell = (at: string): void => (isAwaited ? probe.held(a, at) : probe.missed('not by await', a, at));
      const release = await helper(a);
      tell('caller');
      await turn();
      tell('caller, later');
      release();
      probe.not(a, 'after');
    },
    async ({ a, probe }) => {
      const pending = helper(a);
      probe.not(a, 'called, not awaited');
      await turns(3);
      probe.not(a, 'something else awaited');
      (await pending)();
      probe.not(a, 'after');
    },
  );
}

/** A recursion in which each level holds a lock of its own. */
async function level(world: World, locks: readonly Mutex[], detached: boolean): Promise<void> {
  const [lock, ...rest] = locks;
  if (lock === undefined) return;
  const { probe } = world;
  const release = await lock.acquire();
  probe.held(lock, 'own level');
  const inner = level(world, rest, detached);
  if (detached) {
    world.background(inner);
    await turns(8);
  } else await inner;
  probe.held(lock, 'own level, later');
  for (const other of rest) probe.not(other, 'inner level has ended, or is beside');
  release();
}

export const functions: readonly HeldShape[] = [
  shape(
    'acquire in one function',
    async ({ a, b, probe }) => {
      const first = await a.acquire();
      probe.held(a, 'at once');
      const second = await b.acquire();
      await turn();
      probe.held(a, 'outer');
      probe.held(b, 'inner');
      second();
      probe.held(a, 'outer alone');
      first();
    },
    async ({ a, b, probe }) => {
      probe.not(a, 'before');
      const first = await a.acquire();
      const second = await b.acquire();
      first();
      probe.not(a, 'released first');
      await turn();
      probe.held(b, 'still there');
      second();
      probe.not(b, 'released last');
    },
  ),
  shape(
    'lock() and a using block',
    async ({ a, probe }) => {
      using guard = await a.lock();
      await turn();
      probe.held(a, guard.released ? 'never' : 'in the block');
    },
    async ({ a, probe }) => {
      {
        await using guard = await a.lock();
        probe.held(a, guard.released ? 'never' : 'in the block');
      }
      probe.not(a, 'after the block');
    },
  ),
  shape(
    'a contended wait',
    async (world) => {
      const { a, probe } = world;
      const open = deferred();
      world.background(holdFor(a, open.promise));
      setImmediate(open.resolve);
      const release = await a.acquire();
      probe.held(a, 'granted');
      await turn();
      probe.held(a, 'later');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const open = deferred();
      world.background(holdFor(a, open.promise));
      await turn();
      const waiting = a.acquire();
      probe.not(a, 'waiting');
      open.resolve();
      await turns(2);
      probe.not(a, 'granted, and not awaited yet');
      (await waiting)();
      probe.not(a, 'after');
    },
  ),
  helperShape('a plain helper', passOn),
  helperShape('an async helper with return await', take),
  helperShape('an async helper with return', promiseOn),
  helperShape('a helper that takes it late', takeLate),
  helperShape('a helper three deep', deep),
  shape(
    'a helper takes both',
    async ({ a, b, probe }) => {
      const releases = await takeBoth(a, b);
      probe.missed('not by await', a, 'first');
      probe.missed('not by await', b, 'second');
      for (const release of releases) release();
    },
    async (world) => {
      const { a, b, probe } = world;
      const pending = takeBoth(a, b);
      await turns(2);
      probe.not(a, 'first, beside');
      probe.not(b, 'second, beside');
      for (const release of await pending) release();
    },
  ),
  shape(
    'a helper that takes and releases',
    async ({ a, b, probe }) => {
      const helper = async (): Promise<void> => {
        const release = await b.acquire();
        probe.held(b, 'in the helper');
        release();
      };
      const release = await a.acquire();
      await helper();
      probe.held(a, 'the caller keeps its own');
      release();
    },
    async ({ a, probe }) => {
      const helper = async (): Promise<void> => (await a.acquire())();
      await helper();
      probe.not(a, 'after the helper');
    },
  ),
  shape(
    'acquired now, awaited later',
    async ({ a, probe }) => {
      const pending = a.acquire();
      await turn();
      const release = await pending;
      probe.missed('not by await', a, 'awaited: another may have it as a signal');
      release();
    },
    async ({ a, probe }) => {
      const pending = a.acquire();
      await turn();
      probe.not(a, 'granted, and nobody has awaited it');
      (await pending)();
    },
  ),
  shape(
    'a child of a scope',
    async ({ a, probe }) => {
      const child = async (): Promise<void> => {
        await turn();
        probe.scoped(a, 'in the child');
        await (async () => {
          await turn();
          probe.scoped(a, 'deeper');
        })();
      };
      await a.runExclusive(async () => {
        await child();
        probe.scoped(a, 'in the callback');
      });
      await a.runExclusive(() => probe.scoped(a, 'in a plain callback'));
    },
    async (world) => {
      const { a, probe } = world;
      const child = async (): Promise<void> => {
        await turn();
        probe.not(a, 'while the scope lives');
        await turns(6);
        probe.not(a, 'after the scope');
      };
      await a.runExclusive(async () => {
        world.background(child());
        await turns(3);
      });
      probe.not(a, 'after the scope, outside');
    },
  ),
  shape(
    'a child of an acquire',
    async ({ a, probe }) => {
      const child = async (): Promise<void> => {
        probe.held(a, 'in its first turn');
        await turn();
        probe.missed('child of acquire', a, 'later');
      };
      const release = await a.acquire();
      await child();
      probe.held(a, 'in the holder');
      release();
    },
    async (world) => {
      const { a, probe } = world;
      const child = async (): Promise<void> => {
        await turn();
        probe.not(a, 'while it is held');
        await turns(6);
        probe.not(a, 'after the release');
      };
      const release = await a.acquire();
      world.background(child());
      await turns(3);
      release();
    },
  ),
  shape(
    'started in the scope, awaited later',
    async ({ a, probe }) => {
      const go = deferred();
      const child = async (): Promise<void> => {
        await go.promise;
        probe.scoped(a, 'awaited by now');
      };
      await a.runExclusive(async () => {
        const pending = child();
        await turn();
        setImmediate(go.resolve);
        await pending;
      });
    },
    async (world) => {
      const { a, probe } = world;
      const go = deferred();
      const child = async (): Promise<void> => {
        await go.promise;
        probe.not(a, 'never awaited');
      };
      await a.runExclusive(async () => {
        world.background(child());
        await turn();
        go.resolve();
        await turn();
      });
    },
  ),
  shape(
    'a recursion of scopes',
    async ({ a, b, probe }) => {
      const recurse = async (locks: readonly Mutex[]): Promise<void> => {
        await turn();
        for (const lock of [a, b].slice(0, 2 - locks.length)) probe.scoped(lock, 'outer level');
        const [lock, ...rest] = locks;
        if (lock !== undefined) await lock.runExclusive(() => recurse(rest));
      };
      await recurse([a, b]);
    },
    async (world) => {
      const { a, b, probe } = world;
      const recurse = async (locks: readonly Mutex[]): Promise<void> => {
        await turn();
        const outer = locks.length < 2 ? a : undefined;
        if (outer !== undefined) probe.not(outer, 'level beside');
        const [lock, ...rest] = locks;
        if (lock === undefined) return;
        await lock.runExclusive(async () => {
          world.background(recurse(rest));
          await turns(4);
        });
      };
      await recurse([a, b]);
    },
  ),
  shape(
    'a recursion of acquires',
    async (world) => {
      await level(world, [world.a, world.b], false);
    },
    async (world) => {
      const { a, b, probe } = world;
      const recurse = async (inner: boolean): Promise<void> => {
        const release = await (inner ? b : a).acquire();
        if (inner) probe.not(a, 'same function, detached');
        else world.background(recurse(true));
        await turns(4);
        if (inner) probe.not(a, 'same function, detached, later');
        release();
      };
      await recurse(false);
      await level(world, [a, b], true);
    },
  ),
  shape(
    'a loop that collects locks',
    async ({ a, b, probe }) => {
      const releases = new Map<Mutex, Releaser>();
      for (const lock of [a, b]) {
        releases.set(lock, await take(lock));
        probe.missed('not by await', a, 'from the first round on');
      }
      probe.missed('not by await', b, 'after the loop');
      for (const release of releases.values()) release();
    },
    async ({ a, b, probe }) => {
      const releases = new Map<Mutex, Releaser>();
      for (const lock of [a, b]) releases.set(lock, await take(lock));
      releases.get(a)?.();
      await turn();
      probe.not(a, 'released out of the map');
      probe.missed('not by await', b, 'the other one');
      releases.get(b)?.();
      probe.not(b, 'released as well');
    },
  ),
];
