/** Releasers and guards that were collected while the lock was held: whose loss is told, when, and whose is legal. */
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import type { Mutex, Releaser } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/testing.js';
import { isolated } from '../support/harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What can go is gone, and was told. */
async function gone(): Promise<void> {
  for (let pass = 0; pass < 3; pass++) {
    await nextTurn();
    collect();
    await sleep(1);
  }
}

const leaks = ({ lockdep }: IsolatedLockdep): string[] =>
  lockdep
    .reports()
    .flatMap(({ kind, tier, message }) => (kind === 'leaked-lock' ? [`${tier}: ${bodyOf(message)}`] : []));

/** What a report says below its title, in one line. */
function bodyOf(message: string): string {
  const [, body = ''] = message.split(/\n=+\n/);
  return body.replaceAll('\n', ' ');
}

type Scene = (instance: IsolatedLockdep) => Promise<unknown>;

/** Waits for the lock for as long as the test lasts. */
function wait(lock: Mutex): void {
  lock.acquire().then(
    (release) => release(),
    () => undefined,
  );
}

const guilty: Readonly<Record<string, readonly [told: RegExp, scene: Scene]>> = {
  'a guard that was dropped, while somebody waits': [
    /^advisory: guards is held, and its guard was collected: only release\(\) of the lock itself could free it/,
    async ({ Mutex }) => {
      const lock = new Mutex({ class: 'guards' });
      await lock.lock();
      wait(lock);
      await gone();
    },
  ],
  'a guard that was dropped before somebody waits': [
    /^advisory: guards is held, and its guard was collected/,
    async (instance) => {
      const lock = new instance.Mutex({ class: 'guards' });
      await lock.lock();
      await gone();
      assert.deepEqual(leaks(instance), []);
      wait(lock);
    },
  ],
  'a guard of a try that was dropped, while somebody waits': [
    /^advisory: guards is held, and its guard was collected/,
    async ({ Mutex }) => {
      const lock = new Mutex({ class: 'guards' });
      assert.ok(lock.tryLock() !== undefined);
      wait(lock);
      await gone();
    },
  ],
  'a guard of one of several permits': [
    /^advisory: a permit of guards is held, and its guard/,
    async ({ Semaphore }) => {
      await new Semaphore(2, { class: 'guards' }).lock();
      await gone();
    },
  ],
  'a guard of a reader, while a writer waits': [
    /^strict: rw is held for ever/,
    async ({ RWSemaphore }) => {
      const lock = new RWSemaphore({ class: 'rw' });
      await lock.lockRead();
      lock.lockWrite().then(
        (guard) => guard.release(),
        () => undefined,
      );
      await gone();
    },
  ],
  'the releaser of a function that has thrown': [
    /^advisory: a permit of permits is held, and the function that took it has thrown/,
    async ({ Semaphore }) => {
      const permits = new Semaphore(2, { class: 'permits' });
      const connect = async (): Promise<Releaser> => {
        const [, release] = await permits.acquire();
        if (permits.getValue() > 0) throw new Error('refused');
        return release;
      };
      await connect().catch(() => undefined);
      await gone();
    },
  ],
  'the releaser of a function that has ended, while somebody waits': [
    /^advisory: ended is held, and who took it has ended/,
    async ({ Mutex }) => {
      const lock = new Mutex({ class: 'ended' });
      const flow = async (): Promise<void> => {
        await lock.acquire();
        await nextTurn();
      };
      void flow();
      await sleep(5);
      wait(lock);
      await gone();
    },
  ],
  'a grant to a task that has ended': [
    /^advisory: late was granted to task "gives up" after that had ended/,
    async ({ Mutex, lockdep }) => {
      const lock = new Mutex({ class: 'late' });
      const release = await lock.acquire();
      await lockdep.task('gives up', () => Promise.race([lock.acquire(), sleep(2)]));
      release();
      await gone();
    },
  ],
};

