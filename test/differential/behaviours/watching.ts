import assert from 'node:assert/strict';
import { settled } from '../fake-clock.js';
import { asking, type Case } from './scene.js';

export const WATCHING: readonly Case[] = [
  {
    situation: 'waitForUnlock resolves at once when the lock could be taken, and takes nothing',
    play: async ({ library }) => {
      const mutex = new library.Mutex();
      await mutex.waitForUnlock();
      assert.equal(mutex.isLocked(), false);
      const semaphore = new library.Semaphore(2);
      await semaphore.waitForUnlock(2);
      assert.equal(semaphore.getValue(), 2);
    },
  },
  {
    situation: 'every unlock waiter is told when the lock gets free',
    play: async ({ library, actors: [holder, a, b] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      const watchers = [a, b].map((actor) => asking(actor, () => mutex.waitForUnlock()));
      await settled();
      await holder.do(release);
      await settled();
      assert.deepEqual(
        watchers.map(({ state }) => state),
        ['fulfilled', 'fulfilled'],
      );
    },
  },
  {
    situation: 'an unlock waiter is told only when its weight fits',
    play: async ({ library, actors: [holder, a, b] }) => {
      const semaphore = new library.Semaphore(0);
      const heavy = asking(a, () => semaphore.waitForUnlock(2));
      const light = asking(b, () => semaphore.waitForUnlock(1));
      await settled();
      await holder.do(() => semaphore.setValue(1));
      await settled();
      assert.deepEqual([heavy.state, light.state], ['pending', 'fulfilled']);
      await holder.do(() => semaphore.setValue(2));
      await settled();
      assert.equal(heavy.state, 'fulfilled');
    },
  },
  {
    situation: 'an unlock waiter is told when it outranks all who queue, and otherwise only when nobody does',
    play: async ({ library, actors: [holder, next, a, b] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      const waiter = asking(next, () => mutex.acquire());
      await settled();
      const outranking = asking(a, () => mutex.waitForUnlock(1));
      const equal = asking(b, () => mutex.waitForUnlock(0));
      await settled();
      await holder.do(release);
      await settled();
      assert.deepEqual([outranking.state, equal.state], ['fulfilled', 'pending']);
      await next.do(waiter.value!);
      await settled();
      assert.equal(equal.state, 'fulfilled');
    },
  },
  {
    situation: 'acquire and waitForUnlock awaited together never settle (async-mutex issue 88)',
    misuse: true,
    play: async ({ library, actors: [a] }) => {
      const mutex = new library.Mutex();
      const both = asking(a, () => Promise.all([mutex.acquire(), mutex.waitForUnlock()]));
      await settled();
      assert.equal(both.state, 'pending');
    },
  },
];
