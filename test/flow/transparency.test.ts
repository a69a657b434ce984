/** What a program can see of the tracker on its own promises, in level precise: nothing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { Mutex, Releaser } from '../../src/index.js';
import { isolated, nextTurn } from '../support/harness.js';

type Then = typeof Promise.prototype.then;
const nativeThen: Then = Promise.prototype.then;

async function takeLate(lock: Mutex): Promise<Releaser> {
  await nextTurn();
  return await lock.acquire();
}

/** With the validator on, and asked. */
function watched(fn: (lock: Mutex, instance: IsolatedLockdep) => Promise<void>): () => Promise<void> {
  return () =>
    isolated(
      async (instance) => {
        const lock = new instance.Mutex();
        instance.lockdep.isHeld(lock);
        await fn(lock, instance);
      },
      { tracking: 'precise' },
    );
}

describe('a promise of the program', () => {
  it(
    'lists and prints nothing that it has not',
    watched(async (lock) => {
      const plain = Promise.resolve(1);
      const derived = plain.then((value) => value);
      await derived;
      const helper = takeLate(lock);
      (await helper)();
      for (const promise of [plain, derived]) {
        const copied = Reflect.ownKeys(Object.assign({}, promise)).map(String);
        assert.deepEqual(
          copied.filter((key) => /then|lockdep/.test(key)),
          [],
        );
        assert.doesNotMatch(inspect(promise), /then|lockdep/);
      }
      assert.deepEqual(Object.keys(helper), []);
      assert.doesNotMatch(inspect(helper), /then/);
    }),
  );

  it(
    'has the constructor of its class and no then of its own, though it brings a lock, and derives plain promises',
    watched(async (lock) => {
      const helper = takeLate(lock);
      (await helper)();
      const acquisition = lock.acquire();
      (await acquisition)();
      for (const promise of [helper, acquisition]) {
        assert.equal(Object.hasOwn(promise, 'then'), false);
        assert.equal(promise.constructor, Promise);
        assert.equal(await Promise.resolve(promise), await promise);
        assert.equal(promise.then(undefined).constructor, Promise);
      }
    }),
  );

  it(
    'may be frozen: it brings its lock as it would to a program without the tracker',
    watched(async (lock, { lockdep }) => {
      const helper = Object.freeze(takeLate(lock));
      const before = Object.getPrototypeOf(helper) as object;
      const release = await helper;
      assert.equal(Object.getPrototypeOf(helper), before);
      lockdep.assertHeld(lock);
      release();
      assert.equal(lock.isLocked(), false);
      assert.deepEqual(lockdep.reports(), []);
    }),
  );

  it(
    'keeps a then that the program gives it, though it brings a lock',
    watched(async (lock) => {
      const helper = takeLate(lock);
      let calls = 0;
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
      helper.then = function then(this: Promise<Releaser>, ...args: Parameters<Then>) {
        calls += 1;
        return Reflect.apply(nativeThen, this, args) as never;
      };
      const release = await helper;
      await helper.then((same) => assert.equal(same, release));
      assert.equal(calls, 1);
      release();
    }),
  );

  it(
    'may have a then that cannot be replaced',
    watched(async (lock) => {
      const helper = takeLate(lock);
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
      void Object.defineProperty(helper, 'then', { value: Promise.prototype.then, writable: false });
      (await helper)();
    }),
  );

  it(
    'calls the then of its class, with its own receiver and arguments',
    watched(async () => {
      const counts: number[] = [];
      class Counting<T> extends Promise<T> {
        #calls = 0;

        calls(): number {
          return ++this.#calls;
        }
      }
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
      void Object.defineProperty(Counting.prototype, 'then', {
        get(this: Counting<unknown>) {
          // Of this very promise, or the private field is missed.
          this.calls();
          return function counted(this: Promise<unknown>, ...args: Parameters<Then>) {
            counts.push(args.length);
            return Reflect.apply(nativeThen, this, args);
          };
        },
      });
      const promise = new Counting<number>((resolve) => resolve(1));
      for (const args of [[], [undefined], [(value: number) => value, undefined]]) {
        assert.equal(await Reflect.apply(promise.then, promise, args), 1);
      }
      assert.equal(promise.calls(), 4);
      assert.deepEqual(
        counts.filter((_, index) => [0, 2, 4].includes(index)),
        [0, 1, 2],
      );
    }),
  );

  it(
    'does not look at its handlers',
    watched(async () => {
      const looks: string[] = [];
      const handler = new Proxy((value: number): number => value + 1, {
        get: (target, key) => (looks.push(String(key)), Reflect.get(target, key) as unknown),
        getOwnPropertyDescriptor: (target, key) => (
          looks.push(String(key)),
          Reflect.getOwnPropertyDescriptor(target, key)
        ),
      });
      assert.equal(await Promise.resolve(1).then(handler), 2);
      assert.deepEqual(looks, []);
      const named = Object.defineProperty((): number => 3, 'name', {
        get: () => assert.fail('the name of a handler is read'),
      });
      assert.equal(await Promise.resolve(1).then(named), 3);
    }),
  );

  it(
    'may have a class whose then gives something else',
    watched(async () => {
      const other = { id: 1 };
      class Odd<T> extends Promise<T> {
        // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
        override then(_onFulfilled: unknown): never {
          return other as never;
        }
      }
      assert.equal(Odd.resolve(1).then(undefined), other as never);
      assert.deepEqual(Reflect.ownKeys(other), ['id']);
      await Promise.resolve();
    }),
  );

  it(
    'is refused by a then that is called on what is none',
    watched(async () => {
      const { then } = Promise.resolve(1);
      assert.throws(() => Reflect.apply(then, {}, []), TypeError);
      assert.throws(() => Reflect.apply(then, Object.create(null) as object, []), TypeError);
      await Promise.resolve();
    }),
  );
});
