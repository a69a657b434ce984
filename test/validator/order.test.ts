import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, tryAcquire, type Mutex } from '../../src/index.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

async function nestedRun(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
}

async function nestedAcquire(outer: Mutex, inner: Mutex): Promise<void> {
  const first = await outer.acquire();
  try {
    const second = await inner.acquire();
    second();
  } finally {
    first();
  }
}

describe('two locks in both orders', () => {
  for (const [style, nest] of Object.entries({ nestedRun, nestedAcquire })) {
    it(`${style}: reported from a run in which nothing collides`, async () => {
      await isolated(async (instance) => {
        const a = new instance.Mutex({ class: new LockClass('a') });
        const b = new instance.Mutex({ class: new LockClass('b') });
        await nest(a, b);
        assert.deepEqual(seen(instance), []);
        await nest(b, a);
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      });
    });

    it(`${style}: one order only stays silent`, async () => {
      await isolated(async (instance) => {
        const a = new instance.Mutex({ class: new LockClass('a') });
        const b = new instance.Mutex({ class: new LockClass('b') });
        for (let i = 0; i < 20; i++) await nest(a, b);
        assert.deepEqual(seen(instance), []);
      });
    });
  }

  it('every repeat is counted, however well known the nesting is', async () => {
    await isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      await nestedRun(a, b);
      for (let i = 0; i < 25; i++) await nestedRun(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x25']);
    });
  });

  it('a reset without the graph reports a repeat anew', async () => {
    await isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      await nestedRun(a, b);
      await nestedRun(b, a);
      instance.lockdep.reset();
      assert.deepEqual(seen(instance), []);
      await nestedRun(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      instance.lockdep.reset({ graph: true });
      await nestedRun(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('names both acquisitions of both links by the lines that made them', async () => {
    await isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      await nestedAcquire(a, b);
      await nestedRun(b, a);
      const report = instance.lockdep.reports()[0];
      assert.ok(report);
      assert.equal(report.cycle?.length, 2);
      for (const { held, acquiring } of report.cycle ?? []) {
        assert.match(held.site, /order\.test\.ts:\d+:\d+$/);
        assert.match(acquiring.site, /order\.test\.ts:\d+:\d+$/);
        assert.equal(held.exact, true);
      }
      assert.match(report.message, /nestedAcquire/);
      assert.match(report.message, /nestedRun/);
    });
  });

  it('three classes: a chain is found through the middle one, whatever closes it', async () => {
    await isolated(async (instance) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => new instance.Mutex({ class: new LockClass(name) }));
      assert.ok(a && b && c);
      await nestedRun(a, b);
      await nestedRun(b, c);
      assert.deepEqual(seen(instance), []);
      await nestedAcquire(c, a);
      const report = instance.lockdep.reports()[0];
      assert.equal(report?.cycle?.length, 3);
    });
  });

  it('an edge comes from every held lock, not only from the last', async () => {
    await isolated(async (instance) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => new instance.Mutex({ class: new LockClass(name) }));
      assert.ok(a && b && c);
      await a.runExclusive(() => b.runExclusive(() => c.runExclusive(() => undefined)));
      await nestedRun(c, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('out-of-order release: what is wanted later has edges only from what is still held', async () => {
    await isolated(async (instance) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => new instance.Mutex({ class: new LockClass(name) }));
      assert.ok(a && b && c);
      for (let i = 0; i < 10; i++) {
        const first = await a.acquire();
        const second = await b.acquire();
        first();
        await nestedNothing(c);
        second();
      }
      const edges = [...runtimeOf(instance).validator.dependencies.edges()];
      const named = edges.map(({ from, to, tier }) => `${from} -> ${to} ${tier}`);
      const [nameA, nameB, nameC] = [a, b, c].map((lock) => lock.lockClass.name);
      assert.deepEqual(named, [`${nameA} -> ${nameB} strict`, `${nameB} -> ${nameC} strict`]);
    });
  });

  it('a second, different cycle is a second report', async () => {
    await isolated(async (instance) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => new instance.Mutex({ class: new LockClass(name) }));
      assert.ok(a && b && c);
      await nestedRun(a, b);
      await nestedRun(b, a);
      await nestedRun(b, c);
      await nestedRun(c, a);
      await nestedRun(c, b);
      assert.equal(instance.lockdep.reports().length, 3);
    });
  });

  it('a try adds no order into the lock, and what is wanted while it is held has one out of it', async () => {
    await isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      await nestedRun(a, b);
      await b.runExclusive(async () => {
        await Promise.resolve();
        a.tryAcquire()?.();
      });
      assert.deepEqual(seen(instance), []);
      const guard = b.tryLock();
      await (async () => {
        (await a.acquire())();
      })();
      guard?.release();
      assert.equal(instance.lockdep.reports().length, 1);
    });
  });

  it('validate: false keeps a class out of every order', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('a', { validate: false }) });
      const b = new instance.Mutex({ class: new LockClass('b') });
      await nestedRun(a, b);
      await nestedRun(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('track: false is not even listed as held', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('a', { track: false }) });
      await a.runExclusive(() => assert.deepEqual(instance.lockdep.held(), []));
    });
  });

  it('a disposed class forgets its orders', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('a');
      const a = new instance.Mutex({ class: lockClass });
      const b = new instance.Mutex({ class: new LockClass('b') });
      await nestedRun(a, b);
      lockClass.dispose();
      await nestedRun(b, a);
      assert.deepEqual(seen(instance), []);
      await nestedRun(a, b);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  async function nestedNothing(lock: Mutex): Promise<void> {
    await lock.runExclusive(() => undefined);
  }
});

