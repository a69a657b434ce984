import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect, isDeepStrictEqual, types } from 'node:util';
import { ThenLayer } from '../../src/platform/then-layer.js';

interface Seen {
  readonly promise: object;
  readonly args: readonly unknown[];
}

/** A layer, and the calls that it was told of. */
function layer(): { readonly layer: ThenLayer; readonly calls: Seen[] } {
  const calls: Seen[] = [];
  const made = new ThenLayer((promise, then, args) => {
    calls.push({ promise, args: Array.from(args) });
    return Reflect.apply(then, promise, args);
  });
  return { layer: made, calls };
}

const makers: Readonly<Record<string, (layer: ThenLayer) => Promise<number>>> = {
  'made with the layer': (layer) => layer.resolved(1),
  'of the class with the layer': (layer) => new layer.promiseClass((resolve) => resolve(1)),
  'that the layer was put on': (layer) => {
    const promise = Promise.resolve(1);
    assert.equal(layer.put(promise), true);
    return promise;
  },
};

const ready = Promise.resolve();

/** Without the numbers that the async hooks of `node:test` leave on promises of Node 20 and 22. */
const print = (value: unknown, options = {}): string => inspect(value, options).replaceAll(/\d+/g, '#');

/** In how many microtasks `run` ends, started now. */
async function turnsOf(run: () => Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  void run().then(() => (isOver = true));
  while (!isOver) {
    await ready;
    turns += 1;
  }
  return turns;
}

for (const [how, make] of Object.entries(makers)) {
  describe(`a promise ${how}`, () => {
    it('says that it is of the language’s class and has no property', () => {
      const promise = make(layer().layer);
      assert.equal(promise.constructor, Promise);
      assert.ok(promise instanceof Promise && types.isPromise(promise));
      assert.deepEqual(Reflect.ownKeys(promise), Reflect.ownKeys(Promise.resolve(1)));
      assert.equal(Promise.resolve(promise), promise);
      const seen: string[] = [];
      for (const key in promise) seen.push(key);
      assert.deepEqual(seen, []);
    });

    it('prints as a plain one', () => {
      const promise = make(layer().layer);
      for (const options of [{}, { showHidden: true }, { depth: 0, showProxy: true }])
        assert.equal(print(promise, options), print(Promise.resolve(1), options));
      assert.equal(Object.prototype.toString.call(promise), '[object Promise]');
      assert.equal(JSON.stringify(promise), '{}');
    });

    it('is deep-equal to itself and to another one with the layer, as plain ones are', () => {
      const one = layer();
      const promise = make(one.layer);
      assert.deepEqual({ promise }, { promise });
      const plain = isDeepStrictEqual(Promise.resolve(1), Promise.resolve(1));
      assert.equal(isDeepStrictEqual(promise, one.layer.resolved(1)), plain);
    });

    it('is awaited without a call of its then, in as many microtasks as a plain one', async () => {
      const one = layer();
      const promise = make(one.layer);
      const awaits = (awaited: Promise<number>) => async (): Promise<number> => await awaited;
      assert.equal(await turnsOf(awaits(promise)), await turnsOf(awaits(Promise.resolve(1))));
      assert.equal(await promise, 1);
      assert.deepEqual(one.calls, []);
    });

    it('tells of calls by the program and by the language, in the order and number of microtasks of a plain one', async () => {
      const only = <T>(promise: T): T[] => [promise];
      const ways: ((promise: Promise<number>) => Promise<unknown>)[] = [
        (promise) => promise.then((value) => value),
        (promise) => promise.catch(() => undefined),
        (promise) => promise.finally(() => undefined),
        (promise) => Promise.all(only(promise)),
        (promise) => Promise.race(only(promise)),
        (promise) => Promise.any(only(promise)),
        (promise) => Promise.allSettled(only(promise)),
        (promise) => new Promise((resolve) => resolve(promise)),
        async (promise) => promise,
      ];
      for (const way of ways) {
        const one = layer();
        const promise = make(one.layer);
        const turns = await turnsOf(() => way(promise));
        assert.equal(turns, await turnsOf(() => way(Promise.resolve(1))));
        assert.equal(one.calls.length, 1, String(way));
        assert.equal(one.calls[0]?.promise, promise);
      }
    });

    it('derives plain promises', () => {
      const promise = make(layer().layer);
      for (const derived of [promise.then(undefined), promise.catch(() => undefined), promise.finally(() => undefined)])
        assert.equal(Object.getPrototypeOf(derived), Promise.prototype);
    });

    it('passes on as many arguments as it was given, under the name and length of the language’s', async () => {
      const one = layer();
      const promise = make(one.layer);
      assert.deepEqual([promise.then.name, promise.then.length], ['then', 2]);
      assert.equal('prototype' in promise.then, false);
      for (const args of [[], [undefined], [Number, undefined, 3]] as never[][]) {
        await Reflect.apply(promise.then, promise, args);
        assert.deepEqual(one.calls.at(-1)?.args, args);
      }
    });

    it('may be given a then by the program, which the layer respects', async () => {
      const one = layer();
      const promise = make(one.layer);
      assert.equal(one.layer.isOn(promise), true);
      const own = (): never => undefined as never;
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
      promise.then = own;
      assert.equal(one.layer.isOn(promise), false);
      assert.equal(one.layer.put(promise), false);
      assert.equal(promise.then, own);
    });
  });
}

