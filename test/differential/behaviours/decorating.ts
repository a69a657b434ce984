import assert from 'node:assert/strict';
import type { MutexInterface } from 'async-mutex';
import { Actor } from '../actor.js';
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
  {
    situation: 'a waiter whose time is up keeps its place, and holds back those behind it',
    play: async ({ library, clock, actors: [holder, heavy, light] }) => {
      const semaphore = new library.Semaphore(2);
      const [, release] = await holder.do(() => semaphore.acquire());
      const first = asking(heavy, () => library.withTimeout(semaphore, 10).acquire(2));
      const second = asking(light, () => semaphore.acquire());
      await settled();
      await clock.advance(10);
      assert.deepEqual([first.error === library.E_TIMEOUT, second.state], [true, 'pending']);
      await holder.do(release);
      await settled();
      assert.deepEqual([second.value?.[0], semaphore.getValue()], [2, 1]);
    },
  },
  {
    situation: 'when its turn comes, a waiter whose time is up takes the lock for a moment',
    play: async ({ library, clock, actors: [holder, late, next] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      asking(late, () => library.tryAcquire(mutex).acquire());
      await settled();
      await clock.advance(1);
      release();
      assert.equal(mutex.isLocked(), true);
      await settled();
      assert.equal(mutex.isLocked(), false);
      await next.do(() => mutex.acquire());
    },
  },
  {
    situation: 'of several waiters whose time is up, as many take the lock at once as it has permits for',
    play: async ({ library, clock, actors: [behind] }) => {
      const semaphore = new library.Semaphore(0);
      for (let i = 0; i < 5; i++) asking(new Actor(), () => library.withTimeout(semaphore, 10).acquire());
      asking(new Actor(), () => library.withTimeout(semaphore, 10).acquire(2));
      const waiter = asking(behind, () => semaphore.acquire());
      await settled();
      await clock.advance(10);
      semaphore.setValue(3);
      assert.equal(semaphore.getValue(), 0);
      await settled();
      assert.deepEqual([waiter.value?.[0], semaphore.getValue()], [1, 2]);
    },
  },
  {
    situation: 'cancel takes out waiters whose time is up',
    play: async ({ library, clock, actors: [holder, late] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      asking(late, () => library.withTimeout(mutex, 10).acquire());
      await settled();
      await clock.advance(10);
      mutex.cancel();
      release();
      assert.equal(mutex.isLocked(), false);
    },
  },
  {
    situation: 'whoever waits for the unlock waits for those too whose time is up, unless it outranks them',
    play: async ({ library, clock, actors: [late, low, high] }) => {
      const semaphore = new library.Semaphore(2);
      const decorated = library.withTimeout(semaphore, 10);
      asking(late, () => decorated.acquire(3, 1));
      await settled();
      await clock.advance(10);
      const behind = asking(low, () => semaphore.waitForUnlock(1, 0));
      const before = asking(high, () => semaphore.waitForUnlock(1, 2));
      await settled();
      assert.deepEqual([behind.state, before.state], ['pending', 'fulfilled']);
      semaphore.setValue(3);
      await settled();
      assert.deepEqual([behind.state, semaphore.getValue()], ['fulfilled', 3]);
    },
  },
  {
    situation: 'a time that no timer can keep, a used-up one as well, is one millisecond',
    play: async ({ library, clock, actors: [holder] }) => {
      for (const timeout of [
        undefined as never,
        -0.5,
        -1,
        Number.NaN,
        Number.NEGATIVE_INFINITY,
        2 ** 31,
        Number.POSITIVE_INFINITY,
      ]) {
        const mutex = new library.Mutex();
        await holder.do(() => mutex.acquire());
        const decorated = library.withTimeout(mutex, timeout);
        const waiters = [
          asking(new Actor(), () => decorated.acquire()),
          asking(new Actor(), () => decorated.runExclusive(() => assert.fail('ran'))),
          asking(new Actor(), () => decorated.waitForUnlock()),
        ];
        await settled();
        assert.ok(waiters.every(({ state }) => state === 'pending'));
        await clock.advance(1);
        for (const { error } of waiters) assert.equal(error, library.E_TIMEOUT, `${timeout}`);
      }
    },
  },
  {
    situation: 'the error of a timeout may be anything, null as well',
    play: async ({ library, clock, actors: [holder, a, b] }) => {
      const mutex = new library.Mutex();
      await holder.do(() => mutex.acquire());
      const acquire = asking(a, () => library.withTimeout(mutex, 10, null as never).acquire());
      const unlock = asking(b, () => library.withTimeout(mutex, 10, 'late' as never).waitForUnlock());
      await settled();
      await clock.advance(10);
      assert.deepEqual([acquire.state, acquire.error, unlock.error], ['rejected', null, 'late']);
    },
  },
  {
    situation: 'a decorated lock calls the methods that the lock has by then, a spy or those of a subclass',
    play: async ({ library, actors: [a] }) => {
      const calls: string[] = [];
      class Counting extends library.Semaphore {
        override acquire(weight?: number): Promise<[number, () => void]> {
          calls.push(`acquire(${weight})`);
          return super.acquire(weight);
        }
      }
      const decorated = library.withTimeout(new Counting(2), 10);
      const [, release] = await a.do(() => decorated.acquire(2));
      release();
      await a.do(() => decorated.runExclusive(() => undefined, 1));
      const mutex = new library.Mutex();
      const tried = library.tryAcquire(mutex);
      const { waitForUnlock } = mutex;
      mutex.waitForUnlock = (priority) => {
        calls.push('waitForUnlock');
        return waitForUnlock.call(mutex, priority);
      };
      await a.do(() => tried.waitForUnlock());
      assert.deepEqual(calls, ['acquire(2)', 'acquire(1)', 'waitForUnlock']);
    },
  },
  {
    situation: 'runExclusive of a decorated lock goes by its acquire',
    play: async ({ library, actors: [a] }) => {
      const decorated = library.withTimeout(new library.Mutex(), 10);
      let released = 0;
      decorated.acquire = async () => () => void released++;
      assert.equal(await a.do(() => decorated.runExclusive(() => 'ran')), 'ran');
      assert.equal(released, 1);
    },
  },
  {
    situation: 'what is decorated is asked for nothing before it is used',
    play: async ({ library, actors: [a] }) => {
      let released = 0;
      const mock = { acquire: async () => () => void released++ } as unknown as MutexInterface;
      await a.do(() => library.withTimeout(mock, 10).runExclusive(() => undefined));
      assert.equal(released, 1);
      const nothing = library.withTimeout(undefined as unknown as MutexInterface, 10);
      assert.throws(() => nothing.isLocked(), TypeError);
    },
  },
];