describe('a lock that is handed on', () => {
  it('by a loop that lets the job release its permit: the loop waits for no permit of its own', async () => {
    await isolated(async (instance) => {
      for (const permits of [1, 2]) {
        const pool = new instance.Semaphore(permits, { class: new LockClass('pool') });
        const jobs: Promise<unknown>[] = [];
        for (let i = 0; i < 20; i++) {
          const [, release] = await pool.acquire();
          jobs.push(nextTurn().finally(release));
        }
        await Promise.all(jobs);
      }
      assert.deepEqual(seen(instance), []);
    });
  });

  it('by a mutex whose releaser is left to a timer', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      for (let i = 0; i < 10; i++) setImmediate(await lock.acquire());
      await settle();
      assert.deepEqual(seen(instance), []);
    });
  });

  it('by a producer and a consumer over two semaphores', async () => {
    await isolated(async (instance) => {
      const [empty, full] = [new instance.Semaphore(2), new instance.Semaphore(0)];
      const produce = async (): Promise<void> => {
        for (let i = 0; i < 12; i++) {
          await empty.acquire();
          full.release();
        }
      };
      const consume = async (): Promise<void> => {
        for (let i = 0; i < 12; i++) {
          await full.acquire();
          await nextTurn();
          empty.release();
        }
      };
      await Promise.all([produce(), consume()]);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('teaches no order either, whatever its first owner goes on to want', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('a') });
      const b = new instance.Mutex({ class: new LockClass('b') });
      await nestedRun(b, a);
      for (let i = 0; i < 6; i++) {
        const release = await a.acquire();
        setImmediate(() => setImmediate(release));
        await b.runExclusive(nextTurn);
        await settle(3);
      }
      assert.deepEqual(
        instance.lockdep.reports().filter(({ tier }) => tier === 'strict'),
        [],
      );
    });
  });

  it('nested permits that their own flow returns are reported', async () => {
    await isolated(async (instance) => {
      const pool = new instance.Semaphore(4, { class: new LockClass('pool') });
      const [, first] = await pool.acquire();
      const [, second] = await pool.acquire();
      second();
      first();
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    });
  });
});

