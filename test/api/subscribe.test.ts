import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LockdepEvent, Report } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated } from '../support/harness.js';

type Nested = { runExclusive<T>(fn: () => T): Promise<T> };

async function nest(outer: Nested, inner: Nested): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
}

/** Of an event that is a report. */
function reportOf(event: LockdepEvent | undefined): Report | undefined {
  return event?.type === 'report' ? event.report : undefined;
}

function listen({ lockdep }: IsolatedLockdep): LockdepEvent[] {
  const seen: LockdepEvent[] = [];
  lockdep.subscribe((event) => void seen.push(event));
  return seen;
}

/** Without what differs from machine to machine. */
function brief(event: LockdepEvent): string {
  if (event.type === 'report') return `report ${event.report.kind} ${event.report.tier}`;
  return event.type === 'edge' ? `edge ${event.from} ${event.to} ${event.tier}` : `class ${event.name}`;
}

describe('a subscriber', () => {
  it('hears of classes as they take part, of orders as they are learned, and then of the report', () =>
    isolated(async (instance) => {
      const { Mutex } = instance;
      const seen = listen(instance);
      const [a, b] = [new Mutex({ class: 'heard.a' }), new Mutex({ class: 'heard.b' })];
      assert.equal(seen.length, 0);
      for (let i = 0; i < 2; i++) {
        await nest(a, b);
        await nest(b, a);
      }
      assert.deepEqual(seen.map(brief), [
        'class heard.a',
        'class heard.b',
        'edge heard.a heard.b strict',
        'edge heard.b heard.a strict',
        'report circular-dependency strict',
      ]);
      assert.equal(reportOf(seen.at(-1)), instance.lockdep.reports()[0]);
    }));

  it('gets the sites of an order and the site of a class by place', () =>
    isolated(async (instance) => {
      const seen = listen(instance);
      const named = new instance.Mutex({ class: 'sited' });
      await nest(named, new instance.Mutex());
      const [, byPlace, edge] = seen;
      assert.match(
        byPlace?.type === 'class' ? `${byPlace.name} ${byPlace.site}` : '',
        /^Mutex@(\S+:\d+:\d+) \S+:\d+:\d+$/,
      );
      assert.equal(edge?.type, 'edge');
      for (const site of edge?.type === 'edge' ? edge.sites : ['']) assert.match(site, /subscribe\.test\.ts:\d+:\d+$/);
    }));

  it('hears of a suspected order again when it is proven, and of no other order twice', () =>
    isolated(async (instance) => {
      const { lockdep, Mutex } = instance;
      const seen = listen(instance);
      const [a, b] = [new Mutex({ class: 'sure.a' }), new Mutex({ class: 'sure.b' })];
      let child: Promise<void> | undefined;
      await a.runExclusive(async () => {
        child = Promise.resolve().then(() => b.runExclusive(() => undefined));
        await new Promise((resolve) => setTimeout(resolve, 2));
      });
      await child;
      await nest(a, b);
      await nest(a, b);
      assert.deepEqual(
        seen.map(brief).filter((text) => text.startsWith('edge')),
        ['edge sure.a sure.b advisory', 'edge sure.a sure.b strict'],
      );
      assert.deepEqual(lockdep.reports(), []);
    }));

  it('hears of no order that was declared or loaded, since it is known', () =>
    isolated(async (instance) => {
      const { lockdep, Mutex } = instance;
      const [a, b, c] = ['known.a', 'known.b', 'known.c'].map((name) => new Mutex({ class: name }));
      lockdep.declareOrder('known.a', 'known.b');
      const edge = { from: 'known.b', to: 'known.c', kinds: ['EN'], tier: 'strict', count: 1, sites: [] } as const;
      lockdep.load({ version: 1, classes: [], edges: [edge] });
      const seen = listen(instance);
      await nest(a as Nested, b as Nested);
      await nest(b as Nested, c as Nested);
      await nest(a as Nested, c as Nested);
      assert.deepEqual(
        seen.map(brief).filter((text) => text.startsWith('edge')),
        ['edge known.a known.c strict'],
      );
    }));

  it('of an order of readers hears once, in whatever modes it is seen', () =>
    isolated(async (instance) => {
      const seen = listen(instance);
      const [a, b] = [new instance.RWSemaphore({ class: 'modes.a' }), new instance.RWSemaphore({ class: 'modes.b' })];
      await a.runRead(() => b.runRead(() => undefined));
      await a.runWrite(() => b.runRead(() => undefined));
      await a.runRead(() => b.runWrite(() => undefined));
      assert.deepEqual(seen.map(brief), ['class modes.a', 'class modes.b', 'edge modes.a modes.b strict']);
    }));

  it('hears of everything again once the graph is forgotten', () =>
    isolated(async (instance) => {
      const { lockdep, Mutex } = instance;
      const [a, b] = [new Mutex({ class: 'again.a' }), new Mutex({ class: 'again.b' })];
      await nest(a, b);
      const seen = listen(instance);
      await nest(a, b);
      assert.deepEqual(seen, []);
      lockdep.reset({ graph: true });
      await nest(a, b);
      assert.deepEqual(seen.map(brief), ['class again.a', 'class again.b', 'edge again.a again.b strict']);
    }));

  it('may take locks itself', () =>
    isolated(async ({ lockdep, Mutex }) => {
      const log = new Mutex({ class: 'reentrant.log' });
      const lines: string[] = [];
      lockdep.subscribe((event) => {
        const release = log.tryAcquire();
        lines.push(brief(event));
        release?.();
      });
      const [a, b] = [new Mutex({ class: 'reentrant.a' }), new Mutex({ class: 'reentrant.b' })];
      await nest(a, b);
      await nest(b, a);
      assert.equal(lines.filter((line) => line.startsWith('report')).length, 1);
      assert.ok(lines.includes('class reentrant.log'));
      assert.ok(!a.isLocked() && !b.isLocked() && !log.isLocked());
    }));

  it('hears nothing more once it has unsubscribed', () =>
    isolated(async ({ lockdep, Mutex }) => {
      const seen: LockdepEvent[] = [];
      const [a, b] = [new Mutex({ class: 'gone.a' }), new Mutex({ class: 'gone.b' })];
      {
        using _subscription = lockdep.subscribe((event) => void seen.push(event));
        await a.runExclusive(() => undefined);
      }
      await nest(a, b);
      await nest(b, a);
      assert.deepEqual(seen.map(brief), ['class gone.a']);
    }));

  it('that is no function is refused by name', () =>
    isolated(({ lockdep }) => {
      for (const [given, shown] of [
        [undefined, 'undefined'],
        [{}, 'an object'],
        ['fn', '"fn"'],
      ] as const) {
        assert.throws(() => lockdep.subscribe(given as never), {
          name: 'TypeError',
          message: `subscriber must be a function, got ${shown}`,
        });
      }
    }));
});

