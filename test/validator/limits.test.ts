/** What happens where a table is full: it is said once, what is known goes on, and making room helps. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { LockClass, lockClass, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { MAX_KEPT_CLASSES, reserveClassId, table } from '../../src/model/class-table.js';
import { vertexOfClass } from '../../src/order/class-order.js';
import type { GraphEdge } from '../../src/order/snapshot.js';
import { MAX_REPORTS } from '../../src/report/report-log.js';
import { MAX_CLASSES } from '../../src/validator/class-ids.js';
import { MAX_ORDERS } from '../../src/validator/dependencies.js';
import { loadedFacts } from '../../src/validator/edge-facts.js';
import { isolated, settle } from '../support/harness.js';

let names = 0;
const fresh = (what: string): string => `limits.${what}.${++names}`;

async function nest(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
}

function limits({ lockdep }: IsolatedLockdep): string[] {
  return lockdep.reports().flatMap(({ id, kind, count }) => (kind === 'limit' ? [`${id} x${count}`] : []));
}

function others({ lockdep }: IsolatedLockdep): string[] {
  return lockdep.reports().flatMap(({ kind, tier }) => (kind === 'limit' ? [] : [`${kind} ${tier}`]));
}

describe('too many classes to check', () => {
  it('leave further ones listed and unchecked, until some are disposed of', () =>
    isolated(async (instance) => {
      const { Mutex, lockdep } = instance;
      const classes = Array.from({ length: MAX_CLASSES }, () => new LockClass('limits.many'));
      for (const each of classes) await new Mutex({ class: each }).runExclusive(() => undefined);
      assert.doesNotMatch(limits(instance).join(), /MAX_CLASSES/);
      const beyond = [new Mutex({ class: fresh('beyond') }), new Mutex({ class: fresh('beyond') })] as const;
      await nest(beyond[0], beyond[1]);
      await nest(beyond[1], beyond[0]);
      await beyond[0].runExclusive(() => assert.equal(lockdep.held().length, 1));
      assert.deepEqual(
        limits(instance).filter((limit) => limit.includes('MAX_CLASSES')),
        ['limit:MAX_CLASSES x1'],
      );
      assert.deepEqual(others(instance), []);
      for (const each of classes.slice(0, 2)) each.dispose();
      const known = [new Mutex({ class: fresh('known') }), new Mutex({ class: fresh('known') })] as const;
      await nest(known[0], known[1]);
      await nest(known[1], known[0]);
      assert.deepEqual(others(instance), ['circular-dependency strict']);
    }));
});

describe('too many classes to find again', () => {
  const made: LockClass[] = [];
  after(() => {
    for (const each of made) each.dispose();
  });

  it('make one stand for all others that are asked for by name, place or level, until some are disposed of', () =>
    isolated(async (instance) => {
      const { Mutex } = instance;
      const base = new LockClass(fresh('base'));
      const { kept } = table;
      while (table.kept < MAX_KEPT_CLASSES) made.push(lockClass(fresh('kept')));
      assert.equal(made.length, MAX_KEPT_CLASSES - kept);
      assert.deepEqual(limits(instance), []);
      const beyond = lockClass(fresh('beyond'), { validate: false });
      assert.equal(beyond.name, '(beyond MAX_KEPT_CLASSES)');
      assert.equal(lockClass(fresh('beyond')), beyond);
      assert.equal(base.subclass(1), beyond);
      assert.equal(new Mutex().lockClass, beyond);
      assert.deepEqual(limits(instance), ['limit:MAX_KEPT_CLASSES x1']);
      const own = new LockClass(fresh('own'));
      assert.notEqual(own, beyond);
      const first = made[0] as LockClass;
      assert.equal(lockClass(first.name), first);
      for (const each of made.splice(0, 2)) each.dispose();
      const name = fresh('again');
      assert.notEqual(lockClass(name), beyond);
      assert.equal(lockClass(name), lockClass(name));
      assert.equal(base.subclass(1), base.subclass(1));
      assert.notEqual(base.subclass(1), beyond);
      base.dispose();
      lockClass(name).dispose();
      lockClass(name).dispose();
    }));
});

describe('too many orders', () => {
  const edge = (from: string, to: string): GraphEdge => {
    return { from, to, kinds: ['EN'], tier: 'strict', count: 1, sites: [['x.js:1:1', 'x.js:2:1']] };
  };

  /** Orders of one class that nobody has, before each of many others. */
  function fill(instance: IsolatedLockdep): { empty(): void } {
    const { proven, all } = runtimeOf(instance).validator.dependencies.orders;
    const before = reserveClassId();
    const facts = loadedFacts(
      { id: 0, name: '', shared: false },
      { id: 0, name: '', shared: false },
      ['', ''],
      'strict',
      'loaded',
    );
    for (const order of [proven, all]) {
      const held = vertexOfClass(before, false);
      while (order.size < MAX_ORDERS)
        order.learn({ held, wanted: reserveClassId(), strong: true, gates: [], facts: () => facts });
    }
    return { empty: () => [proven, all].forEach((order) => order.remove(before)) };
  }

  it('leave further ones unlearned; those that are known are checked as ever', () =>
    isolated(async (instance) => {
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new instance.Mutex({ class: fresh(name) }));
      assert.ok(a !== undefined && b !== undefined && c !== undefined && d !== undefined);
      await nest(a, b);
      const orders = fill(instance);
      await nest(a, b);
      await nest(c, d);
      await nest(d, c);
      assert.deepEqual([limits(instance), others(instance)], [['limit:MAX_ORDERS x1'], []]);
      assert.equal(runtimeOf(instance).validator.dependencies.chain(a.lockClass, b.lockClass)?.length, 1);
      orders.empty();
      d.lockClass.dispose();
      await nest(c, d);
      await nest(d, c);
      assert.deepEqual(others(instance), ['circular-dependency strict']);
      await nest(b, a);
      assert.equal(others(instance).length, 2);
    }));

  it('are not loaded, and nothing of their graph is', () =>
    isolated(async (instance) => {
      const edges = Array.from({ length: MAX_ORDERS + 1 }, (_, at) =>
        edge(`limits.from.${at % 256}`, `limits.to.${at >> 8}`),
      );
      instance.lockdep.load({ version: 1, classes: [], edges });
      assert.deepEqual(limits(instance), ['limit:MAX_ORDERS x1']);
      assert.deepEqual(instance.lockdep.snapshot(), { version: 1, classes: [], edges: [] });
      instance.lockdep.load({ version: 1, classes: [], edges: edges.slice(0, 3) });
      assert.equal(instance.lockdep.snapshot().edges.length, 3);
    }));
});

