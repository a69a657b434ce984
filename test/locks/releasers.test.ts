import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { withTimeout, type DisposableReleaser } from '../../src/index.js';
import { isolated, seen } from '../support/harness.js';

interface Subject {
  readonly acquire: () => Promise<DisposableReleaser>;
  readonly isLocked: () => boolean;
}

const SUBJECTS: Readonly<Record<string, (instance: IsolatedLockdep) => Subject>> = {
  'a mutex': (instance) => {
    const lock = new instance.Mutex();
    return { acquire: () => lock.acquire(), isLocked: () => lock.isLocked() };
  },
  'a mutex that is tried': (instance) => {
    const lock = new instance.Mutex();
    return { acquire: async () => lock.tryAcquire() as DisposableReleaser, isLocked: () => lock.isLocked() };
  },
  'a mutex with a timeout': (instance) => {
    const lock = new instance.Mutex();
    const bounded = withTimeout(lock, 1000);
    return { acquire: async () => (await bounded.acquire()) as DisposableReleaser, isLocked: () => lock.isLocked() };
  },
  'two permits': (instance) => {
    const lock = new instance.Semaphore(2);
    return { acquire: async () => (await lock.acquire(2))[1], isLocked: () => lock.isLocked() };
  },
  'two permits that are tried': (instance) => {
    const lock = new instance.Semaphore(2);
    return { acquire: async () => lock.tryAcquire(2) as DisposableReleaser, isLocked: () => lock.isLocked() };
  },
  'the permits of a subclass that releases in its own way': (instance) => {
    class Own extends instance.Semaphore {
      override release(weight?: number): void {
        super.release(weight);
      }
    }
    const lock = new Own(1);
    return { acquire: async () => (await lock.acquire())[1], isLocked: () => lock.isLocked() };
  },
  'a reader': (instance) => {
    const lock = new instance.RWSemaphore();
    return { acquire: () => lock.acquireRead(), isLocked: () => lock.isLocked() };
  },
  'a writer': (instance) => {
    const lock = new instance.RWSemaphore();
    return { acquire: () => lock.acquireWrite(), isLocked: () => lock.isLocked() };
  },
};

for (const mode of ['off', 'warn'] as const) {
  for (const [of, make] of Object.entries(SUBJECTS)) {
    describe(`the releaser of ${of} in mode ${mode}`, () => {
      const check = (situation: string, fn: (subject: Subject) => Promise<void>): void => {
        it(situation, () =>
          isolated(
            async (instance) => {
              await fn(make(instance));
              assert.deepEqual(seen(instance), []);
            },
            { mode },
          ),
        );
      };

      check('frees the lock at the end of its using block', async ({ acquire, isLocked }) => {
        {
          using release = await acquire();
          assert.equal(typeof release, 'function');
          assert.equal(isLocked(), true);
        }
        assert.equal(isLocked(), false);
      });

      check('frees the lock when its using block is left by an error', async ({ acquire, isLocked }) => {
        const failing = async (): Promise<void> => {
          using release = await acquire();
          throw new Error(`left while ${typeof release} is held`);
        };
        await assert.rejects(failing(), /left while function is held/);
        assert.equal(isLocked(), false);
      });

      check('does nothing at the end of its block when it was called by hand', async ({ acquire, isLocked }) => {
        let next: DisposableReleaser;
        {
          using release = await acquire();
          release();
          next = await acquire();
        }
        assert.equal(isLocked(), true);
        next();
      });

      check('does nothing when it is disposed of or called once more', async ({ acquire, isLocked }) => {
        const release = await acquire();
        release[Symbol.dispose]();
        const next = await acquire();
        release[Symbol.dispose]();
        release();
        assert.equal(isLocked(), true);
        next();
        assert.equal(isLocked(), false);
      });

      check('can be disposed of without its object', async ({ acquire, isLocked }) => {
        const { [Symbol.dispose]: dispose } = await acquire();
        dispose();
        assert.equal(isLocked(), false);
      });

      check('has no properties to list', async ({ acquire }) => {
        const release = await acquire();
        assert.deepEqual(Object.keys(release), []);
        assert.equal(JSON.stringify({ release }), '{}');
        assert.equal(release.length, 0);
        release();
      });
    });
  }
}

it('a releaser that frees what another one holds by now is reported where its block is', () =>
  isolated(async (instance) => {
    const lock = new instance.Mutex();
    let next: DisposableReleaser;
    const leaving = async (): Promise<void> => {
      using release = await lock.acquire();
      assert.equal(typeof release, 'function');
      lock.release();
      next = await lock.acquire();
    };
    await leaving();
    next!();
    const [report] = instance.lockdep.reports();
    assert.equal(report?.kind, 'bad-unlock-balance');
    assert.match(report.acquiring?.site ?? '', /releasers\.test\.[jt]s:\d+:\d+$/);
  }));
