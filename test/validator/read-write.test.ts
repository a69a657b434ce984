import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type RWSemaphore } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, seen } from '../support/harness.js';

type Fairness = 'fifo' | 'reader-preferring';

function rw(instance: IsolatedLockdep, name: string, fairness: Fairness = 'fifo'): RWSemaphore {
  return new instance.RWSemaphore({ class: new LockClass(name), name, fairness });
}

describe('one reader/writer lock, twice in one flow', () => {
  it('an upgrade is reported, and the report says that it is one', () =>
    isolated(async (instance) => {
      const lock = rw(instance, 'config');
      await lock.runRead(async () => {
        await assert.rejects(lock.acquireWrite({ timeout: 1 }), { code: 'ERR_LOCKDEP_TIMEOUT' });
      });
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      const [report] = instance.lockdep.reports();
      assert.match(report?.message ?? '', /an upgrade, which\s+waits for its own read to end/);
      assert.equal(report?.acquiring?.mode, 'exclusive');
      assert.equal(report?.held[0]?.mode, 'shared');
    }));

  it('in enforce an upgrade is refused before it waits', () =>
    isolated(
      async (instance) => {
        const lock = rw(instance, 'config');
        await lock.runRead(async () => {
          await assert.rejects(lock.acquireWrite(), { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' });
          assert.equal(lock.readers, 1);
        });
        assert.equal(lock.isLocked(), false);
      },
      { mode: 'enforce' },
    ));

  it('write, downgrade, read on: silent, however often', () =>
    isolated(async (instance) => {
      const lock = rw(instance, 'config');
      const other = rw(instance, 'log');
      for (let i = 0; i < 10; i++) {
        const guard = await lock.lockWrite();
        const read = guard.downgrade();
        (await other.acquireRead())();
        read.release();
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('after a downgrade what is held is a read', () =>
    isolated(async (instance) => {
      const lock = rw(instance, 'config');
      const guard = await lock.lockWrite();
      assert.equal(instance.lockdep.held()[0]?.mode, 'exclusive');
      const read = guard.downgrade();
      assert.equal(instance.lockdep.held()[0]?.mode, 'shared');
      instance.lockdep.assertHeld(lock, 'read');
      assert.deepEqual(seen(instance), []);
      instance.lockdep.assertHeld(lock, 'write');
      assert.deepEqual(seen(instance), ['assertion strict x1']);
      read.release();
    }));

  it('what is wanted under a downgraded lock is ordered after a reader, not after a writer', () =>
    isolated(async (instance) => {
      const [a, b] = [rw(instance, 'a', 'reader-preferring'), rw(instance, 'b', 'reader-preferring')];
      const nest = async (downgrades: boolean): Promise<void> => {
        const guard = await a.lockWrite();
        const held = downgrades ? guard.downgrade() : guard;
        (await b.acquireWrite())();
        held.release();
      };
      await b.runWrite(() => a.runRead(() => undefined));
      for (let i = 0; i < 3; i++) await nest(true);
      assert.deepEqual(seen(instance), []);
      for (let i = 0; i < 3; i++) await nest(false);
      assert.deepEqual(seen(instance), ['circular-dependency strict x3']);
    }));

  it('a fair read under a read is reported: a writer that queues between the two stops both', () =>
    isolated(async (instance) => {
      const lock = rw(instance, 'config');
      await lock.runRead(() => lock.runRead(() => undefined));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /a writer that queues between the two/);
    }));

  it('a reader-preferring read under a read is silent, of one instance or of two', () =>
    isolated(async (instance) => {
      const lockClass = new LockClass('config');
      const [one, two] = [1, 2].map(
        () => new instance.RWSemaphore({ class: lockClass, fairness: 'reader-preferring' }),
      ) as [RWSemaphore, RWSemaphore];
      for (let i = 0; i < 10; i++) {
        await one.runRead(() => one.runRead(() => undefined));
        await one.runRead(() => two.runRead(() => undefined));
        await two.runRead(() => one.runRead(() => undefined));
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('a reader-preferring read under a write is reported', () =>
    isolated(async (instance) => {
      const lockClass = new LockClass('config');
      const [one, two] = [1, 2].map(
        () => new instance.RWSemaphore({ class: lockClass, fairness: 'reader-preferring' }),
      ) as [RWSemaphore, RWSemaphore];
      await one.runWrite(() => two.runRead(() => undefined));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('a known read nesting does not hide the write in its place', () =>
    isolated(async (instance) => {
      const [a, b] = [rw(instance, 'a', 'reader-preferring'), rw(instance, 'b', 'reader-preferring')];
      await a.runRead(() => b.runWrite(() => undefined));
      for (let i = 0; i < 10; i++) await b.runWrite(() => a.runRead(() => undefined));
      assert.deepEqual(seen(instance), []);
      await b.runWrite(() => a.runWrite(() => undefined));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));
});

describe('readers and writers in both orders', () => {
  const nestings = [
    ['runRead', 'runRead'],
    ['runRead', 'runWrite'],
    ['runWrite', 'runRead'],
    ['runWrite', 'runWrite'],
  ] as const;

  for (const fairness of ['fifo', 'reader-preferring'] as const) {
    for (const [outerA, innerB] of nestings) {
      for (const [outerB, innerA] of nestings) {
        // A wait ends with a writer; in a fair lock it also ends with a reader, for the writers that it queues behind.
        const waits = (inner: string, outer: string): boolean =>
          fairness === 'fifo' || inner === 'runWrite' || outer === 'runWrite';
        const deadlock = waits(innerB, outerB) && waits(innerA, outerA);
        const verdict = deadlock ? 'reported' : 'silent';
        it(`${fairness}: a.${outerA} b.${innerB}, then b.${outerB} a.${innerA}: ${verdict}`, () =>
          isolated(async (instance) => {
            const [a, b] = [rw(instance, 'a', fairness), rw(instance, 'b', fairness)];
            await a[outerA](() => b[innerB](() => undefined));
            await b[outerB](() => a[innerA](() => undefined));
            assert.deepEqual(seen(instance), deadlock ? ['circular-dependency strict x1'] : []);
          }));
      }
    }
  }
});