describe('a layer', () => {
  it('is put on once', () => {
    const one = layer();
    const promise = Promise.resolve();
    assert.equal(one.layer.isOn(promise), false);
    one.layer.put(promise);
    const prototype = Object.getPrototypeOf(promise) as object;
    assert.equal(one.layer.put(promise), true);
    assert.equal(Object.getPrototypeOf(promise), prototype);
    assert.equal(one.layer.prototypeOf(promise), Promise.prototype);
    assert.equal(one.layer.prototypeOf(Promise.resolve()), Promise.prototype);
  });

  it('keeps the methods and the then of a subclass, one layer for all promises of it', async () => {
    const one = layer();
    const values: unknown[] = [];
    class Sub<T> extends Promise<T> {
      #secret = 7;
      get secret(): number {
        return this.#secret;
      }
    }
    // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
    Sub.prototype.then = function (this: Sub<unknown>, ...args: never[]): never {
      values.push(this.secret);
      return Reflect.apply(Promise.prototype.then, this, args) as never;
    };
    const [promise, other] = [1, 2].map((value) => new Sub<number>((resolve) => resolve(value))) as [
      Sub<number>,
      Sub<number>,
    ];
    for (const each of [promise, other]) assert.equal(one.layer.put(each), true);
    assert.equal(Object.getPrototypeOf(promise), Object.getPrototypeOf(other));
    assert.equal(one.layer.prototypeOf(promise), Sub.prototype);
    assert.equal(promise.constructor, Sub);
    assert.equal(print(promise), print(new Sub((resolve) => resolve(1))));
    assert.equal(await promise.then((value) => value), 1);
    assert.equal(promise.then(undefined) instanceof Sub, true);
    assert.ok(values.includes(7));
    assert.equal(one.calls.filter((call) => call.promise === promise).length, 2);
  });

  it('calls what the program puts on the prototype later, and the language’s then where that is the layer’s own', async (t) => {
    const one = layer();
    const promise = one.layer.resolved(1);
    const native = Promise.prototype.then;
    const { then } = promise;
    // oxlint-disable-next-line unicorn/no-thenable -- what was there.
    t.after(() => void Object.defineProperty(Promise.prototype, 'then', { value: native }));
    let patched = 0;
    // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
    Promise.prototype.then = function (this: Promise<unknown>, ...args: never[]): never {
      patched += 1;
      return Reflect.apply(native, this, args) as never;
    };
    await promise.then((value) => value);
    assert.equal(patched, 1);
    // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
    Promise.prototype.then = then;
    assert.equal(await promise.then((value) => value + 1), 2);
  });

  it('is refused by a frozen promise, and by one without a prototype', () => {
    const one = layer();
    const frozen = Object.freeze(Promise.resolve());
    assert.equal(one.layer.put(frozen), false);
    assert.equal(one.layer.isOn(frozen), false);
    const bare = Object.setPrototypeOf(Promise.resolve(), null) as object;
    assert.equal(one.layer.put(bare), false);
    assert.equal(one.layer.isOn(bare), false);
    assert.equal(one.layer.prototypeOf(bare), null);
  });

  it('has a then that can be assigned over where that of the prototype can', () => {
    const cases: [PropertyDescriptor, boolean][] = [
      [{ value: Promise.prototype.then, writable: false }, false],
      [{ value: Promise.prototype.then, writable: true }, true],
      [{ get: () => Promise.prototype.then }, false],
      [{ get: () => Promise.prototype.then, set: () => undefined }, true],
    ];
    for (const [descriptor, writable] of cases) {
      class Sub extends Promise<void> {}
      // oxlint-disable-next-line unicorn/no-thenable -- what is tested.
      void Object.defineProperty(Sub.prototype, 'then', descriptor);
      const promise = Sub.resolve();
      layer().layer.put(promise);
      assert.equal(
        Reflect.set(promise, 'then', () => undefined),
        writable,
      );
    }
  });

  it('of two copies may be put over each other', async () => {
    const [one, two] = [layer(), layer()];
    const promise = one.layer.resolved(1);
    assert.equal(two.layer.put(promise), true);
    assert.equal(await promise.then((value) => value), 1);
    assert.deepEqual([one.calls.length, two.calls.length], [1, 1]);
  });
});
