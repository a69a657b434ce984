import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { LockClass, type LockGraph, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, seen } from '../support/harness.js';

async function nest(...[first, ...rest]: readonly Mutex[]): Promise<void> {
  await first?.runExclusive(() => nest(...rest));
}

let made = 0;

/** Names that no other test has. */
function names<K extends string>(...keys: K[]): Record<K, string> {
  made += 1;
  return Object.fromEntries(keys.map((key) => [key, `graph.${made}.${key}`])) as Record<K, string>;
}

function edge(from: string, to: string, more: object = {}): LockGraph['edges'][number] {
  return {
    from,
    to,
    kinds: ['EN'],
    tier: 'strict',
    count: 1,
    sites: [['src/there.ts:1:2', 'src/there.ts:3:4']],
    ...more,
  };
}

function graphOf(...edges: LockGraph['edges'][number][]): LockGraph {
  return { version: 1, classes: [], edges };
}

function copy(graph: LockGraph): LockGraph {
  return JSON.parse(JSON.stringify(graph)) as LockGraph;
}

/** Locks of several kinds in several orders, under gates and without. */
async function learnMuch({ Mutex, RWSemaphore, lockdep }: IsolatedLockdep): Promise<void> {
  const { a, b, c, d, g, x, y } = names('a', 'b', 'c', 'd', 'g', 'x', 'y');
  const [first, second, third, gate] = [a, b, c, g].map((name) => new Mutex({ class: name })) as [
    Mutex,
    Mutex,
    Mutex,
    Mutex,
  ];
  const shared = new RWSemaphore({ class: d });
  const preferring = new RWSemaphore({ class: x, fairness: 'reader-preferring' });
  const make = (): Mutex => new Mutex();
  await nest(gate, first, second);
  await nest(gate, second, first);
  await nest(second, third, make());
  await shared.runRead(() => nest(third));
  await first.runExclusive(() => shared.runWrite(() => preferring.runRead(() => undefined)));
  await nest(third, second);
  lockdep.declareOrder(x, y);
}

describe('snapshot', () => {
  it('has classes and orders by name, sorted, with both sites', async () => {
    await isolated(async ({ Mutex, lockdep }) => {
      const { a, b } = names('b', 'a');
      await nest(new Mutex({ class: b }), new Mutex({ class: a }));
      const graph = lockdep.snapshot();
      assert.deepEqual(graph.classes, [{ name: a }, { name: b }]);
      const [only, ...others] = graph.edges;
      assert.ok(only !== undefined && others.length === 0);
      const { sites, ...facts } = only;
      assert.deepEqual(facts, { from: b, to: a, kinds: ['EN'], tier: 'strict', count: 1 });
      assert.match(
        sites.flat().join(' '),
        /^test\/api\/snapshot\.test\.ts:\d+:\d+ test\/api\/snapshot\.test\.ts:\d+:\d+$/,
      );
    });
  });

  it('names a class without a name by the place of construction', async () => {
    await isolated(async ({ Mutex, lockdep }) => {
      const { a } = names('a');
      await nest(new Mutex({ class: a }), new Mutex());
      const [site] = lockdep.snapshot().classes.filter((each) => each.site !== undefined);
      assert.match(site?.site ?? '', /^test\/api\/snapshot\.test\.ts:\d+:\d+$/);
      assert.ok(site?.name.startsWith(`Mutex@${site.site}`));
    });
  });

  it('has the minimal sets of gates, in their modes, and the kinds of reader/writer locks', async () => {
    await isolated(async ({ Mutex, RWSemaphore, lockdep }) => {
      const { a, b, g } = names('a', 'b', 'g');
      const [first, second, gate] = [
        new Mutex({ class: a }),
        new RWSemaphore({ class: b }),
        new RWSemaphore({ class: g }),
      ];
      await gate.runRead(() => first.runExclusive(() => second.runRead(() => undefined)));
      await gate.runWrite(() => second.runRead(() => first.runExclusive(() => undefined)));
      const edges = lockdep.snapshot().edges.map(({ from, to, kinds, gates }) => [from, to, kinds[0], gates]);
      assert.deepEqual(edges, [
        [a, b, 'EN', [[`${g} (shared)`]]],
        [b, a, 'SN', [[g]]],
        [g, a, 'EN', [[`${b} (shared)`]]],
        [g, a, 'SN', undefined],
        [g, b, 'EN', undefined],
        [g, b, 'SN', [[a]]],
      ]);
    });
  });
});