describe('the option warnings', () => {
  it('false keeps reports from being printed; onReport and subscribers get them', (t) => {
    const emitted = t.mock.method(process, 'emitWarning', () => undefined);
    return isolated(
      (instance) => {
        const { lockdep, Mutex } = instance;
        const reports: Report[] = [];
        const seen = listen(instance);
        const mutex = new Mutex();
        mutex.release();
        assert.equal(emitted.mock.callCount(), 1);
        lockdep.configure({ warnings: false, onReport: (report) => void reports.push(report) });
        lockdep.reset();
        mutex.release();
        assert.equal(emitted.mock.callCount(), 1);
        assert.deepEqual([reports.length, seen.map(brief).filter((text) => text.startsWith('report')).length], [1, 2]);
        lockdep.configure({ warnings: true });
        lockdep.reset();
        mutex.release();
        assert.equal(emitted.mock.callCount(), 2);
      },
      { warnings: true },
    );
  });

  it('that is no boolean is refused by name, and nothing is changed', () =>
    isolated(({ lockdep }) => {
      for (const [given, shown] of [
        [0, '0'],
        ['no', '"no"'],
        [null, 'null'],
      ] as const) {
        assert.throws(() => lockdep.configure({ warnings: given as never, mode: 'off' }), {
          name: 'TypeError',
          message: `option warnings must be a boolean, got ${shown}`,
        });
      }
      assert.equal(lockdep.mode, 'warn');
    }));
});
