import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';
import { settled } from '../fake-clock.js';
import { asking, type Case } from './scene.js';

export const CANCELLING: readonly Case[] = [
  {
    situation: 'cancel rejects every queued request with E_CANCELED and leaves the holder alone',
    play: async ({ library, actors: [holder, a, b] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      const waiters = [
        asking(a, () => mutex.acquire()),
        asking(b, () => mutex.runExclusive(() => assert.fail('ran'), 1)),
      ];
      await settled();
      mutex.cancel();
      await settled();
      assert.ok(waiters.every(({ error }) => error === library.E_CANCELED));
      assert.equal(mutex.isLocked(), true);
      await holder.do(release);
      assert.equal(mutex.isLocked(), false);
    },
  },
  {
    situation: 'cancel rejects with the error the lock was constructed with',
    play: async ({ library, actors: [holder, a] }) => {
      const error = new Error('closing down');
      for (const lock of [new library.Mutex(error), new library.Semaphore(1, error)]) {
        await holder.do(async () => void (await lock.acquire()));
        const waiter = asking(a, async () => void (await lock.acquire()));
        await settled();
        lock.cancel();
        await settled();
        assert.equal(waiter.error, error);
        lock.release();
      }
    },
  },
  {
    situation: 'cancel leaves unlock waiters waiting',
    play: async ({ library, actors: [holder, a] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      const watcher = asking(a, () => mutex.waitForUnlock());
      await settled();
      mutex.cancel();
      await settled();
      assert.equal(watcher.state, 'pending');
      await holder.do(release);
      await settled();
      assert.equal(watcher.state, 'fulfilled');
    },
  },
  {
    situation: 'a cancelled lock can be used on',
    play: async ({ library, actors: [holder, a, b] }) => {
      const semaphore = new library.Semaphore(1);
      const [, release] = await holder.do(() => semaphore.acquire());
      asking(a, () => semaphore.acquire());
      await settled();
      semaphore.cancel();
      const later = asking(b, () => semaphore.acquire());
      await settled();
      assert.equal(later.state, 'pending');
      await holder.do(release);
      await settled();
      assert.equal(later.state, 'fulfilled');
    },
  },
  {
    situation: 'cancel rejects with whatever the lock was constructed with',
    play: async ({ library, actors: [holder, a] }) => {
      class Cancelled {
        readonly name = 'Cancelled';
      }
      const foreign: unknown = runInNewContext('new Error("of another realm")');
      for (const error of [null, 0, 'cancelled', new Cancelled(), () => undefined, foreign, new DOMException('over')]) {
        for (const lock of [new library.Mutex(error as never), new library.Semaphore(1, error as never)]) {
          await holder.do(async () => void (await lock.acquire()));
          const waiter = asking(a, async () => void (await lock.acquire()));
          await settled();
          lock.cancel();
          await settled();
          assert.deepEqual([waiter.state, waiter.error === error], ['rejected', true]);
          lock.release();
        }
      }
    },
  },
];
