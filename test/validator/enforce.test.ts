import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { E_CANCELED, LockClass, LockdepError, type Mutex } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

const enforce = { mode: 'enforce' } as const;

function pair(instance: IsolatedLockdep): readonly [Mutex, Mutex] {
  return [new instance.Mutex({ class: new LockClass('a') }), new instance.Mutex({ class: new LockClass('b') })];
}

/** An order that was learned from one flow and broken by another, which is refused from then on. */
async function refusedOnceKnown(
  instance: IsolatedLockdep,
  nest: (outer: Mutex, inner: Mutex) => Promise<void>,
): Promise<void> {
  const [a, b] = pair(instance);
  await nest(a, b);
  // Whether b is released by who waits for a under it shows at the release, the first time.
  await nest(b, a);
  assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
  for (let i = 0; i < 8; i++) {
    await nest(a, b);
    await assert.rejects(nest(b, a), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
  }
  // They meet, and would wait for each other for ever.
  const ends = await Promise.allSettled([nest(a, b), nest(b, a)]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
  assert.deepEqual([a.isLocked(), b.isLocked()], [false, false]);
}

describe('enforce', () => {
  it('the offending runExclusive rejects before its callback runs, every time, and leaves both locks free', async () => {
    await isolated(async (instance) => {
      const [a, b] = pair(instance);
      await a.runExclusive(() => b.runExclusive(() => undefined));
      let ran = 0;
      for (let i = 0; i < 12; i++) {
        await assert.rejects(
          b.runExclusive(() => a.runExclusive(() => void ran++)),
          (error: unknown) => {
            assert.ok(error instanceof LockdepError);
            assert.equal(error.code, 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY');
            assert.equal(error.report?.kind, 'circular-dependency');
            return true;
          },
        );
      }
      assert.equal(ran, 0);
      assert.deepEqual([a.isLocked(), b.isLocked()], [false, false]);
      assert.deepEqual(seen(instance), ['circular-dependency strict x12']);
    }, enforce);
  });

  it('the offending acquire rejects, the order that came first goes on', () =>
    isolated(
      (instance) =>
        refusedOnceKnown(instance, async (outer, inner) => {
          const first = await outer.acquire();
          try {
            await nextTurn();
            (await inner.acquire())();
          } finally {
            first();
          }
        }),
      enforce,
    ));

  it('the offending runExclusive under an acquired lock rejects, once the order is known', () =>
    isolated(
      (instance) =>
        refusedOnceKnown(instance, async (outer, inner) => {
          const guard = await outer.lock();
          try {
            await nextTurn();
            await inner.runExclusive(() => undefined);
          } finally {
            guard.release();
          }
        }),
      enforce,
    ));

  it('a scope that is not awaited under the lock is let through', async () => {
    await isolated(async (instance) => {
      const [a, b] = pair(instance);
      await a.runExclusive(() => b.runExclusive(() => undefined));
      for (let i = 0; i < 8; i++) {
        const release = await b.acquire();
        const beside = a.runExclusive(() => undefined);
        await nextTurn();
        release();
        await beside;
      }
      assert.deepEqual(
        instance.lockdep.reports().filter(({ tier }) => tier === 'strict'),
        [],
      );
    }, enforce);
  });

  it('a flow that would wait for itself gets an error in place of the hang', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      await assert.rejects(
        lock.runExclusive(() => lock.runExclusive(() => undefined)),
        { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' },
      );
      assert.equal(lock.isLocked(), false);
      assert.equal(await lock.runExclusive(() => 'free'), 'free');
    }, enforce);
  });

  it('one that holds the lock by a call is told as a suspicion: it may have passed the lock on, until it releases it', async () => {
    await isolated(async (instance) => {
      const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
      const release = await a.acquire();
      (await b.acquire())();
      release();
      const again = await a.acquire();
      const stuck = (async () => {
        await settle();
        a.cancel();
      })();
      // Awaited right here: somebody else's wait would be another question.
      let error: unknown;
      try {
        await a.acquire();
      } catch (caught) {
        error = caught;
      }
      assert.equal(error, E_CANCELED);
      await stuck;
      assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
      // So it had not.
      again();
      assert.deepEqual(seen(instance), ['recursive-locking strict x2']);
    }, enforce);
  });

  it('giving up the place lets those behind move up', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      const order: string[] = [];
      let behind: Promise<unknown> | undefined;
      await lock.runExclusive(async () => {
        const stuck = lock.runExclusive(() => order.push('stuck'));
        behind = instance.lockdep.detached(() => lock.runExclusive(() => order.push('behind')));
        try {
          await stuck;
        } catch {
          order.push('rejected');
        }
      });
      await behind;
      assert.deepEqual(order, ['rejected', 'behind']);
    }, enforce);
  });

  it('a suspicion alone never throws', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      let child: Promise<string> | undefined;
      await lock.runExclusive(async () => {
        child = lock.runExclusive(() => 'in the end');
        await nextTurn();
        await nextTurn();
      });
      assert.equal(await child, 'in the end');
      assert.deepEqual(seen(instance), []);
    }, enforce);
  });
});
