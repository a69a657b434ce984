import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { MAX_ALTERNATIVES } from '../../src/order/alternatives.js';
import { isolated, seen, settle } from '../support/harness.js';

type Locks = Readonly<Record<'a' | 'b' | 'g', Mutex>>;
type Work = () => Promise<void>;

function mutex(instance: IsolatedLockdep, name: string): Mutex {
  return new instance.Mutex({ class: new LockClass(name) });
}

function locks(instance: IsolatedLockdep): Locks {
  return { a: mutex(instance, 'a'), b: mutex(instance, 'b'), g: mutex(instance, 'g') };
}

/** Takes the locks one inside the other. */
async function nest(...[first, ...rest]: readonly Mutex[]): Promise<void> {
  await first?.runExclusive(() => nest(...rest));
}

/** A promise that somebody else fulfils. */
function signal<T = void>(): { readonly promise: Promise<T>; readonly give: (value: T) => void } {
  let give!: (value: T) => void;
  const promise = new Promise<T>((resolve) => (give = resolve));
  return { promise, give };
}

/** A wrapper as programs write them, with the timer left out. */
function bounded<T>(promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    promise.then((value) => resolve(value), reject);
  });
}

/** Runs `work` in the callback of an immediate, and waits for it. */
function later(work: Work): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      work().then(resolve, reject);
    });
  });
}

/** Ways to have `work` run while `g` is held by a flow that waits for it. */
const HELD_ELSEWHERE: Readonly<Record<string, (g: Mutex, work: Work) => Promise<void>>> = {
  'taken through a wrapper around its promise': async (g, work) => {
    const release = await bounded(g.acquire());
    await work();
    release();
  },
  'taken together with what is no lock': async (g, work) => {
    const [release] = await Promise.all([g.acquire(), nextTurn()]);
    await work();
    release();
  },
  'of a scope that waits for a callback': (g, work) => g.runExclusive(() => later(work)),
  'of a scope that waits for a job of a worker': async (g, work) => {
    const [job, done, ready] = [signal<Work>(), signal(), signal()];
    const worker = async (): Promise<void> => {
      ready.give();
      await (
        await job.promise
      )();
      done.give();
    };
    void worker();
    await ready.promise;
    await g.runExclusive(async () => {
      job.give(work);
      await done.promise;
    });
  },
  'given away, and held by nobody that is known': async (g, work) => {
    const guard = await g.lock();
    guard.transfer();
    await work();
    guard.release();
  },
};

for (const tracking of ['precise', 'light'] as const) {
  describe(`${tracking}: a lock that keeps flows apart which do not list it`, () => {
    for (const [how, under] of Object.entries(HELD_ELSEWHERE)) {
      it(`${how}: what it keeps from happening is never strict`, () =>
        isolated(
          async (instance) => {
            const { a, b, g } = locks(instance);
            for (let i = 0; i < 12; i++) {
              await under(g, () => nest(a, b));
              await under(g, () => nest(b, a));
            }
            // Where the stack shows that the holder waits, it is listed, and nothing is to be said at all.
            assert.deepEqual(
              seen(instance).filter((report) => !report.startsWith('circular-dependency advisory')),
              [],
            );
            runtimeOf(instance).validator.dependencies.checkInvariants();
          },
          { tracking },
        ));

      it(`${how}: an order that is seen without it is strict at that moment`, () =>
        isolated(
          async (instance) => {
            const { a, b, g } = locks(instance);
            await under(g, () => nest(a, b));
            await under(g, () => nest(b, a));
            await nest(a, b);
            assert.match(seen(instance).join(), /circular-dependency strict/);
          },
          { tracking },
        ));

      it(`${how}: one order under it and the other one free can meet`, () =>
        isolated(
          async (instance) => {
            const { a, b, g } = locks(instance);
            await under(g, () => nest(a, b));
            await nest(b, a);
            assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
          },
          { tracking },
        ));
    }

    it('in enforce such orders are not refused', () =>
      isolated(
        async (instance) => {
          const { a, b, g } = locks(instance);
          for (const under of Object.values(HELD_ELSEWHERE)) {
            await under(g, () => nest(a, b));
            await under(g, () => nest(b, a));
          }
          assert.equal(a.isLocked(), false);
        },
        { tracking, mode: 'enforce' },
      ));

    it('a nest lock that is held for a flow which does not list it leaves a suspicion at most', () =>
      isolated(
        async (instance) => {
          const parent = mutex(instance, 'parent');
          const lockClass = new LockClass('child');
          const [one, two] = [new instance.Mutex({ class: lockClass }), new instance.Mutex({ class: lockClass })];
          const options = { nestLock: parent };
          const both = (): Promise<void> => one.runExclusive(() => two.runExclusive(() => undefined, options), options);
          for (const under of Object.values(HELD_ELSEWHERE)) await under(parent, both);
          const tiers = instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
          assert.ok(!tiers.includes('recursive-locking strict'), tiers.join());
        },
        { tracking },
      ));

    it('other locks that other flows have in their scopes delay it until they are free', () =>
      isolated(
        async (instance) => {
          const { a, b, g } = locks(instance);
          for (const pair of [
            [a, b],
            [b, a],
          ] as const) {
            const end = signal();
            const other = g.runExclusive(() => end.promise);
            await instance.lockdep.detached(() => nest(...pair));
            end.give();
            await other;
          }
          assert.deepEqual(seen(instance), ['circular-dependency advisory x1']);
          await nest(a, b);
          assert.match(seen(instance).join(), /circular-dependency strict/);
        },
        { tracking },
      ));

    it('a scope that lasts for the life of the program keeps nothing apart', () =>
      isolated(
        async (instance) => {
          const { a, b, g: leader } = locks(instance);
          const end = signal();
          const life = leader.runExclusive(() => end.promise);
          await instance.lockdep.detached(() => nest(a, b));
          await instance.lockdep.detached(() => nest(b, a));
          assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
          end.give();
          await life;
        },
        { tracking },
      ));

    it('three orders in a ring stay strict', () =>
      isolated(
        async (instance) => {
          const { a, b, g: c } = locks(instance);
          await nest(a, b);
          await nest(b, c);
          await nest(c, a);
          assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
        },
        { tracking },
      ));

    it('who holds what is wanted does not wait for the flow that wants it', () =>
      isolated(
        async (instance) => {
          const { a, b } = locks(instance);
          for (const [first, second] of [
            [a, b],
            [b, a],
          ] as const) {
            const end = signal();
            const other = second.runExclusive(() => end.promise);
            const whole = instance.lockdep.detached(() => nest(first, second));
            await settle(2);
            end.give();
            await Promise.all([other, whole]);
          }
          assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
        },
        { tracking },
      ));
  });
}

