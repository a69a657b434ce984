/** A mutex that the callback of a runExclusive() has, and that somebody releases by `release()` of the lock. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

function thief(lock: Mutex): void {
  lock.release();
}

describe('release() of a mutex that a scope has', () => {
  it('is reported at that moment, with the place of who releases, and once', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex({ class: new LockClass('vault') });
      const scope = lock.runExclusive(() => nextTurn());
      thief(lock);
      assert.equal(lock.isLocked(), false);
      assert.deepEqual(seen(instance), ['bad-unlock-balance strict x1']);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /Stack of this flow:\n +at thief /);
      const [next] = await Promise.all([lock.acquire(), scope]);
      next();
      assert.deepEqual(seen(instance), ['bad-unlock-balance strict x1']);
    }));

  it('is refused in enforce, and nobody else enters', () =>
    isolated(
      async (instance) => {
        const lock = new instance.Mutex({ class: new LockClass('vault') });
        let inside = 0;
        let most = 0;
        const work = async (): Promise<void> => {
          inside += 1;
          most = Math.max(most, inside);
          await nextTurn();
          inside -= 1;
        };
        const both = [lock.runExclusive(work), lock.runExclusive(work)];
        assert.throws(() => thief(lock), { code: 'ERR_LOCKDEP_BAD_UNLOCK_BALANCE' });
        await Promise.all(both);
        assert.equal(most, 1);
        assert.equal(lock.isLocked(), false);
      },
      { mode: 'enforce' },
    ));

  it('is silent where whoever releases has acquired it by a call', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex({ class: new LockClass('vault') });
      await lock.acquire();
      lock.release();
      await lock.runExclusive(() => nextTurn());
      assert.deepEqual(seen(instance), []);
    }));

  it('is silent of a semaphore, to which a release may add permits', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(2, { class: new LockClass('permits') });
      const scope = permits.runExclusive(() => nextTurn());
      permits.release();
      await scope;
      assert.deepEqual(seen(instance), []);
    }));
});