describe('too many reports', () => {
  async function leak({ lockdep, Mutex }: IsolatedLockdep, times: number): Promise<void> {
    const mutex = new Mutex({ class: fresh('leaky') });
    for (let i = 0; i < times; i++) {
      await lockdep.task(fresh('task'), () => mutex.acquire());
      mutex.release();
    }
  }

  it('are counted, in the limit, which turns strict with the first strict one', () =>
    isolated(
      async (instance) => {
        await leak(instance, MAX_REPORTS + 5);
        assert.equal(instance.lockdep.reports().length, MAX_REPORTS + 1);
        assert.deepEqual(limits(instance), ['limit:MAX_REPORTS x5']);
        const mutex = new instance.Mutex({ class: fresh('again') });
        void mutex.runExclusive(() => mutex.runExclusive(() => undefined));
        await settle();
        const limit = instance.lockdep.reports().at(-1);
        assert.deepEqual([limit?.tier, limit?.count], ['strict', 6]);
      },
      { stackDepth: 1 },
    ));

  it('are thrown all the same in enforce, each with its own code', () =>
    isolated(
      async (instance) => {
        await leak(instance, MAX_REPORTS);
        const mutex = new instance.Mutex({ class: fresh('again') });
        await assert.rejects(
          mutex.runExclusive(() => mutex.runExclusive(() => undefined)),
          (error: Error & { code?: string }) => {
            assert.equal(error.code, 'ERR_LOCKDEP_RECURSIVE_LOCKING');
            return /recursive locking/.test(error.message);
          },
        );
        const [a, b] = [new instance.Mutex({ class: fresh('a') }), new instance.Mutex({ class: fresh('b') })];
        await nest(a, b);
        await assert.rejects(nest(b, a), {
          code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY',
          message: /The cycle is limits\.a/,
        });
      },
      { mode: 'enforce', stackDepth: 1 },
    ));
});
