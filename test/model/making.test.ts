import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Mutex } from '../../src/index.js';
import { CORE } from '../../src/locks/symbols.js';
import type { Making } from '../../src/model/making.js';

const making = (lock: Mutex): Making | undefined => lock[CORE].making;

function makers(lock: Mutex): readonly string[] | undefined {
  return making(lock)?.makers;
}

/** Code as other compilers write it, in sloppy mode unless it says otherwise. */
function evaluated<T>(code: string): T {
  // oxlint-disable-next-line typescript/no-implied-eval
  return new Function('Mutex', code)(Mutex) as T;
}

class Pool {
  readonly lock: Mutex = new Mutex();
}

class Named extends Pool {}

class Server {
  readonly pool: Pool;

  constructor(pool: Pool = new Named()) {
    this.pool = pool;
  }
}

describe('how a lock was made, seen through constructors', () => {
  it('a field of a class: by the call of its constructor', () => {
    const [one, other] = [new Pool(), new Pool()];
    assert.deepEqual(makers(one.lock), ['Pool']);
    assert.notDeepEqual(making(one.lock)?.site, making(other.lock)?.site);
    assert.equal(one.lock.lockClass, other.lock.lockClass, 'the class is that of the place, all the same');
  });

  it('the same call makes the same', () => {
    const locks = [1, 2].map(() => new Pool().lock);
    assert.equal(making(locks[0] as Mutex), making(locks[1] as Mutex));
    assert.deepEqual(
      locks.map((lock) => lock[CORE].ordinal).map((ordinal, _, [first = 0]) => ordinal - first),
      [0, 1],
    );
  });

  it('a private field, and one that a constructor assigns', () => {
    class Both {
      readonly #hidden: Mutex = new Mutex();
      readonly shown: Mutex;

      constructor() {
        this.shown = new Mutex();
      }

      get hidden(): Mutex {
        return this.#hidden;
      }
    }
    const both = new Both();
    assert.deepEqual([makers(both.hidden), makers(both.shown)], [['Both'], ['Both']]);
  });

  it('a subclass, and an object that makes another one', () => {
    assert.deepEqual(makers(new Named().lock), ['Pool', 'Named']);
    assert.deepEqual(makers(new Server().pool.lock), ['Pool', 'Named', 'Server']);
  });

  it('what is injected was made where the container made it', () => {
    const container = new Map<string, unknown[]>([['pool', []]]);
    const resolve = (name: string): Pool => Reflect.construct(Pool, container.get(name) ?? []);
    const server = new Server(resolve('pool'));
    assert.deepEqual(makers(server.pool.lock), ['Pool']);
    assert.match(making(server.pool.lock)?.site.file ?? '', /making\.test\.js$/);
  });

  it('a constructor that is called back by a method of the language', () => {
    const [lock] = [0].map(() => new Pool().lock) as [Mutex];
    assert.deepEqual(makers(lock), ['Pool']);
    const [other] = Array.from({ length: 1 }, () => Reflect.construct(Named, [])) as [Named];
    assert.deepEqual(makers(other.lock), ['Pool', 'Named']);
  });

  for (const strict of ['', "'use strict';"]) {
    it(`a constructor of ES5, by itself and called by that of a subclass ${strict}`, () => {
      const { Base, Derived } = evaluated<Record<string, new () => { lock: Mutex }>>(`${strict}
        function Base() { this.lock = new Mutex(); }
        var Derived = (function (_super) {
          function Derived() {
            var _this = _super !== null && _super.apply(this, arguments) || this;
            return _this;
          }
          return Derived;
        })(Base);
        return { Base: Base, Derived: Derived };
      `);
      assert.ok(Base !== undefined && Derived !== undefined);
      assert.deepEqual(makers(new Base().lock), ['Base']);
      assert.deepEqual(makers(new Derived().lock), ['Derived']);
    });
  }

  it('a lock that its own subclass names is still made by who constructs it', () => {
    class NamedMutex extends Mutex {}
    class Owner {
      readonly lock: Mutex = new NamedMutex();
    }
    assert.deepEqual(makers(new Owner().lock), ['Owner']);
  });
});

describe('how a lock was made where no constructor is near', () => {
  it('by a function: by the call of that', () => {
    const makeMutex = (): Mutex => new Mutex();
    const [one, other] = [makeMutex(), makeMutex()];
    assert.deepEqual([makers(one), makers(other)], [['makeMutex'], ['makeMutex']]);
    assert.notDeepEqual(making(one)?.site, making(other)?.site);
  });

  it('by a function that a method of the language calls: by the call of that method', () => {
    const makeMutex = (): Mutex => new Mutex();
    const build = (): Mutex[] => [1, 2].map(makeMutex);
    const [one] = build();
    const [other] = Array.from({ length: 1 }, makeMutex);
    assert.deepEqual([makers(one as Mutex), makers(other as Mutex)], [['makeMutex'], ['makeMutex']]);
    for (const lock of [one, other]) assert.match(making(lock as Mutex)?.site.file ?? '', /making\.test\.js$/);
    assert.notDeepEqual(making(one as Mutex)?.site, making(other as Mutex)?.site);
  });

  it('by a function without a name that a method of the language calls: by the function or constructor that called that method', () => {
    class Shards {
      readonly locks: Mutex[] = Array.from({ length: 2 }, () => new Mutex());
    }
    const build = (): Mutex[] => [1, 2].map(() => new Mutex());
    const pairs = [
      [new Shards().locks[0], new Shards().locks[1]],
      [build()[0], build()[1]],
    ] as [Mutex, Mutex][];
    assert.deepEqual(
      pairs.map(([one]) => makers(one)),
      [['Shards'], ['build']],
    );
    for (const [one, other] of pairs) assert.notDeepEqual(making(one)?.site, making(other)?.site);
  });

  it('by a generator, and in the executor of a promise', async () => {
    function* generate(): Generator<Mutex, void, undefined> {
      yield new Mutex();
    }
    const promise = (): Promise<Mutex> => new Promise((resolve) => resolve(new Mutex()));
    const locks = [[...generate()][0] as Mutex, await promise()];
    assert.deepEqual(locks.map(makers), [['generate'], ['promise']]);
    for (const lock of locks) assert.match(making(lock)?.site.file ?? '', /making\.test\.js$/);
  });

  it('a static field tells nothing more than its place', () => {
    class Holder {
      static readonly lock: Mutex = new Mutex();
    }
    assert.equal(making(Holder.lock), undefined);
  });

  it('a class that the program named needs none', () => {
    class Owner {
      readonly lock: Mutex = new Mutex({ class: 'named by its owner' });
    }
    const { lock } = new Owner();
    assert.deepEqual([making(lock), lock[CORE].ordinal], [undefined, 0]);
  });
});
