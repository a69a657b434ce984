import assert from 'node:assert/strict';
import { Actor } from '../actor.js';
import { settled } from '../fake-clock.js';
import { asking, type Case } from './scene.js';

export const QUEUEING: readonly Case[] = [
  {
    situation: 'a free mutex reads as locked right after the call, before anything is awaited',
    play: async ({ library }) => {
      const mutex = new library.Mutex();
      assert.equal(mutex.isLocked(), false);
      const pending = mutex.acquire();
      assert.equal(mutex.isLocked(), true);
      (await pending)();
      assert.equal(mutex.isLocked(), false);
    },
  },
  {
    situation: 'waiters are served in order of arrival',
    play: async ({ library, actors: [holder, ...others] }) => {
      const mutex = new library.Mutex();
      const order: number[] = [];
      const release = await holder.do(() => mutex.acquire());
      const served = others.map((other, index) => asking(other, () => mutex.runExclusive(() => order.push(index))));
      await settled();
      assert.deepEqual(order, []);
      await holder.do(release);
      await settled();
      assert.deepEqual(order, [0, 1, 2]);
      assert.ok(served.every((waiter) => waiter.state === 'fulfilled'));
    },
  },
  {
    situation: 'a higher priority goes first, and equal priorities in order of arrival',
    play: async ({ library, actors: [holder, a, b, c] }) => {
      const mutex = new library.Mutex();
      const order: string[] = [];
      const release = await holder.do(() => mutex.acquire());
      asking(a, () => mutex.runExclusive(() => order.push('low'), -1));
      asking(b, () => mutex.runExclusive(() => order.push('default')));
      asking(c, () => mutex.runExclusive(() => order.push('high'), 2));
      asking(new Actor(), () => mutex.runExclusive(() => order.push('default again'), 0));
      await settled();
      await holder.do(release);
      await settled();
      assert.deepEqual(order, ['high', 'default', 'default again', 'low']);
    },
  },
  {
    situation: 'a heavy request at the head blocks lighter ones behind it',
    play: async ({ library, actors: [holder, heavy, light] }) => {
      const semaphore = new library.Semaphore(2);
      const [, release] = await holder.do(() => semaphore.acquire(1));
      const first = asking(heavy, () => semaphore.acquire(2));
      const second = asking(light, () => semaphore.acquire(1));
      await settled();
      assert.deepEqual([first.state, second.state], ['pending', 'pending']);
      await holder.do(release);
      await settled();
      assert.deepEqual([first.state, second.state], ['fulfilled', 'pending']);
    },
  },
  {
    situation: 'a lighter request of higher priority may pass a heavy one',
    play: async ({ library, actors: [holder, heavy, light] }) => {
      const semaphore = new library.Semaphore(2);
      await holder.do(() => semaphore.acquire(1));
      const first = asking(heavy, () => semaphore.acquire(2, 0));
      const second = asking(light, () => semaphore.acquire(1, 1));
      await settled();
      assert.deepEqual([first.state, second.state], ['pending', 'fulfilled']);
    },
  },
  {
    situation: 'at a hand-over the lock never reads as free',
    play: async ({ library, actors: [holder, next] }) => {
      const mutex = new library.Mutex();
      const release = await holder.do(() => mutex.acquire());
      const waiter = asking(next, () => mutex.acquire());
      await settled();
      const seen = await holder.do(() => {
        release();
        return mutex.isLocked();
      });
      assert.equal(seen, true);
      await settled();
      assert.equal(waiter.state, 'fulfilled');
    },
  },
  {
    situation: 'a grant tells the value from before it',
    play: async ({ library, actors: [a, b, c] }) => {
      const semaphore = new library.Semaphore(5);
      const [first] = await a.do(() => semaphore.acquire());
      const [second] = await b.do(() => semaphore.acquire(3));
      const third = await c.do(() => semaphore.runExclusive((value) => value));
      assert.deepEqual([first, second, third, semaphore.getValue()], [5, 4, 1, 1]);
    },
  },
  {
    situation: 'a semaphore may start at zero or below, and setValue lets waiters in',
    play: async ({ library, actors: [a, b] }) => {
      for (const semaphore of [new library.Semaphore(0), new library.Semaphore(-2)]) {
        assert.equal(semaphore.isLocked(), true);
        const waiters = [a, b].map((actor) => asking(actor, () => semaphore.acquire()));
        await settled();
        semaphore.setValue(2);
        assert.equal(semaphore.getValue(), 0);
        await settled();
        assert.deepEqual(
          waiters.map(({ value }) => value?.[0]),
          [2, 1],
        );
      }
    },
  },
  {
    situation: 'a semaphore reads as locked only when its value is zero or below',
    play: async ({ library, actors: [a, b] }) => {
      const semaphore = new library.Semaphore(2);
      await a.do(() => semaphore.acquire());
      assert.equal(semaphore.isLocked(), false);
      await b.do(() => semaphore.acquire());
      assert.equal(semaphore.isLocked(), true);
      semaphore.setValue(-1);
      assert.equal(semaphore.isLocked(), true);
    },
  },
  {
    situation: 'weights may be fractions',
    play: async ({ library, actors: [a, b, c] }) => {
      const semaphore = new library.Semaphore(1);
      const [, release] = await a.do(() => semaphore.acquire(0.5));
      await b.do(() => semaphore.acquire(0.25));
      const waiter = asking(c, () => semaphore.acquire(0.5));
      await settled();
      assert.deepEqual([semaphore.getValue(), waiter.state], [0.25, 'pending']);
      await a.do(release);
      await settled();
      assert.deepEqual([semaphore.getValue(), waiter.value?.[0]], [0.25, 0.75]);
    },
  },
  {
    situation: 'a weight of zero or less throws from acquire, waitForUnlock and release, and rejects from runExclusive',
    play: async ({ library }) => {
      const semaphore = new library.Semaphore(1);
      for (const weight of [0, -1]) {
        const refusal = { name: 'Error', message: `invalid weight ${weight}: must be positive`, constructor: Error };
        assert.throws(() => void semaphore.acquire(weight), refusal);
        assert.throws(() => void semaphore.waitForUnlock(weight), refusal);
        assert.throws(() => semaphore.release(weight), refusal);
        const rejected = semaphore.runExclusive(() => assert.fail('ran'), weight);
        await assert.rejects(rejected, refusal);
        assert.throws(() => void library.withTimeout(semaphore, 10).acquire(weight), refusal);
        assert.throws(() => void library.withTimeout(semaphore, 10).waitForUnlock(weight), refusal);
      }
      assert.equal(semaphore.getValue(), 1);
    },
  },
  {
    situation: 'null is a priority of 0, and no weight',
    play: async ({ library, actors: [a] }) => {
      const [mutex, semaphore] = [new library.Mutex(), new library.Semaphore(1)];
      (await a.do(() => mutex.acquire(null as never)))();
      await a.do(() => mutex.runExclusive(() => undefined, null as never));
      await a.do(() => mutex.waitForUnlock(null as never));
      (await a.do(() => semaphore.acquire(1, null as never)))[1]();
      assert.throws(() => void semaphore.acquire(null as never), { message: 'invalid weight null: must be positive' });
    },
  },
  {
    situation: 'a string is a priority, and what else converts to a number a value or a weight',
    play: async ({ library, actors: [holder, a, b] }) => {
      const mutex = new library.Mutex();
      const order: string[] = [];
      const release = await holder.do(() => mutex.acquire('3' as never));
      asking(a, () => mutex.runExclusive(() => order.push('1'), '1' as never));
      asking(b, () => mutex.runExclusive(() => order.push('2'), '2' as never));
      await settled();
      await holder.do(release);
      await settled();
      assert.deepEqual(order, ['2', '1']);
      const semaphore = new library.Semaphore(true as never);
      assert.equal(semaphore.isLocked(), false);
      const [, giveBack] = await a.do(() => semaphore.acquire(true as never));
      assert.equal(semaphore.isLocked(), true);
      giveBack();
      assert.equal(new library.Semaphore(null as never).isLocked(), true);
    },
  },
  {
    situation: 'a method that is called without its lock rejects',
    play: async ({ library }) => {
      const { acquire } = new library.Mutex();
      await assert.rejects((acquire as () => Promise<unknown>)(), TypeError);
    },
  },
  {
    situation: 'a function that inherits the prototype alone makes locks',
    play: async ({ library, actors: [a] }) => {
      function Gate(): object {
        return Reflect.construct(library.Mutex, [], new.target as never) as object;
      }
      Gate.prototype = Object.create(library.Mutex.prototype, { constructor: { value: Gate } }) as object;
      const gate = new (Gate as unknown as typeof library.Mutex)();
      assert.ok(gate instanceof Gate && gate instanceof library.Mutex);
      const release = await a.do(() => gate.acquire());
      assert.equal(gate.isLocked(), true);
      release();
    },
  },
];
