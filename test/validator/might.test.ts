import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { captures, isolated, nextTurn, seen } from '../support/harness.js';

function pair({ Mutex }: IsolatedLockdep): [Mutex, Mutex] {
  return [new Mutex({ class: new LockClass('a') }), new Mutex({ class: new LockClass('b') })];
}

describe('might', () => {
  for (const style of ['acquire', 'runExclusive'] as const) {
    const holding = async (lock: Mutex, body: () => void): Promise<void> => {
      if (style === 'runExclusive') return lock.runExclusive(body);
      const release = await lock.acquire();
      try {
        body();
      } finally {
        release();
      }
    };

    it(`under a lock held by ${style}: an inversion is reported though the path is never taken`, () =>
      isolated(async (instance) => {
        const [a, b] = pair(instance);
        await a.runExclusive(() => b.runExclusive(() => undefined));
        // Written out, so that the function that holds is the one that says it.
        if (style === 'runExclusive') await b.runExclusive(() => a.might());
        else {
          const release = await b.acquire();
          a.might();
          release();
        }
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
        assert.equal(a.isLocked(), false);
      }));

    it(`under a lock held by ${style}: the right order is silent, however often`, () =>
      isolated(async (instance) => {
        const [a, b] = pair(instance);
        await a.runExclusive(() => b.runExclusive(() => undefined));
        for (let i = 0; i < 20; i++) await holding(a, () => b.might());
        assert.deepEqual(seen(instance), []);
      }));
  }

  it('teaches an order, which a later acquisition can contradict', () =>
    isolated(async (instance) => {
      const [a, b] = pair(instance);
      await a.runExclusive(() => b.might());
      await b.runExclusive(() => a.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('of a lock that the flow holds itself is recursive locking', () =>
    isolated(async (instance) => {
      const [a] = pair(instance);
      await a.runExclusive(() => a.might());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      assert.equal(a.isLocked(), false);
    }));

  it('never waits and never changes the lock, free or held or awaited', () =>
    isolated(async (instance) => {
      const [a] = pair(instance);
      a.might();
      assert.equal(a.isLocked(), false);
      const release = await a.acquire();
      const next = instance.lockdep.detached(async () => a.acquire());
      instance.lockdep.detached(() => a.might());
      release();
      assert.equal(a.isLocked(), true);
      (await next)();
      assert.equal(a.isLocked(), false);
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
      assert.deepEqual(seen(instance), []);
    }));

  it('in enforce throws what is certain at the call, every time', () =>
    isolated(
      async (instance) => {
        const [a, b] = pair(instance);
        await a.runExclusive(() => b.runExclusive(() => undefined));
        for (let i = 0; i < 20; i++) {
          await b.runExclusive(() => assert.throws(() => a.might(), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' }));
        }
        // Who releases the locks of a class is known once somebody has waited with one, and released it.
        const earlier = await b.acquire();
        await new instance.Mutex().runExclusive(() => undefined);
        earlier();
        const release = await b.acquire();
        assert.throws(() => a.might(), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
        release();
      },
      { mode: 'enforce' },
    ));

  it('of a child that nobody waits for is never strict', () =>
    isolated(
      async (instance) => {
        const [a, b] = pair(instance);
        await a.runExclusive(() => b.runExclusive(() => undefined));
        const child = async (): Promise<void> => {
          a.might();
          await nextTurn();
          a.might();
        };
        await b.runExclusive(async () => {
          void child();
          await nextTurn();
          await nextTurn();
        });
        const release = await b.acquire();
        void child();
        await nextTurn();
        await nextTurn();
        release();
        assert.deepEqual(
          instance.lockdep.reports().filter(({ tier }) => tier === 'strict'),
          [],
        );
      },
      { mode: 'enforce' },
    ));

  it('of a helper that is awaited is told by the release at the latest', () =>
    isolated(async (instance) => {
      const [a, b] = pair(instance);
      await a.runExclusive(() => b.runExclusive(() => undefined));
      const helper = async (): Promise<void> => {
        await nextTurn();
        a.might();
      };
      await b.runExclusive(helper);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const release = await b.acquire();
      await helper();
      release();
      assert.deepEqual(seen(instance), ['circular-dependency strict x2']);
    }));

  it('mightRead asks for less than mightWrite', () =>
    isolated(async (instance) => {
      const lock = new instance.RWSemaphore({ class: new LockClass('rw'), fairness: 'reader-preferring' });
      await lock.runRead(() => lock.mightRead());
      assert.deepEqual(seen(instance), []);
      await lock.runRead(() => lock.mightWrite());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      const fair = new instance.RWSemaphore({ class: new LockClass('fair') });
      await fair.runRead(() => fair.mightRead());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1', 'recursive-locking strict x1']);
    }));

  it('captures no stack once its nesting is known', () =>
    isolated(async (instance) => {
      const [a, b] = pair(instance);
      const times = async (count: number): Promise<void> => {
        for (let i = 0; i < count; i++) await a.runExclusive(() => b.might());
      };
      // The first awaits of a program are looked at, to tell them from calls of `then`.
      await times(1000);
      assert.equal(await captures(() => times(20)), 0);
      assert.ok((await captures(() => b.runExclusive(() => a.might()))) > 0);
    }));

  it('of a semaphore counts its permits', () =>
    isolated(async (instance) => {
      const pool = new instance.Semaphore(3, { class: new LockClass('pool') });
      await pool.runExclusive(() => pool.might({ weight: 2 }));
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
      assert.equal(pool.getValue(), 3);
    }));
});