describe('a real deadlock', () => {
  it('of functions that acquire both themselves is told though neither ever goes on', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('a') });
      const b = new instance.Mutex({ class: new LockClass('b') });
      const both = async (outer: Mutex, inner: Mutex): Promise<void> => {
        const first = await outer.acquire();
        await nextTurn();
        (await inner.acquire())();
        first();
      };
      void both(a, b);
      void both(b, a);
      await settle();
      assert.deepEqual(seen(instance), ['circular-dependency advisory x1']);
    });
  });
});

describe('a try of the decorator', () => {
  it('adds no order into the lock, as a synchronous one', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('a') });
      const b = new instance.Mutex({ class: new LockClass('b') });
      const tryBoth = async (outer: Mutex, inner: Mutex): Promise<void> => {
        const release = await outer.acquire();
        await tryAcquire(inner).runExclusive(() => undefined);
        (await tryAcquire(inner).acquire())();
        release();
      };
      for (let i = 0; i < 4; i++) {
        await tryBoth(a, b);
        await tryBoth(b, a);
      }
      assert.deepEqual(seen(instance), []);
    });
  });
});

describe('one class twice', () => {
  it('a flow waits for its own lock: reported at the call, in place of the hang', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      void lock.runExclusive(() => lock.runExclusive(() => undefined));
      await settle();
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    });
  });

  it('through a helper of an imperative holder it is a suspicion: another instance of that function would only queue', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      (await lock.acquire())();
      const helper = async (): Promise<void> => {
        await nextTurn();
        await lock.acquire();
      };
      const holder = async (): Promise<void> => {
        await lock.acquire();
        await helper();
      };
      void holder();
      await settle();
      assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
    });
  });

  it('two instances of a class that the program named, nested', async () => {
    await isolated(async (instance) => {
      const make = (): Mutex => new instance.Mutex({ class: 'nested twice' });
      await nestedRun(make(), make());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    });
  });

  it('a detached child that wants the lock its parent holds is waiting, not stuck', async () => {
    await isolated(async (instance) => {
      const lock = new instance.Mutex();
      const work: Promise<unknown>[] = [];
      await lock.runExclusive(async () => {
        work.push(lock.runExclusive(nextTurn));
        setImmediate(() => work.push(lock.runExclusive(() => undefined)));
        await settle(3);
      });
      await Promise.all(work);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('in the order of the comparator it is legal, each pair anew', async () => {
    await isolated(async (instance) => {
      const ranks = new Map<unknown, number>();
      const rank = (lock: unknown): number => ranks.get(lock) ?? 0;
      const accounts = new LockClass('account', { order: (x: Mutex, y: Mutex) => rank(x) - rank(y) });
      const [low, high] = [new instance.Mutex({ class: accounts }), new instance.Mutex({ class: accounts })];
      ranks.set(low, 1).set(high, 2);
      for (let i = 0; i < 20; i++) await nestedRun(low, high);
      assert.deepEqual(seen(instance), []);
      await nestedRun(high, low);
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    });
  });

  it('a comparator that throws counts as out of order, and is shown', async (t) => {
    const warnings = t.mock.method(process, 'emitWarning', () => undefined);
    await isolated(async (instance) => {
      const broken = new LockClass('broken', {
        order: () => {
          throw new Error('no order today');
        },
      });
      const [one, two] = [new instance.Mutex({ class: broken }), new instance.Mutex({ class: broken })];
      await nestedRun(one, two);
      await nestedRun(one, two);
      assert.deepEqual(seen(instance), ['recursive-locking strict x2']);
    });
    assert.equal(warnings.mock.callCount(), 1);
    assert.match(
      String(warnings.mock.calls[0]?.arguments[0]),
      /order comparator of lock class broken.*no order today/s,
    );
  });

  it('a subclass is another class', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('directory');
      const [outer, inner] = [new instance.Mutex({ class: lockClass }), new instance.Mutex({ class: lockClass })];
      for (let i = 0; i < 3; i++) {
        await outer.runExclusive(() => inner.runExclusive(() => undefined, { subclass: 1 }));
      }
      assert.deepEqual(seen(instance), []);
    });
  });
});
