/**
 * A flow that takes a lock again and again, for somebody else to release, looks like one that waits for itself. It must be
 * silent in every mode; and what really waits for itself must be told in every mode alike.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex, type Semaphore } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

interface Scene {
  readonly instance: IsolatedLockdep;
  readonly lock: Mutex;
  readonly permits: Semaphore;
}

function scene(instance: IsolatedLockdep): Scene {
  const { Mutex, Semaphore } = instance;
  return {
    instance,
    lock: new Mutex({ class: new LockClass('lock') }),
    permits: new Semaphore(2, { class: new LockClass('permits') }),
  };
}

/** Calls of a producer that leave a permit taken, and of a consumer that returns it. */
async function boundedBuffer({ instance, permits }: Scene, waitFirst: boolean, inline: boolean): Promise<void> {
  const items = new instance.Semaphore(0, { class: new LockClass('items') });
  const buffer: number[] = [];
  const put = async (item: number): Promise<void> => {
    if (waitFirst) await nextTurn();
    await permits.acquire();
    buffer.push(item);
    items.release();
  };
  const produce = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      if (inline) {
        await permits.acquire();
        buffer.push(i);
        items.release();
      } else await put(i);
    }
  };
  const consume = async (): Promise<void> => {
    for (let i = 0; i < 12; i++) {
      await items.acquire();
      buffer.shift();
      await nextTurn();
      permits.release();
    }
  };
  await Promise.all([produce(), consume()]);
}

/** One job at a time: each has the lock, and gives it back. */
async function baton(take: () => Promise<() => void>): Promise<void> {
  const jobs: Promise<void>[] = [];
  const job = async (release: () => void): Promise<void> => {
    await nextTurn();
    release();
  };
  for (let i = 0; i < 8; i++) jobs.push(job(await take()));
  await Promise.all(jobs);
}

const legal: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'a bounded buffer, put by a helper': (all) => boundedBuffer(all, false, false),
  'a bounded buffer, put by a helper that waits first': (all) => boundedBuffer(all, true, false),
  'a bounded buffer, put by the loop itself': (all) => boundedBuffer(all, false, true),
  'a mutex passed on to each job': ({ lock }) => baton(() => lock.acquire()),
  'a mutex passed on to each job, had from a helper': ({ lock }) => baton(async () => lock.acquire()),
  'a mutex passed on to each job, had from a helper that waits first': ({ lock }) =>
    baton(async () => {
      await nextTurn();
      return await lock.acquire();
    }),
  'two locks passed on to a job each, the first of them wanted again, in a function that is called through a wrapper':
    async ({ instance, lock }) => {
      const other = new instance.Mutex({ class: new LockClass('other') });
      const work = async (): Promise<void> => {
        void nextTurn().then(await lock.acquire());
        void nextTurn().then(await other.acquire());
        await lock.runExclusive(() => undefined);
      };
      await Promise.race([(async () => work())(), settle(30)]);
    },
  'a permit passed on to each job, had from one of two helpers': ({ permits }) => {
    const [one, other] = [0, 1].map(() => async () => (await permits.acquire())[1]);
    let next = 0;
    return baton(() => (next++ % 2 === 0 ? one! : other!)());
  },
};

/** Small work is done under both locks at once; for large work the lock goes with the job, and the other one is had then. */
async function nowAndThen({ instance, lock }: Scene, small: boolean): Promise<void> {
  const [other, inner] = ['other', 'inner'].map((name) => new LockClass(`now and then ${name}`));
  const [b, c] = [new instance.Mutex({ class: other! }), new instance.Mutex({ class: inner! })];
  const release = await lock.acquire();
  if (small) {
    await c.runExclusive(() => nextTurn());
    release();
  } else void nextTurn().then(release);
  (await b.acquire())();
  const reverse = await b.acquire();
  (await lock.acquire())();
  reverse();
}

describe('a class that is passed on now and then teaches nothing strict by what it is waited with', () => {
  for (const mode of ['warn', 'enforce'] as const) {
    it(`in mode ${mode}`, () =>
      isolated(
        async (instance) => {
          const all = scene(instance);
          for (const small of [true, false, true, false]) await nowAndThen(all, small);
          assert.deepEqual(
            seen(instance).filter((report) => !report.includes('advisory')),
            [],
          );
        },
        { mode },
      ));
  }
});

describe('a class that is passed on at first, and released by its holders later', () => {
  it('teaches strictly from then on, though not at once', () =>
    isolated(async (instance) => {
      const { lock } = scene(instance);
      const other = new instance.Mutex({ class: new LockClass('other') });
      const use = async (passOn: boolean): Promise<void> => {
        const release = await lock.acquire();
        if (passOn) setImmediate(() => setImmediate(release));
        (await other.acquire())();
        if (passOn) await settle();
        else release();
      };
      for (let i = 0; i < 12; i++) await use(true);
      for (let i = 0; i < 64; i++) await use(false);
      await other.runExclusive(() => lock.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));
});

describe('a lock that is passed on is silent', () => {
  for (const tracking of ['precise', 'light'] as const) {
    for (const mode of ['warn', 'enforce'] as const) {
      for (const [name, program] of Object.entries(legal)) {
        it(`${name}; tracking ${tracking}, mode ${mode}`, () =>
          isolated(
            async (instance) => {
              await program(scene(instance));
              assert.deepEqual(seen(instance), []);
            },
            { tracking, mode },
          ));
      }
    }
  }
});

describe('a lock that is kept and wanted again by a helper', () => {
  for (const mode of ['warn', 'enforce'] as const) {
    for (const waitFirst of [false, true]) {
      it(`${waitFirst ? 'which waits first' : 'at once'} is a suspicion, in mode ${mode}`, () =>
        isolated(
          async (instance) => {
            const { lock } = scene(instance);
            const helper = async (): Promise<void> => {
              if (waitFirst) await nextTurn();
              (await lock.acquire())();
            };
            const holder = async (): Promise<void> => {
              const release = await lock.acquire();
              await helper();
              release();
            };
            void holder();
            await settle();
            assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
          },
          { mode },
        ));
    }
  }

  for (const mode of ['warn', 'enforce'] as const) {
    const programs: Readonly<Record<string, (lock: Mutex) => () => Promise<void>>> = {
      'by the same function, which calls itself': (lock) => {
        const dive = async (depth: number): Promise<void> => {
          const release = await lock.acquire();
          if (depth > 0) await dive(depth - 1);
          release();
        };
        return () => dive(1);
      },
      'by the same function through the same helper': (lock) => {
        const take = async (): Promise<() => void> => lock.acquire();
        const dive = async (depth: number): Promise<void> => {
          const release = await take();
          if (depth > 0) await dive(depth - 1);
          release();
        };
        return () => dive(1);
      },
      'by a helper through the helper that it was had from': (lock) => {
        const take = async (): Promise<() => void> => lock.acquire();
        const helper = async (): Promise<void> => (await take())();
        return async () => {
          const release = await take();
          await helper();
          release();
        };
      },
      'by another helper than the one that it was had from': (lock) => {
        const take = async (): Promise<() => void> => lock.acquire();
        const helper = async (): Promise<void> => (await lock.acquire())();
        return async () => {
          const release = await take();
          await helper();
          release();
        };
      },
    };
    for (const [name, program] of Object.entries(programs)) {
      it(`${name} is a suspicion, in mode ${mode}`, () =>
        isolated(
          async (instance) => {
            void program(scene(instance).lock)();
            await settle();
            assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
          },
          { mode },
        ));
    }
  }
});
