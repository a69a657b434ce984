import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tryAcquire, withTimeout } from '../../src/index.js';
import { CORE } from '../../src/locks/symbols.js';
import type { Semaphore } from '../../src/locks/semaphore.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

const MODES = ['off', 'warn', 'enforce'] as const;

/** Entries in the queue, and the most that there were. */
function entries(lock: Pick<Semaphore, typeof CORE>): number {
  const { queue } = lock[CORE];
  queue?.checkInvariants();
  return queue?.size ?? 0;
}

const ignore = (): void => undefined;

for (const mode of MODES) {
  describe(`a wait that withTimeout has given up, in mode ${mode}`, () => {
    it('is one of a single entry, however often a held lock is asked for', (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      return isolated(
        async ({ Mutex }) => {
          const mutex = new Mutex();
          const release = await mutex.acquire();
          for (let i = 0; i < 3000; i++) {
            tryAcquire(mutex).acquire().catch(ignore);
            t.mock.timers.tick(1);
          }
          assert.equal(entries(mutex), 1);
          release();
          await settle();
          assert.deepEqual([entries(mutex), mutex.isLocked()], [0, false]);
        },
        { mode },
      );
    });

    it('joins its like when whoever stood between them leaves, on either side', (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      return isolated(
        async ({ Semaphore }) => {
          const semaphore = new Semaphore(0);
          const decorated = withTimeout(semaphore, 10);
          const stop = new AbortController();
          for (let i = 0; i < 3; i++) {
            decorated.acquire(2).catch(ignore);
            semaphore.acquire({ signal: stop.signal }).catch(ignore);
          }
          assert.equal(entries(semaphore), 6);
          t.mock.timers.tick(10);
          assert.equal(entries(semaphore), 6);
          stop.abort();
          assert.equal(entries(semaphore), 1);
          decorated.acquire(1).catch(ignore);
          t.mock.timers.tick(10);
          assert.equal(entries(semaphore), 2);
        },
        { mode },
      );
    });

    it('is nobody to the validator: it holds and awaits nothing', (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      return isolated(
        async (instance) => {
          const { Mutex, lockdep } = instance;
          const mutex = new Mutex({ class: 'held for long' });
          const release = await mutex.acquire();
          const wait = withTimeout(mutex, 10).runExclusive(ignore);
          const failed = assert.rejects(wait);
          t.mock.timers.tick(10);
          await failed;
          if (mode !== 'off') assert.equal(lockdep.showAllLocks().split('\n').length, 1);
          release();
          assert.equal(mutex.isLocked(), true);
          assert.doesNotMatch(lockdep.showAllLocks(), /held for long/);
          await nextTurn();
          mutex[Symbol.dispose]();
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      );
    });

    it('of two bounds the earlier one counts: that of the options gives up the place', (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      return isolated(
        async ({ Mutex }) => {
          const mutex = new Mutex();
          await mutex.acquire();
          const decorated = withTimeout(mutex, 10, new Error('by withTimeout'));
          const [sooner, later] = [5, 15].map((timeout) => decorated.acquire({ timeout } as never));
          const failed = Promise.all([
            assert.rejects(sooner as Promise<unknown>, { code: 'ERR_LOCKDEP_TIMEOUT' }),
            assert.rejects(later as Promise<unknown>, /by withTimeout/),
          ]);
          t.mock.timers.tick(5);
          assert.equal(entries(mutex), 1);
          t.mock.timers.tick(5);
          assert.equal(entries(mutex), 1);
          await failed;
        },
        { mode },
      );
    });

    it('whose timer is over at once leaves nothing at its signal', (t) =>
      isolated(
        async ({ Mutex }) => {
          const mutex = new Mutex();
          await mutex.acquire();
          const { signal } = new AbortController();
          const [added, removed] = [
            t.mock.method(signal, 'addEventListener'),
            t.mock.method(signal, 'removeEventListener'),
          ];
          const timers = t.mock.method(globalThis, 'setTimeout', (callback: () => void) => callback());
          const wait = withTimeout(mutex, 10).acquire({ signal } as never);
          timers.mock.restore();
          await assert.rejects(wait, /timeout/);
          assert.deepEqual([added.mock.callCount(), removed.mock.callCount(), entries(mutex)], [1, 1, 1]);
        },
        { mode },
      ));

    it('a timeout of ours that is used up is none, and leaves nothing behind', (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      return isolated(
        async (instance) => {
          const { Mutex, Semaphore, RWSemaphore, Completion, WorkQueue } = instance;
          const [mutex, semaphore, rw] = [new Mutex(), new Semaphore(1), new RWSemaphore()];
          await mutex.acquire();
          await semaphore.acquire();
          await rw.acquireWrite();
          const completion = new Completion();
          for (const timeout of [-3, -0.5, Number.NEGATIVE_INFINITY]) {
            const waits = [
              mutex.acquire({ timeout }),
              mutex.runExclusive(ignore, { timeout }),
              mutex.lock({ timeout }),
              semaphore.acquire({ timeout }),
              rw.acquireRead({ timeout }),
              rw.acquireWrite({ timeout }),
              completion.wait({ timeout }),
            ];
            const failed = waits.map((wait) => assert.rejects(wait as Promise<unknown>, /within 0 ms/));
            t.mock.timers.tick(1);
            await Promise.all(failed);
          }
          assert.deepEqual([entries(mutex), entries(semaphore)], [0, 0]);
          assert.equal(await new WorkQueue().run(() => 'at once', { delay: -5 }), 'at once');
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      );
    });
  });
}
