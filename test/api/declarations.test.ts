import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeclaredOrderError, LockClass, LockdepError, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, seen } from '../support/harness.js';

async function nest(...[first, ...rest]: readonly Mutex[]): Promise<void> {
  await first?.runExclusive(() => nest(...rest));
}

let made = 0;

/** Locks of new classes, whose names end in the letters. */
function locks<K extends string>(instance: IsolatedLockdep, ...names: K[]): Record<K, Mutex> {
  made += 1;
  const entries = names.map((name) => [name, new instance.Mutex({ class: new LockClass(`declared.${made}.${name}`) })]);
  return Object.fromEntries(entries) as Record<K, Mutex>;
}

describe('declareOrder', () => {
  it('the first attempt against it is reported, with the declaration as the other side', async () => {
    await isolated(async (instance) => {
      const { a, b, c } = locks(instance, 'a', 'b', 'c');
      const declaredHere = (): void => instance.lockdep.declareOrder(a.lockClass, b.lockClass, c.lockClass);
      declaredHere();
      assert.deepEqual(seen(instance), []);
      await nest(c, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const [report] = instance.lockdep.reports();
      assert.deepEqual(
        report?.cycle?.map(({ origin }) => origin),
        ['declared', 'declared', undefined],
      );
      assert.match(report.message, new RegExp(`${b.lockClass.name}\\): declared to come after ${a.lockClass.name}`));
      assert.match(report.message, /declaredHere \(test\/api\/declarations\.test\.ts:\d+:\d+\)/);
      assert.match(report.cycle?.[0]?.acquiring.site ?? '', /declarations\.test\.ts:\d+:\d+$/);
      assert.deepEqual(report, JSON.parse(JSON.stringify(report)));
      runtimeOf(instance).validator.dependencies.checkInvariants();
    });
  });

  it('what keeps to it is silent, with steps left out too', async () => {
    await isolated(async (instance) => {
      const { a, b, c } = locks(instance, 'a', 'b', 'c');
      instance.lockdep.declareOrder(a.lockClass, b.lockClass, c.lockClass);
      for (const order of [
        [a, b, c],
        [a, c],
        [b, c],
        [a, b],
      ])
        await nest(...order);
      instance.lockdep.declareOrder(a.lockClass, c.lockClass);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('of classes that have no lock yet, by name', async () => {
    await isolated(async (instance) => {
      instance.lockdep.declareOrder('declared.named.first', 'declared.named.second');
      const [a, b] = ['first', 'second'].map((name) => new instance.Mutex({ class: `declared.named.${name}` }));
      await nest(b as Mutex, a as Mutex);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('is refused whole where a reverse is known, and says where', async () => {
    await isolated(async (instance) => {
      const { a, b, c } = locks(instance, 'a', 'b', 'c');
      await nest(c, b);
      assert.throws(
        () => instance.lockdep.declareOrder(a.lockClass, b.lockClass, c.lockClass),
        (error: unknown) => {
          assert.ok(error instanceof DeclaredOrderError && error instanceof LockdepError);
          assert.equal(error.code, 'ERR_LOCKDEP_DECLARED_ORDER');
          assert.match(error.message, /cannot declare .*\.b before .*\.c: .* learned at test\/api\/declarations/);
          return true;
        },
      );
      await nest(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('two declarations may not contradict each other', async () => {
    await isolated(({ lockdep }) => {
      lockdep.declareOrder('declared.x', 'declared.y', 'declared.z');
      assert.throws(() => lockdep.declareOrder('declared.z', 'declared.x'), {
        message: /declared\.y after declared\.x, declared at/,
      });
    });
  });

  it('counts against readers, in whatever mode the first lock comes to be held', async () => {
    await isolated(async (instance) => {
      const [a, b] = ['a', 'b'].map(
        (name) => new instance.RWSemaphore({ class: new LockClass(`declared.rw.${name}`) }),
      );
      assert.ok(a && b);
      instance.lockdep.declareOrder(a.lockClass, b.lockClass);
      await a.runRead(() => b.runRead(() => undefined));
      assert.deepEqual(seen(instance), []);
      await b.runRead(() => a.runRead(() => undefined));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('in enforce the attempt against it throws', async () => {
    await isolated(
      async (instance) => {
        const { a, b } = locks(instance, 'a', 'b');
        instance.lockdep.declareOrder(a.lockClass, b.lockClass);
        await assert.rejects(nest(b, a), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
      },
      { mode: 'enforce' },
    );
  });

  it('outlives a reset of what was learned, but not its classes', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance, 'a', 'b');
      instance.lockdep.declareOrder(a.lockClass, b.lockClass);
      instance.lockdep.reset({ graph: true });
      await nest(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      b.lockClass.dispose();
      instance.lockdep.reset({ graph: true });
      await nest(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('bad arguments are named', async () => {
    await isolated(({ lockdep }) => {
      assert.throws(() => lockdep.declareOrder('declared.alone'), {
        name: 'RangeError',
        message: /two classes, got 1/,
      });
      assert.throws(() => lockdep.declareOrder('declared.a', 7 as never), {
        name: 'TypeError',
        message: /class 2 .*7/,
      });
      assert.throws(() => lockdep.declareOrder('declared.a', ''), { name: 'TypeError', message: /class 2/ });
      assert.throws(() => lockdep.declareOrder('declared.a', 'declared.a'), { name: 'RangeError', message: /twice/ });
    });
  });
});

describe('bless', () => {
  it('the pair may be taken in both orders from then on', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance, 'a', 'b');
      instance.lockdep.bless(a.lockClass, b.lockClass, 'start-up only');
      await nest(a, b);
      await nest(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('a cycle that needs only one of the two orders is reported, and names the reason', async () => {
    await isolated(async (instance) => {
      const { a, b, c } = locks(instance, 'a', 'b', 'c');
      instance.lockdep.bless(b.lockClass, a.lockClass, 'start-up only');
      await nest(a, b);
      await nest(b, a);
      await nest(b, c);
      await nest(c, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const [report] = instance.lockdep.reports();
      assert.equal(report?.cycle?.length, 3);
      assert.match(report.message, /is accepted: start-up\s+only/);
    });
  });

  it('what was reported before is not repeated after', async () => {
    await isolated(
      async (instance) => {
        const { a, b } = locks(instance, 'a', 'b');
        await nest(a, b);
        await assert.rejects(nest(b, a));
        instance.lockdep.bless(a.lockClass, b.lockClass, 'looked at');
        for (let i = 0; i < 9; i++) await nest(b, a);
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      },
      { mode: 'enforce' },
    );
  });

  it('outlives a reset, and is in the summary', async () => {
    await isolated(async (instance) => {
      const { a, b } = locks(instance, 'a', 'b');
      instance.lockdep.bless(a.lockClass, b.lockClass, 'looked at');
      instance.lockdep.reset({ graph: true });
      await nest(a, b);
      await nest(b, a);
      assert.deepEqual(seen(instance), []);
      const { accepted } = instance.lockdep.summary();
      assert.deepEqual(accepted, [{ classes: [a.lockClass.name, b.lockClass.name], reason: 'looked at' }]);
    });
  });

  it('needs two classes and a reason', async () => {
    await isolated(({ lockdep }) => {
      const bless =
        (...args: unknown[]) =>
        () =>
          lockdep.bless(...(args as [string, string, string]));
      assert.throws(bless('declared.a', 'declared.a', 'why'), { name: 'RangeError', message: /two classes/ });
      assert.throws(bless('declared.a', undefined, 'why'), { name: 'TypeError', message: /^b must be/ });
      assert.throws(bless('declared.a', 'declared.b'), { name: 'TypeError', message: /reason must be a string/ });
      assert.throws(bless('declared.a', 'declared.b', '  '), { name: 'RangeError', message: /must not be empty/ });
    });
  });
});
