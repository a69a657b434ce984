import assert from 'node:assert/strict';
import { settled } from '../fake-clock.js';
import { asking, type Case } from './scene.js';

export const RELEASING: readonly Case[] = [
  {
    situation: 'a releaser called twice frees once',
    play: async ({ library, actors: [holder, next] }) => {
      const semaphore = new library.Semaphore(1);
      const [, release] = await holder.do(() => semaphore.acquire());
      await holder.do(release);
      await holder.do(release);
      assert.equal(semaphore.getValue(), 1);
      await next.do(() => semaphore.acquire());
      await holder.do(release);
      assert.equal(semaphore.getValue(), 0);
    },
  },
  {
    situation: 'release() frees a held mutex, whoever calls it',
    play: async ({ library, actors: [holder, other] }) => {
      const mutex = new library.Mutex();
      await holder.do(() => mutex.acquire());
      await other.do(() => mutex.release());
      assert.equal(mutex.isLocked(), false);
    },
  },
  {
    situation: 'release() of a free mutex does nothing',
    misuse: true,
    play: async ({ library, actors: [a, b] }) => {
      const mutex = new library.Mutex();
      mutex.release();
      mutex.release();
      assert.equal(mutex.isLocked(), false);
      await a.do(() => mutex.acquire());
      const second = asking(b, () => mutex.acquire());
      await settled();
      assert.equal(second.state, 'pending');
    },
  },
  {
    situation: 'after a foreign release() the stale releaser frees the lock of the next holder',
    misuse: true,
    play: async ({ library, actors: [a, b, c] }) => {
      const mutex = new library.Mutex();
      const stale = await a.do(() => mutex.acquire());
      const second = asking(b, () => mutex.acquire());
      const third = asking(c, () => mutex.acquire());
      await settled();
      mutex.release();
      await settled();
      assert.deepEqual([second.state, third.state], ['fulfilled', 'pending']);
      await a.do(stale);
      await settled();
      assert.equal(third.state, 'fulfilled');
    },
  },
  {
    situation: 'the value of a semaphore may exceed its start',
    misuse: true,
    play: async ({ library, actors: [a] }) => {
      const semaphore = new library.Semaphore(1);
      semaphore.release(2);
      assert.equal(semaphore.getValue(), 3);
      const [value] = await a.do(() => semaphore.acquire(3));
      assert.equal(value, 3);
    },
  },
  {
    situation: 'a permit may be released by weight, without its releaser',
    play: async ({ library, actors: [a, b] }) => {
      const semaphore = new library.Semaphore(2);
      await a.do(() => semaphore.acquire(2));
      const waiter = asking(b, () => semaphore.acquire(2));
      await settled();
      await a.do(() => semaphore.release());
      await settled();
      assert.deepEqual([semaphore.getValue(), waiter.state], [1, 'pending']);
      await a.do(() => semaphore.release());
      await settled();
      assert.deepEqual([semaphore.getValue(), waiter.state], [0, 'fulfilled']);
    },
  },
  {
    situation: 'a semaphore gives permits back by its release, that of a subclass or a spy',
    play: async ({ library, actors: [a, b] }) => {
      const calls: string[] = [];
      class Counting extends library.Semaphore {
        override release(weight?: number): void {
          calls.push(`release(${weight})`);
          super.release(weight);
        }
      }
      const semaphore = new Counting(3);
      const [, release] = await a.do(() => semaphore.acquire(2));
      await b.do(() => semaphore.runExclusive(() => undefined));
      await a.do(release);
      await a.do(release);
      await a.do(() => library.withTimeout(semaphore, 10).runExclusive(() => undefined, 3));
      assert.deepEqual(calls, ['release(1)', 'release(2)', 'release(3)']);
      assert.equal(semaphore.getValue(), 3);
    },
  },
  {
    situation: 'a release that keeps the permits to itself keeps them',
    misuse: true,
    play: async ({ library, actors: [a] }) => {
      const semaphore = new library.Semaphore(2);
      const { release } = semaphore;
      semaphore.release = () => undefined;
      const [, releaser] = await a.do(() => semaphore.acquire(2));
      await a.do(releaser);
      assert.equal(semaphore.getValue(), 0);
      release.call(semaphore, 2);
      assert.equal(semaphore.getValue(), 2);
    },
  },
];