describe('load', () => {
  it('of what is known already changes nothing, also through text', async () => {
    await isolated(async (instance) => {
      await learnMuch(instance);
      const { lockdep } = instance;
      const [before, reports] = [lockdep.snapshot(), seen(instance)];
      assert.ok(before.edges.length > 10);
      for (const graph of [before, copy(before), lockdep.snapshot()]) {
        lockdep.load(graph);
        assert.deepEqual(lockdep.snapshot(), before);
        assert.equal(JSON.stringify(lockdep.snapshot()), JSON.stringify(before));
      }
      assert.deepEqual(seen(instance), reports);
      runtimeOf(instance).validator.dependencies.checkInvariants();
    });
  });

  it('into an empty instance gives the same graph again, and finds what was found there', async () => {
    await isolated(async (teacher) => {
      await learnMuch(teacher);
      const graph = teacher.lockdep.snapshot();
      await isolated(async (pupil) => {
        pupil.lockdep.load(copy(graph));
        assert.deepEqual(pupil.lockdep.snapshot(), graph);
        const ids = (instance: IsolatedLockdep): string[] => instance.lockdep.reports().map(({ id }) => id);
        // Of the cycles that one new edge closes the shortest is told, so the order in which they come shows in what else is.
        for (const id of ids(teacher)) assert.ok(ids(pupil).includes(id), id);
        runtimeOf(pupil).validator.dependencies.checkInvariants();
      });
    });
  });

  it('an order that contradicts one learned here is reported at once, with the sites from there', async () => {
    await isolated(async (instance) => {
      const { a, b } = names('a', 'b');
      await nest(new instance.Mutex({ class: a }), new instance.Mutex({ class: b }));
      instance.lockdep.load(graphOf(edge(b, a)));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const [report] = instance.lockdep.reports();
      const loaded = report?.cycle?.find(({ origin }) => origin === 'loaded');
      assert.equal(loaded?.held.site, 'src/there.ts:1:2');
      assert.deepEqual(loaded.acquiring.stack, ['src/there.ts:3:4']);
      assert.match(report?.message ?? '', /as loaded from another run/);
      instance.lockdep.load(graphOf(edge(b, a)));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('an order loaded before its classes exist binds to them when they appear', async () => {
    await isolated(async (instance) => {
      const { a, b } = names('a', 'b');
      instance.lockdep.load(graphOf(edge(a, b)));
      const first = new instance.Mutex({ class: new LockClass(a) });
      const second = new instance.Mutex({ class: new LockClass(b) });
      await nest(first, second);
      assert.deepEqual(seen(instance), []);
      await nest(second, first);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const graph = instance.lockdep.snapshot();
      assert.deepEqual(
        graph.edges.map(({ from, to }) => [from, to]),
        [
          [a, b],
          [b, a],
        ],
      );
    });
  });

  it('two loaded orders that contradict each other are reported, whoever has such classes', async () => {
    await isolated((instance) => {
      const { a, b, c } = names('a', 'b', 'c');
      instance.lockdep.load(graphOf(edge(a, b), edge(b, c)));
      assert.deepEqual(seen(instance), []);
      instance.lockdep.load(graphOf(edge(c, a)));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('an advisory order makes an advisory report', async () => {
    await isolated((instance) => {
      const { a, b } = names('a', 'b');
      instance.lockdep.load(graphOf(edge(a, b), edge(b, a, { tier: 'advisory' })));
      assert.deepEqual(seen(instance), ['circular-dependency advisory x1']);
      instance.lockdep.load(graphOf(edge(b, a)));
      assert.deepEqual(seen(instance), ['circular-dependency strict x2']);
    });
  });

  it('gates keep loaded orders apart too, and a class with two locks here is none', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = names('a', 'b', 'g');
      instance.lockdep.load(graphOf(edge(a, b, { gates: [[g]] })));
      const [first, second, gate] = [a, b, g].map((name) => new instance.Mutex({ class: name })) as [
        Mutex,
        Mutex,
        Mutex,
      ];
      await nest(gate, second, first);
      assert.deepEqual(seen(instance), []);
      assert.ok(new instance.Mutex({ class: g }));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
    await isolated(async (instance) => {
      const { a, b, g } = names('a', 'b', 'g');
      for (let i = 0; i < 2; i++) assert.ok(new instance.Mutex({ class: g }));
      instance.lockdep.load(graphOf(edge(a, b, { gates: [[g]] }), edge(b, a, { gates: [[g]] })));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('a gate whose class turns out to have two locks when it is met is none', async () => {
    await isolated(async (instance) => {
      const { a, b, g } = names('a', 'b', 'g');
      instance.lockdep.load(graphOf(edge(a, b, { gates: [[g]] }), edge(b, a, { gates: [[g]] })));
      assert.deepEqual(seen(instance), []);
      const lockClass = new LockClass(g);
      const [gate] = [new instance.Mutex({ class: lockClass }), new instance.Mutex({ class: lockClass })];
      await nest(gate as Mutex);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('declared orders come along', async () => {
    await isolated(async (instance) => {
      const { a, b } = names('a', 'b');
      instance.lockdep.load(graphOf(edge(a, b, { kinds: ['declared'], count: 0 })));
      await nest(new instance.Mutex({ class: b }), new instance.Mutex({ class: a }));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /declared to come after/);
    });
  });

  it('a class that is disposed of takes its loaded orders along, and so does a reset', async () => {
    await isolated(async (instance) => {
      const { a, b } = names('a', 'b');
      const { lockdep } = instance;
      lockdep.load(graphOf(edge(a, b)));
      const [first, second] = [new instance.Mutex({ class: a }), new instance.Mutex({ class: b })];
      await nest(first);
      first.lockClass.dispose();
      assert.deepEqual(lockdep.snapshot().edges, []);
      await nest(second, first);
      assert.deepEqual(seen(instance), []);
      lockdep.reset({ graph: true });
      assert.deepEqual(lockdep.snapshot(), { version: 1, classes: [], edges: [] });
    });
  });

  it('refuses what is no graph, and changes nothing', async () => {
    await isolated(({ lockdep }) => {
      const { a, b } = names('a', 'b');
      const bad = graphOf(edge(a, b), edge(a, b, { from: undefined }));
      assert.throws(() => lockdep.load(bad), {
        name: 'TypeError',
        message: /^graph\.edges\[1\]\.from must be a string/,
      });
      assert.throws(() => lockdep.load('{}' as never), { name: 'TypeError', message: /^graph must be an object/ });
      assert.deepEqual(lockdep.snapshot().edges, []);
    });
  });

  it('a worker thread teaches the main thread', async () => {
    await isolated(async (instance) => {
      const { a, b } = names('a', 'b');
      const worker = new Worker(new URL('./snapshot-worker.js', import.meta.url), {
        workerData: { outer: a, inner: b },
      });
      const [graph] = (await once(worker, 'message')) as [LockGraph];
      await worker.terminate();
      instance.lockdep.load(graph);
      assert.deepEqual(seen(instance), []);
      await nest(new instance.Mutex({ class: b }), new instance.Mutex({ class: a }));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      const loaded = instance.lockdep.reports()[0]?.cycle?.find(({ origin }) => origin === 'loaded');
      assert.match(loaded?.acquiring.site ?? '', /snapshot-worker\.ts:\d+:\d+$/);
    });
  });
});