describe('a hold that a function is known to have', () => {
  for (const [how, take] of Object.entries({
    acquire: async (lock: Mutex) => await lock.acquire(),
    tryAcquire: async (lock: Mutex) => lock.tryAcquire(),
  })) {
    it(`${how}: held by another flow for ever, keeps nobody else's cycle from being strict`, () =>
      isolated(async (instance) => {
        const { a, b, g: leader } = locks(instance);
        await nextTurn();
        const release = await take(leader);
        await instance.lockdep.detached(() => nest(a, b));
        await later(() => nest(b, a));
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
        release?.();
      }));
  }

  it('many of them, received and released all the time by other flows', () =>
    isolated(async (instance) => {
      const { a, b } = locks(instance);
      let over = false;
      const others = Array.from({ length: 5 }, (_, i) => mutex(instance, `other ${i}`));
      const busy = others.map((lock) =>
        instance.lockdep.detached(async () => {
          while (!over) {
            const release = await lock.acquire();
            await nextTurn();
            release();
          }
        }),
      );
      await nextTurn();
      await instance.lockdep.detached(() => nest(a, b));
      await nextTurn();
      await instance.lockdep.detached(() => nest(b, a));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      over = true;
      await Promise.all(busy);
    }));
});

describe('a gate that detached work merely inherited', () => {
  const detachedUnder = async (
    { g }: Locks,
    [outer, inner]: readonly [Mutex, Mutex],
    parent: (work: Promise<void>) => Promise<void>,
  ): Promise<void> => {
    let work: Promise<void> | undefined;
    await g.runExclusive(async () => {
      work = (async () => {
        const first = await outer.acquire();
        const second = await inner.acquire();
        await settle(3);
        second();
        first();
      })();
      await parent(work);
    });
    await work;
  };

  it('is none once its holder has gone while the locks are held, as far as one can suspect', () =>
    isolated(async (instance) => {
      const all = locks(instance);
      const { a, b } = all;
      await detachedUnder(all, [a, b], () => nextTurn());
      await detachedUnder(all, [b, a], () => nextTurn());
      const tiers = instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
      assert.deepEqual(tiers, ['circular-dependency advisory']);
    }));

  it('is none for certain where its holder went while a lock was waited for', () =>
    isolated(async (instance) => {
      const all = locks(instance);
      for (const pair of [
        [all.a, all.b],
        [all.b, all.a],
      ] as const) {
        const release = await pair[1].acquire();
        const whole = detachedUnder(all, pair, () => nextTurn());
        await settle();
        release();
        await whole;
      }
      // What is taught again without its gate counts again.
      assert.deepEqual(
        instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`),
        ['circular-dependency strict'],
      );
    }));

  it('is one where its holder waits for the work', () =>
    isolated(async (instance) => {
      const all = locks(instance);
      const { a, b } = all;
      for (let i = 0; i < 12; i++) {
        await detachedUnder(all, [a, b], (work) => work);
        await detachedUnder(all, [b, a], (work) => work);
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('is never certain to be none where its holder waited for both locks only, by a signal', () =>
    isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      const works: Promise<void>[] = [];
      const start = async (outer: Mutex, inner: Mutex): Promise<void> => {
        const had = signal();
        await g.runExclusive(async () => {
          const work = async (): Promise<void> => {
            const first = await outer.acquire();
            const second = await inner.acquire();
            had.give();
            await settle(3);
            second();
            first();
          };
          works.push(work());
          await had.promise;
        });
      };
      for (let i = 0; i < 6; i++) {
        await start(a, b);
        await start(b, a);
      }
      await Promise.all(works);
      const tiers = instance.lockdep.reports().map(({ tier }) => tier);
      assert.ok(!tiers.includes('strict'), seen(instance).join());
    }));
});

describe('the bounds of possible gates', () => {
  it('an order that is seen with ever other ones is not taken for one that is free', () =>
    isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      const underBoth = (other: Mutex, ...pair: Mutex[]): Promise<void> =>
        other.runExclusive(() => later(() => g.runExclusive(() => later(() => nest(...pair)))));
      for (let i = 0; i < MAX_ALTERNATIVES + 4; i++) {
        await underBoth(mutex(instance, `one ${i}`), a, b);
        await underBoth(mutex(instance, `two ${i}`), b, a);
      }
      assert.deepEqual(
        instance.lockdep.reports().map(({ tier }) => tier),
        ['advisory'],
      );
      await nest(a, b);
      assert.match(seen(instance).join(), /strict/);
    }));
});
