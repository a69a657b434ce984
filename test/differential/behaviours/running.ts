import assert from 'node:assert/strict';
import { Actor } from '../actor.js';
import { settled } from '../fake-clock.js';
import { asking, type Case } from './scene.js';

export const RUNNING: readonly Case[] = [
  {
    situation: 'the result of a callback is passed on, and the lock is free again',
    play: async ({ library }) => {
      const mutex = new library.Mutex();
      assert.equal(await mutex.runExclusive(() => 'now'), 'now');
      assert.equal(await mutex.runExclusive(async () => 'later'), 'later');
      assert.equal(mutex.isLocked(), false);
    },
  },
  {
    situation: 'a callback that throws or rejects frees the lock, and the error is passed on as it is',
    play: async ({ library, actors: [a] }) => {
      for (const lock of [new library.Mutex(), new library.Semaphore(1)]) {
        const error = new Error('from the callback');
        const threw = asking(a, () =>
          lock.runExclusive(() => {
            throw error;
          }),
        );
        const rejected = asking(new Actor(), () => lock.runExclusive(() => Promise.reject(error)));
        await settled();
        assert.equal(threw.error, error);
        assert.equal(rejected.error, error);
        assert.equal(lock.isLocked(), false);
      }
    },
  },
  {
    situation: 'a callback of a mutex gets no argument, one of a semaphore the value',
    play: async ({ library }) => {
      const args = (...all: unknown[]): unknown[] => all;
      assert.deepEqual(await new library.Mutex().runExclusive(args), []);
      assert.deepEqual(await new library.Semaphore(4).runExclusive(args), [4]);
    },
  },
  {
    situation: 'the lock is held until the promise that a callback returned has settled',
    play: async ({ library, actors: [a] }) => {
      const mutex = new library.Mutex();
      let finish: (() => void) | undefined;
      const run = asking(a, () => mutex.runExclusive(() => new Promise<void>((resolve) => (finish = resolve))));
      await settled();
      assert.deepEqual([mutex.isLocked(), run.state], [true, 'pending']);
      finish!();
      await settled();
      assert.deepEqual([mutex.isLocked(), run.state], [false, 'fulfilled']);
    },
  },
  {
    situation: 'a runExclusive within its own callback waits for ever',
    misuse: true,
    play: async ({ library, actors: [a] }) => {
      const mutex = new library.Mutex();
      const nested = asking(a, () => mutex.runExclusive(() => mutex.runExclusive(() => 1)));
      await settled();
      assert.equal(nested.state, 'pending');
    },
  },
  {
    situation: 'what is no function is run when its turn comes, and fails then',
    play: async ({ library, actors: [holder, a, b] }) => {
      for (const lock of [
        new library.Mutex(),
        new library.Semaphore(1),
        library.withTimeout(new library.Mutex(), 10),
      ]) {
        const release = await holder.do(async () => {
          const ticket: unknown = await lock.acquire();
          return (Array.isArray(ticket) ? ticket[1] : ticket) as () => void;
        });
        const wrong = asking(a, () => lock.runExclusive(7 as never));
        const right = asking(b, () => lock.runExclusive(() => 'ran'));
        await settled();
        assert.equal(wrong.state, 'pending');
        await holder.do(release);
        await settled();
        assert.ok(wrong.error instanceof TypeError);
        assert.equal(wrong.error.message, 'callback is not a function');
        assert.deepEqual([right.value, lock.isLocked()], ['ran', false]);
      }
    },
  },
];
