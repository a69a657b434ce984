/** What a service does again and again, each time with names, places or options that were never there before. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LockClass, lockClass, tryAcquire, type LockGraph, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { MAX_REPORTS } from '../../src/report/report-log.js';
import { isolated, nextTurn } from '../support/harness.js';

setFlagsFromString('--expose-gc');
// Code that is made or thrown away in between is no part of what is measured.
for (const flag of ['--no-opt', '--no-maglev', '--no-flush-bytecode']) setFlagsFromString(flag);
const collect = runInNewContext('gc') as () => void;

const LONG = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000;
const WARM_UP = 200;
const ROUNDS = LONG ? 20_000 : 400;
/** A kept name alone is more. */
const ALLOWED_BYTES_PER_ROUND = LONG ? 20 : 100;
/** A heap that is measured is never quite the same. */
const MEASUREMENTS = 8;

type Round = (key: string) => unknown;

/** Fills what keeps reports: from there on each round is like the one before. */
function fillReports(instance: IsolatedLockdep): void {
  const { log } = runtimeOf(instance);
  for (let i = 0; i < MAX_REPORTS; i++) {
    log.add({ id: `service.report.${i}`, kind: 'assertion', tier: 'advisory', held: [], task: 'main' });
  }
}

async function nest(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
  const [first, second] = [await outer.acquire(), await inner.acquire()];
  second();
  first();
}

/** Each with the locks that live as long as the service. */
const SERVICES: Readonly<Record<string, (instance: IsolatedLockdep, app: Mutex, db: Mutex) => Round>> = {
  'a class for each key, disposed of, of several locks':
    ({ Mutex }, app, db) =>
    async (key) => {
      const made = new LockClass(key);
      const [one, other] = [new Mutex({ class: made }), new Mutex({ class: made })];
      await nest(app, one);
      await nest(other, db);
      made.dispose();
    },
  'a class for each key, disposed of, found by its name':
    ({ Mutex }, app, db) =>
    async (key) => {
      const lock = new Mutex({ class: key });
      await nest(app, lock);
      await nest(lock, db);
      lockClass(key).dispose();
    },
  'an inversion with a class for each key':
    ({ Mutex }, app) =>
    async (key) => {
      const lock = new Mutex({ class: key });
      await app.runExclusive(() => lock.runExclusive(() => undefined));
      await lock.runExclusive(() => app.runExclusive(() => undefined));
      lock.lockClass.dispose();
    },
  'a subclass for each key, with a class that is disposed of':
    ({ Mutex }, app) =>
    async (key) => {
      const made = new LockClass(key);
      await nest(app, new Mutex({ class: made.subclass(key) }));
      made.dispose();
    },
  'a class that nobody keeps and nobody disposes of': () => (key) => void new LockClass(key),
  'orders that are declared, and classes that are accepted, disposed of':
    ({ lockdep }) =>
    (key) => {
      const [one, other] = [lockClass(key), lockClass(`${key}.other`)];
      lockdep.declareOrder(one, other);
      lockdep.bless(one, other, 'they are never nested');
      one.dispose();
      other.dispose();
    },
  'a graph that another process has learned of a class that is disposed of':
    ({ Mutex, lockdep }, app) =>
    async (key) => {
      const edge = {
        from: app.lockClass.name,
        to: key,
        kinds: ['EN'],
        tier: 'strict',
        count: 1,
        sites: [['a:1', 'b:1']],
      };
      lockdep.load({ version: 1, classes: [{ name: key }], edges: [edge] } as unknown as LockGraph);
      const lock = new Mutex({ class: key });
      await nest(app, lock);
      lock.lockClass.dispose();
    },
  'a completion of a class that is disposed of':
    ({ Completion, lockdep }, app) =>
    async (key) => {
      const done = new Completion({ class: key });
      await lockdep.task('complete', () => app.runExclusive(() => done.complete()));
      await done.wait();
      done.lockClass.dispose();
    },
  'a comparator that fails, of a class that is disposed of':
    ({ Mutex }) =>
    async (key) => {
      const made = new LockClass(key, { order: () => assert.fail(key) });
      const [one, other] = [new Mutex({ class: made }), new Mutex({ class: made })];
      await one.runExclusive(() => other.runExclusive(() => undefined));
      made.dispose();
    },
  'a task of a name of its own that leaks a lock': ({ Mutex, lockdep }) => {
    const leaky = new Mutex({ class: 'service.leaky' });
    return async (key) => {
      await lockdep.task(key, () => leaky.acquire());
      leaky.release();
    };
  },
  'an assertion that fails, of a class that is disposed of':
    ({ Mutex, lockdep }) =>
    (key) => {
      const lock = new Mutex({ class: key });
      lockdep.assertHeld(lock);
      lock.lockClass.dispose();
    },
  'options whose names come from outside': (_instance, app) => async (key) => {
    (await app.acquire({ [key]: 1 }))();
  },
  'a lock that is tried for and never free': ({ Mutex }) => {
    const held = new Mutex({ class: 'service.held' });
    const acquired = held.acquire();
    return async () => {
      await acquired;
      const tried = tryAcquire(held).acquire();
      mock.timers.tick(1);
      await tried.catch(() => undefined);
    };
  },
  'code that is evaluated under one name':
    ({ Mutex }, app) =>
    async () => {
      // oxlint-disable-next-line typescript/no-implied-eval -- it is what the test is about
      const make = new Function('Mutex', 'return new Mutex()') as (constructor: typeof Mutex) => Mutex;
      await nest(app, make(Mutex));
    },
  'classes that come and go under a lock that is held for ever': ({ Mutex }) => {
    const forever = new Mutex({ class: 'service.forever' });
    void forever.runExclusive(() => new Promise(() => undefined));
    return async (key) => {
      const [one, other] = [new Mutex({ class: key }), new Mutex({ class: `${key}.other` })];
      await nest(one, other);
      one.lockClass.dispose();
      other.lockClass.dispose();
    };
  },
};

let keys = 0;

async function run(round: Round, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await round(`service.${++keys}`);
    if (i % 50 === 0) await nextTurn();
  }
}

async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await nextTurn();
    collect();
  }
  return process.memoryUsage().heapUsed;
}

describe('a service that runs for ever stays as it is, with', () => {
  beforeEach(() => {
    mock.method(process, 'emitWarning', () => undefined);
    mock.timers.enable({ apis: ['setTimeout'] });
  });
  afterEach(() => {
    mock.timers.reset();
    mock.restoreAll();
  });

  for (const [name, service] of Object.entries(SERVICES)) {
    it(name, () =>
      isolated(
        async (instance) => {
          const [app, db] = [new instance.Mutex({ class: 'service.app' }), new instance.Mutex({ class: 'service.db' })];
          const round = service(instance, app, db);
          fillReports(instance);
          await run(round, WARM_UP);
          const grown: number[] = [];
          while (grown.length < MEASUREMENTS && !grown.some((bytes) => bytes < ALLOWED_BYTES_PER_ROUND)) {
            const before = await heap();
            await run(round, ROUNDS);
            grown.push(((await heap()) - before) / ROUNDS);
          }
          const flat = grown.some((bytes) => bytes < ALLOWED_BYTES_PER_ROUND);
          assert.ok(flat, `the heap grew by ${grown.map(Math.round).join(', ')} bytes a round`);
        },
        { stackDepth: 3 },
      ),
    );
  }
});
