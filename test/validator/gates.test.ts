import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, Semaphore, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, seen } from '../support/harness.js';

type Locks = Readonly<Record<'a' | 'b' | 'g', Mutex>>;

function locks(instance: IsolatedLockdep): Locks {
  const make = (name: string): Mutex => new instance.Mutex({ class: new LockClass(name) });
  return { a: make('a'), b: make('b'), g: make('g') };
}

/** Takes the locks one inside the other. */
async function nest(...[first, ...rest]: readonly Mutex[]): Promise<void> {
  await first?.runExclusive(() => nest(...rest));
}

async function nestByCalls(...wanted: readonly Mutex[]): Promise<void> {
  const releasers = [];
  for (const lock of wanted) releasers.push(await lock.acquire());
  for (const release of releasers.reverse()) release();
}

describe('two orders that are each taken under a common lock', () => {
  for (const [style, run] of Object.entries({ nest, nestByCalls })) {
    it(`${style}: cannot meet, and are silent`, async () => {
      await isolated(async (instance) => {
        const { a, b, g } = locks(instance);
        for (let i = 0; i < 20; i++) {
          await run(g, a, b);
          await run(g, b, a);
        }
        assert.deepEqual(seen(instance), []);
        const { dependencies } = runtimeOf(instance).validator;
        dependencies.checkInvariants();
        const [gated, ...others] = dependencies.gatedCycles();
        assert.deepEqual(gated?.classes, [b.lockClass.name, a.lockClass.name]);
        assert.deepEqual(gated.gates, [g.lockClass.name]);
        assert.deepEqual(others, []);
      });
    });

    it(`${style}: one that is seen without it is reported at that moment, with its own stack`, async () => {
      await isolated(async (instance) => {
        const { a, b, g } = locks(instance);
        for (let i = 0; i < 9; i++) {
          await run(g, a, b);
          await run(g, b, a);
        }
        assert.deepEqual(seen(instance), []);
        const withoutTheGate = async (): Promise<void> => {
          await run(a, b);
        };
        await withoutTheGate();
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
        const [report] = instance.lockdep.reports();
        assert.deepEqual(
          report?.held.map(({ lockClass }) => lockClass),
          [a.lockClass.name],
        );
        const closing = report.cycle?.at(-1);
        assert.ok(closing?.acquiring.stack.some((line) => line.includes('withoutTheGate')));
        assert.ok(report.cycle?.[0]?.acquiring.stack.every((line) => !line.includes('withoutTheGate')));
        assert.deepEqual(runtimeOf(instance).validator.dependencies.gatedCycles(), []);
      });
    });
  }

  it('the other way round too: first without the gate, then all under it', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      await nest(a, b);
      await nest(g, b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('a gate that is dropped and taken again in between is none', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      const across = async (outer: Mutex, inner: Mutex): Promise<void> => {
        const [gate, first] = [await g.acquire(), await outer.acquire()];
        gate();
        const second = await inner.acquire();
        const again = g.tryAcquire();
        for (const release of [again, second, first]) release?.();
      };
      await across(a, b);
      await across(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('a gate that was tried for counts', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      const tried = async (outer: Mutex, inner: Mutex): Promise<void> => {
        const gate = g.tryAcquire();
        await nestByCalls(outer, inner);
        gate?.();
      };
      await tried(a, b);
      await tried(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('two locks of one class are no gate', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance);
      const gates = new LockClass('gate');
      const [g, h] = [new instance.Mutex({ class: gates }), new instance.Mutex({ class: gates })];
      await nest(g, a, b);
      await nest(h, b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('the second lock of a class opens what the first had kept from happening', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      await nest(g, a, b);
      await nest(g, b, a);
      assert.deepEqual(seen(instance), []);
      assert.ok(new instance.Mutex({ class: g.lockClass }));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const [report] = instance.lockdep.reports();
      assert.equal(report?.acquiring, undefined);
      assert.match(report?.message ?? '', /nest/);
      assert.ok(new instance.Mutex({ class: g.lockClass }));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('nothing is reported of a validator that is off', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      await nest(g, a, b);
      await nest(g, b, a);
      instance.lockdep.configure({ mode: 'off' });
      assert.ok(new instance.Mutex({ class: g.lockClass }));
      assert.deepEqual(seen(instance), []);
    });
  });

  it('a lock of several permits keeps nobody out', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance);
      const pool = new instance.Semaphore(2, { class: new LockClass('pool') });
      await pool.runExclusive(() => nest(a, b));
      await pool.runExclusive(() => nest(b, a));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      assert.ok(pool instanceof Semaphore);
    });
  });

  it('a pseudo-lock keeps nobody out', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance);
      const section = new instance.PseudoLock({ class: new LockClass('section') });
      await section.run(() => nest(a, b));
      await section.run(() => nest(b, a));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('readers under one gate may meet, a reader and a writer may not', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance);
      const gate = new instance.RWSemaphore({ class: new LockClass('readers') });
      await gate.runWrite(() => nest(a, b));
      await gate.runRead(() => nest(b, a));
      assert.deepEqual(seen(instance), []);
      await gate.runRead(() => nest(a, b));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('a gate that is never checked itself keeps others out all the same', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance);
      const g = new instance.Mutex({ class: new LockClass('unchecked', { validate: false }) });
      await nest(g, a, b);
      await nest(g, b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('a lock taken as a subclass is the same gate', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      await nest(g, a, b);
      await g.runExclusive(() => nest(b, a), { subclass: 1 });
      assert.deepEqual(seen(instance), []);
    });
  });

  it('three locks in a ring: each pair of flows may meet, the three of them only without the gate', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = locks(instance);
      const c = new instance.Mutex({ class: new LockClass('c') });
      await nest(g, a, b);
      await nest(b, c);
      await nest(g, c, a);
      assert.deepEqual(seen(instance), []);
      await nest(c, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      assert.equal(instance.lockdep.reports()[0]?.cycle?.length, 3);
    });
  });

  it('in enforce the gated orders pass, and the open one throws before it waits', async () => {
    await isolated(
      async (instance) => {
        const { a, b, g } = locks(instance);
        for (let i = 0; i < 9; i++) {
          await nest(g, a, b);
          await nest(g, b, a);
        }
        await assert.rejects(nest(b, a), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
        assert.equal(a.isLocked(), false);
      },
      { mode: 'enforce' },
    );
  });
});
