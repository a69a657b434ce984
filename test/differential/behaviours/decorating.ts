import assert from 'node:assert/strict';
import { settled } from '../fake-clock.js';
import { asking, type Case } from './scene.js';

export const DECORATING: readonly Case[] = [
  {
    situation: 'a decorated lock is a plain object that hands everything on',
    play: async ({ library }) => {
      const keys = [
        'acquire',
        'cancel',
        'getValue',
        'isLocked',
        'release',
        'runExclusive',
        'setValue',
        'waitForUnlock',
      ];
      for (const lock of [new library.Mutex(), new library.Semaphore(1)]) {
        const decorations: object[] = [library.withTimeout(lock as never, 10), library.tryAcquire(lock as never)];
        for (const decorated of decorations) {
          assert.deepEqual(Object.keys(decorated).toSorted(), keys);
          assert.ok(!(decorated instanceof library.Mutex) && !(decorated instanceof library.Semaphore));
        }
      }
      const semaphore = new library.Semaphore(1);
      const decorated = library.withTimeout(semaphore, 10);
      decorated.setValue(3);
      decorated.release(2);
      assert.deepEqual([decorated.getValue(), semaphore.getValue(), decorated.isLocked()], [5, 5, false]);
    },
  },
  {
    situation: 'the value of a decorated mutex cannot be read or set',
    play: async ({ library }) => {
      const decorated = library.withTimeout(new library.Mutex(), 10) as unknown as {
        getValue(): number;
        setValue(n: number): void;
      };
      assert.throws(() => decorated.getValue(), TypeError);
      assert.throws(() => decorated.setValue(1), TypeError);
    },
  },
  {
    situation: 'when time runs out the caller gets E_TIMEOUT, or the error it asked for, and the holder is unaffected',
    play: async ({ library, clock, actors: [holder, a, b] }) => {
      const error = new Error('too late');
      const mutex = new library.Mutex();
      await holder.do(() => mutex.acquire());
      const standard = asking(a, () => library.withTimeout(mutex, 10).acquire());
      const own = asking(b, () => library.withTimeout(mutex, 10, error).runExclusive(() => assert.fail('ran')));
      await settled();
      await clock.advance(9);
      assert.deepEqual([standard.state, own.state], ['pending', 'pending']);
      await clock.advance(1);
      assert.equal(standard.error, library.E_TIMEOUT);
      assert.equal(own.error, error);
      assert.equal(mutex.isLocked(), true);
    },
  },
  {
    situation: 'no timer is left after a grant or a cancel',
    play: async ({ library, clock, actors: [holder, a, b] }) => {
      const mutex = library.withTimeout(new library.Mutex(), 10);
      const release = await holder.do(() => mutex.acquire());
      assert.equal(clock.liveTimers, 0);
      const granted = asking(a, () => mutex.acquire());
      const cancelled = asking(b, () => mutex.acquire());
      await settled();
      assert.equal(clock.liveTimers, 2);
      await holder.do(release);
      await settled();
      mutex.cancel();
      await settled();
      assert.deepEqual(
        [granted.state, cancelled.error === library.E_CANCELED, clock.liveTimers],
        ['fulfilled', true, 0],
      );
    },
  },
  {
    situation: 'waiting for an unlock can time out as well',
    play: async ({ library, clock, actors: [holder, a, b] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      const late = asking(a, () => library.withTimeout(mutex, 10).waitForUnlock());
      const early = asking(b, () => library.withTimeout(mutex, 20).waitForUnlock());
      await settled();
      await clock.advance(10);
      assert.equal(late.error, library.E_TIMEOUT);
      await holder.do(release);
      await settled();
      assert.deepEqual([early.state, clock.liveTimers], ['fulfilled', 0]);
    },
  },
  {
    situation: 'tryAcquire grants a free lock, and refuses a taken one after a turn of the event loop',
    play: async ({ library, clock, actors: [a, b, c] }) => {
      const error = new Error('busy');
      const mutex = new library.Mutex();
      await a.do(() => library.tryAcquire(mutex).acquire());
      const standard = asking(b, () => library.tryAcquire(mutex).acquire());
      const own = asking(c, () => library.tryAcquire(mutex, error).runExclusive(() => assert.fail('ran')));
      await settled();
      assert.deepEqual([standard.state, own.state], ['pending', 'pending']);
      await clock.advance(1);
      assert.equal(standard.error, library.E_ALREADY_LOCKED);
      assert.equal(own.error, error);
    },
  },
  {
    situation: 'anything with the interface of a lock can be decorated',
    play: async ({ library, clock, actors: [a, b] }) => {
      const inner = new library.Mutex();
      const foreign = {
        acquire: (priority?: number) => inner.acquire(priority),
        runExclusive: <T>(worker: () => T | Promise<T>, priority?: number) => inner.runExclusive(worker, priority),
        waitForUnlock: (priority?: number) => inner.waitForUnlock(priority),
        isLocked: () => inner.isLocked(),
        release: () => inner.release(),
        cancel: () => inner.cancel(),
      };
      const decorated = library.withTimeout(foreign, 10);
      await a.do(() => decorated.acquire());
      assert.equal(inner.isLocked(), true);
      const waiter = asking(b, () => decorated.acquire());
      await settled();
      await clock.advance(10);
      assert.equal(waiter.error, library.E_TIMEOUT);
    },
  },
];