const legal: Readonly<Record<string, Scene>> = {
  'a guard that was released': async ({ Mutex }) => {
    const lock = new Mutex();
    (await lock.lock()).release();
    const held = await lock.acquire();
    wait(lock);
    await gone();
    held();
  },
  'a guard that a closure keeps': async ({ Mutex }) => {
    const lock = new Mutex();
    const guard = await lock.lock();
    wait(lock);
    await gone();
    guard.release();
  },
  'a guard that was handed off': async ({ Mutex }) => {
    const lock = new Mutex();
    (await lock.lock()).transfer();
    wait(lock);
    await gone();
    lock.release();
  },
  'a write guard that was downgraded, and its successor kept': async ({ RWSemaphore }) => {
    const lock = new RWSemaphore();
    const reading = (await lock.lockWrite()).downgrade();
    const writing = lock.lockWrite().then((guard) => guard.release());
    await gone();
    reading.release();
    await writing;
  },
  'a guard of a lock that nobody wants any more': async ({ Mutex }) => {
    await new Mutex().lock();
    await gone();
  },
  'a releaser that is dropped by a function which calls release() of the lock later': async ({ Mutex }) => {
    const lock = new Mutex();
    const flow = async (): Promise<void> => {
      await lock.acquire();
      wait(lock);
      await gone();
      lock.release();
    };
    await flow();
  },
  'the same, after a helper has acquired for it': async ({ Mutex }) => {
    const lock = new Mutex();
    const take = async (): Promise<void> => {
      await lock.acquire();
    };
    const flow = async (): Promise<void> => {
      await take();
      wait(lock);
      await gone();
      lock.release();
    };
    await flow();
  },
  'releasers of a class whose locks are released by their own release()': async ({ Mutex }) => {
    const lock = new Mutex();
    await lock.acquire();
    lock.release();
    const flow = async (): Promise<void> => {
      await lock.acquire();
    };
    void flow();
    await sleep(2);
    wait(lock);
    await gone();
    lock.release();
  },
  'guards of a class whose locks are released by their own release()': async ({ Mutex }) => {
    const lock = new Mutex();
    await lock.lock();
    lock.release();
    await lock.lock();
    wait(lock);
    await gone();
    lock.release();
  },
  'a releaser that is kept by a timer': async ({ Mutex }) => {
    const lock = new Mutex();
    const flow = async (): Promise<void> => {
      setTimeout(await lock.acquire(), 30);
    };
    void flow();
    await sleep(2);
    wait(lock);
    await gone();
    await sleep(40);
  },
  'the promise of an acquisition that nobody has awaited yet': async ({ Mutex }) => {
    const lock = new Mutex();
    const promise = lock.acquire();
    wait(lock);
    await gone();
    (await promise)();
  },
  'one that passed through Promise.all': async ({ Mutex }) => {
    const [a, b] = [new Mutex(), new Mutex()];
    const both = await Promise.all([a.acquire(), b.acquire()]);
    wait(a);
    await gone();
    for (const release of both) release();
  },
  'a scope that lasts': async ({ Mutex }) => {
    const lock = new Mutex();
    await lock.runExclusive(async () => {
      wait(lock);
      await gone();
    });
  },
  'a function that has thrown after it has stored its releaser': async ({ Semaphore }) => {
    const permits = new Semaphore(2);
    const kept: Releaser[] = [];
    const connect = async (): Promise<void> => {
      const [, release] = await permits.acquire();
      kept.push(release);
      throw new Error('refused');
    };
    await connect().catch(() => undefined);
    await gone();
    for (const release of kept) release();
  },
  'a grant to a task that has ended, to a flow of it that goes on': async ({ Mutex, lockdep }) => {
    const lock = new Mutex();
    const held = await lock.acquire();
    const flows: Promise<void>[] = [];
    await lockdep.task('starts', async () => {
      flows.push(lock.runExclusive(() => undefined));
      flows.push(
        (async () => {
          const release = await lock.acquire();
          await gone();
          release();
        })(),
      );
      await nextTurn();
    });
    held();
    await Promise.all(flows);
  },
};

describe('of what releases a lock, and was collected while it was held, is told', () => {
  for (const [name, [told, scene]] of Object.entries(guilty)) {
    it(name, () =>
      isolated(async (instance) => {
        await scene(instance);
        const [first, ...others] = leaks(instance);
        assert.match(first ?? 'nothing', told);
        assert.deepEqual(others, []);
        const [{ acquiring } = {}] = instance.lockdep.reports().filter(({ kind }) => kind === 'leaked-lock');
        assert.match(acquiring?.site ?? '', /lost-handles\.test\.ts:\d+/);
      }),
    );
  }

  it('a guard, in tracking light too, and there no releaser', () =>
    isolated(
      async (instance) => {
        const [guarded, released] = [
          new instance.Mutex({ class: 'guarded' }),
          new instance.Mutex({ class: 'released' }),
        ];
        await guarded.lock();
        await released.acquire();
        wait(guarded);
        wait(released);
        await gone();
        assert.deepEqual(
          leaks(instance).map((text) => text.slice(0, 25)),
          ['advisory: guarded is held'],
        );
      },
      { tracking: 'light' },
    ));

  it('what a function that has thrown had, as soon as it is collected', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(2, { class: 'permits' });
      const connect = async (): Promise<Releaser> => {
        const [, release] = await permits.acquire();
        if (permits.getValue() > 0) throw new Error('refused');
        return release;
      };
      const program = async (): Promise<unknown> => await connect().catch(() => undefined);
      await Promise.race([program().then(() => undefined), sleep(50)]);
      await sleep(1);
      collect();
      await sleep(5);
      assert.equal(leaks(instance).length, 1);
    }));

  it('once where its task has told of it before', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(2);
      await instance.lockdep.task('GET /', async () => {
        await permits.lock();
      });
      await gone();
      assert.equal(leaks(instance).length, 1);
    }));

  it('nothing that is released after the mode was turned off', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(2);
      await permits.lock();
      instance.lockdep.configure({ mode: 'off' });
      await gone();
      assert.deepEqual(leaks(instance), []);
    }));

  it('one of a place that loses now and then among very many', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(100_000, { class: 'many' });
      const take = async (round: number): Promise<void> => {
        const guard = await permits.lock();
        // Those of the first rounds are watched all; later it is one of 2,039.
        if (round < 100 || round % 2 === 0) guard.release();
      };
      for (let round = 0; round < 20_000; round++) await take(round);
      await gone();
      const told = leaks(instance);
      assert.ok(told.length > 0);
      for (const text of told) assert.match(text, /^advisory: a permit of many is held, and its guard/);
    }));
});

describe('of what releases a lock, and was collected while it was held, nothing is told of', () => {
  for (const mode of ['warn', 'enforce'] as const) {
    for (const [name, scene] of Object.entries(legal)) {
      it(`${name}, mode ${mode}`, () =>
        isolated(
          async (instance) => {
            await scene(instance);
            await gone();
            assert.deepEqual(leaks(instance), []);
          },
          { mode },
        ));
    }
  }
});
