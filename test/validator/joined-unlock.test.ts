/** A lock and its unlock, asked for at once. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Mutex } from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';
import { pool, scene, start, verdicts, type Scene } from './unlock-scene.js';

const JOINED = ['recursive-locking advisory'];

describe('a lock and its unlock, asked for at once and joined', () => {
  const guilty: Readonly<Record<string, (a: Mutex) => Promise<unknown>>> = {
    'of a lock that is free': (a) => Promise.all([a.acquire(), a.waitForUnlock()]),
    'of a lock that another flow releases later': async (a) => {
      const release = await a.acquire();
      setImmediate(release);
      await Promise.all([a.acquire(), a.waitForUnlock()]);
    },
    'with a guard, and a lower priority': (a) => Promise.all([a.lock(), a.waitForUnlock(-1)]),
    'the unlock first, of a lock that is held': async (a) => {
      const release = await a.acquire();
      setImmediate(release);
      await Promise.all([a.waitForUnlock(), a.acquire()]);
    },
    'requested before the combinator is called': async (a) => {
      const requests = [a.acquire(), a.waitForUnlock()] as const;
      await Promise.all(requests);
    },
    'in a callback of then': (a) => Promise.resolve().then(() => Promise.all([a.acquire(), a.waitForUnlock()])),
  };
  for (const [name, program] of Object.entries(guilty)) {
    it(`${name}: never settles, and is reported`, () =>
      isolated(async (instance) => {
        const { a } = scene(instance);
        const { state } = await start(program(a));
        assert.equal(state, 'pending');
        assert.deepEqual(verdicts(instance), JOINED);
        const [report] = instance.lockdep.reports();
        assert.match(report!.message.replaceAll(/\s+/g, ' '), /asks for a lock and for its unlock at once/);
        assert.equal(report!.acquiring!.forUnlock, true);
      }));
  }

  it('is told while somebody else still holds the lock', () =>
    isolated(async (instance) => {
      const { a } = scene(instance);
      let release: (() => void) | undefined;
      instance.lockdep.detached(() => void a.acquire().then((granted) => (release = granted)));
      await nextTurn();
      await start(Promise.all([a.acquire(), a.waitForUnlock()]));
      assert.deepEqual(verdicts(instance), JOINED);
      release?.();
      await settle();
      assert.deepEqual(verdicts(instance), JOINED);
    }));

  it('is a suspicion and no more: the promise of the lock may have been kept, and be asked later', () =>
    isolated(
      async (instance) => {
        const { a } = scene(instance);
        const lock = a.acquire();
        setImmediate(() => void lock.then((release) => release()));
        await Promise.all([lock, a.waitForUnlock()]);
        assert.deepEqual(verdicts(instance), JOINED);
      },
      { mode: 'enforce' },
    ));

  it('the unlock first, of a free lock: passes, and is reported, since it hangs where the lock is held', () =>
    isolated(async (instance) => {
      const { a } = scene(instance);
      const [, release] = await Promise.all([a.waitForUnlock(), a.acquire()]);
      release();
      assert.deepEqual(verdicts(instance), JOINED);
    }));

  it('of a semaphore with too few permits for both', () =>
    isolated(async (instance) => {
      const permits = pool(instance, 3);
      await start(Promise.all([permits.acquire(2), permits.waitForUnlock(2)]));
      assert.deepEqual(verdicts(instance), JOINED);
    }));

  const legal: Readonly<Record<string, (a: Mutex, scene: Scene) => Promise<unknown>>> = {
    'the first of the two': async (a) => {
      const lock = a.acquire();
      await Promise.race([lock, a.waitForUnlock()]);
      (await lock)();
    },
    'any of the two': async (a) => {
      const lock = a.acquire();
      await Promise.any([lock, a.waitForUnlock()]);
      (await lock)();
    },
    'one after the other': async (a) => {
      await a.waitForUnlock();
      (await a.acquire())();
      await a.waitForUnlock();
    },
    'beside a scope, which releases by itself': (a) =>
      Promise.all([a.runExclusive(() => nextTurn()), a.waitForUnlock()]),
    'with a callback that releases': (a) => Promise.all([a.acquire().then((release) => release()), a.waitForUnlock()]),
    'where another one gets the lock too, and releases it': async (a) => {
      const lock = a.acquire();
      void (async () => {
        const release = await lock;
        await nextTurn();
        release();
      })();
      await Promise.all([lock, a.waitForUnlock()]);
    },
    'where another one asks for the lock later': async (a) => {
      const holder = a.runExclusive(() => settle(2));
      await Promise.resolve();
      const lock = a.acquire();
      lock.then(
        (release) => setImmediate(release),
        () => undefined,
      );
      await Promise.all([lock, a.waitForUnlock()]);
      await holder;
    },
    'of two locks': async (a, { b }) => {
      const [release] = await Promise.all([a.acquire(), b.waitForUnlock()]);
      release();
    },
    'of a semaphore with permits for both': async (_a, { instance }) => {
      const permits = pool(instance, 3);
      const [[, release]] = await Promise.all([permits.acquire(2), permits.waitForUnlock(1)]);
      release();
    },
    'the unlock by a higher priority, of a lock that is held': async (a) => {
      const holder = a.runExclusive(() => settle(2));
      const [release] = await Promise.all([a.acquire(), a.waitForUnlock(1)]);
      release();
      await holder;
    },
  };
  for (const mode of ['warn', 'enforce'] as const) {
    for (const [name, program] of Object.entries(legal)) {
      it(`legal in mode ${mode}: ${name}`, () =>
        isolated(
          async (instance) => {
            for (let i = 0; i < 3; i++) {
              const world = scene(instance);
              const { state } = await start(program(world.a, world));
              assert.equal(state, 'done');
            }
            assert.deepEqual(seen(instance), []);
          },
          { mode },
        ));
    }
  }
});

describe('a hang from the field', () => {
  it('a tree of locks that asks for a lock and for its unlock in one request; one after the other is the fix', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const { a } = scene(instance);
        const request = async (): Promise<() => void> => {
          if (!fixed) return (await Promise.all([a.acquire(), a.waitForUnlock()]))[0];
          await a.waitForUnlock();
          return a.acquire();
        };
        const release = await a.acquire();
        setTimeout(release, 1);
        const requested = request();
        requested.then(
          (granted) => granted(),
          () => undefined,
        );
        await a.waitForUnlock(1);
        await settle();
        assert.equal(a.isLocked(), !fixed);
        assert.deepEqual(verdicts(instance), fixed ? [] : JOINED);
      });
    }
  });
});
