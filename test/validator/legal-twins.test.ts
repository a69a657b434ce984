/**
 * For every rule a program that breaks it, and the legal one that looks most like it. Each runs in a world of its own; the
 * guilty one makes the one report that is named, the legal one none.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/control/isolated-lockdep.js';
import {
  LockClass,
  withTimeout,
  type LockClassOptions,
  type LockGuard,
  type Mutex,
  type RWSemaphore,
  type Semaphore,
} from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from './harness.js';

/** A world with some locks of a class each. */
class World {
  readonly instance: IsolatedLockdep;
  readonly a: Mutex;
  readonly b: Mutex;
  readonly c: Mutex;

  constructor(instance: IsolatedLockdep) {
    this.instance = instance;
    this.a = this.mutex('a');
    this.b = this.mutex('b');
    this.c = this.mutex('c');
  }

  mutex(name: string): Mutex {
    return new this.instance.Mutex({ class: new LockClass(name) });
  }

  /** Two locks of one class, the outer one first. */
  pair(options?: LockClassOptions): [Mutex, Mutex] {
    const lockClass = new LockClass('pair', options);
    return [new this.instance.Mutex({ class: lockClass }), new this.instance.Mutex({ class: lockClass })];
  }

  pool(permits: number, options?: LockClassOptions): Semaphore {
    return new this.instance.Semaphore(permits, { class: new LockClass('pool', options) });
  }

  rw(name: string, fairness: 'fifo' | 'reader-preferring' = 'fifo'): RWSemaphore {
    return new this.instance.RWSemaphore({ class: new LockClass(name), fairness });
  }
}

type Program = (world: World) => Promise<void>;

interface Twins {
  readonly rule: string;
  readonly legal: Readonly<Record<string, Program>>;
  readonly guilty: Readonly<Record<string, Program>>;
  /** `kind tier` of what the guilty ones report. */
  readonly verdict: string;
}

/** Takes the locks one under the other, and releases them. */
async function nest(...locks: Mutex[]): Promise<void> {
  const [outer, ...inner] = locks;
  if (outer !== undefined) await outer.runExclusive(() => nest(...inner));
}

async function hold(lock: Mutex, fn: () => unknown): Promise<void> {
  const release = await lock.acquire();
  try {
    await fn();
  } finally {
    release();
  }
}

/** The nodes of a list, of one class. */
function listOf(world: World): Mutex[] {
  const [first, second] = world.pair();
  return [first, second, new world.instance.Mutex({ class: first.lockClass })];
}

const INVERSION = 'circular-dependency strict';
const RECURSION = 'recursive-locking strict';
const EXHAUSTION = 'semaphore-exhaustion strict';

const rank = (lock: Mutex): number => (lock as Mutex & { rank?: number }).rank ?? 0;

function ranked(world: World): [Mutex, Mutex] {
  const pair = world.pair({ order: (held: Mutex, wanted: Mutex) => rank(held) - rank(wanted) });
  for (const [index, lock] of pair.entries()) Object.assign(lock, { rank: index });
  return pair;
}

/** What start-up does under `outer`, then what a service does in the reverse order. */
async function startThenServe(start: () => Promise<void>, serve: () => Promise<void>): Promise<void> {
  await start();
  for (let i = 0; i < 3; i++) await serve();
}

const TABLE: readonly Twins[] = [
  {
    rule: 'one order of two classes',
    verdict: INVERSION,
    legal: {
      'always the same way': async ({ a, b }) => {
        for (let i = 0; i < 5; i++) await nest(a, b);
      },
      'one after the other, in both orders': async ({ a, b }) => {
        await nest(a);
        await nest(b);
        await nest(b);
        await nest(a);
      },
      'guards released out of order': async ({ a, b, c }) => {
        const [first, second] = [await a.lock(), await b.lock()];
        first.release();
        await nest(c);
        second.release();
        await nest(a, b, c);
      },
    },
    guilty: {
      'both ways': async ({ a, b }) => {
        await nest(a, b);
        await nest(b, a);
      },
      'guards released out of order, and the lock that is still held': async ({ a, b, c }) => {
        const [first, second] = [await a.lock(), await b.lock()];
        first.release();
        await nest(c);
        second.release();
        await nest(c, b);
      },
    },
  },
  {
    rule: 'a gate around both orders',
    verdict: INVERSION,
    legal: {
      'one lock around both': async ({ a, b, c }) => {
        await nest(c, a, b);
        await nest(c, b, a);
      },
      'a writer on one side, a reader on the other': async (world) => {
        const { a, b } = world;
        const gate = world.rw('gate');
        await gate.runWrite(() => nest(a, b));
        await gate.runRead(() => nest(b, a));
      },
    },
    guilty: {
      'around one of them only': async ({ a, b, c }) => {
        await nest(c, a, b);
        await nest(b, a);
      },
      'of a class with two locks': async (world) => {
        const [one, other] = world.pair();
        await nest(one, world.a, world.b);
        await nest(other, world.b, world.a);
      },
      'readers on both sides': async (world) => {
        const { a, b } = world;
        const gate = world.rw('gate');
        await gate.runRead(() => nest(a, b));
        await gate.runRead(() => nest(b, a));
      },
      'a semaphore that lets in two': async (world) => {
        const { a, b } = world;
        const gate = world.pool(2);
        await gate.runExclusive(() => nest(a, b));
        await gate.runExclusive(() => nest(b, a));
      },
    },
  },
  {
    rule: 'a comparator',
    verdict: RECURSION,
    legal: { 'in its order': async (world) => nest(...ranked(world)) },
    guilty: {
      'against it': async (world) => nest(...ranked(world).toReversed()),
      equals: async (world) => nest(...world.pair({ order: () => 0 })),
      'none at all': async (world) => nest(...world.pair()),
    },
  },
  {
    rule: 'hand over hand along a list',
    verdict: RECURSION,
    legal: {
      'with the depth of a node as its subclass': async (world) => {
        const [root, ...path] = listOf(world) as [Mutex, ...Mutex[]];
        for (let run = 0; run < 3; run++) {
          let held = await root.lock();
          for (const [index, next] of path.entries()) {
            const taken = await next.lock({ subclass: index + 1 });
            held.release();
            held = taken;
          }
          held.release();
        }
      },
      'with the inner node as a subclass': async (world) => {
        const [outer, inner] = world.pair();
        await hold(outer, () => inner.runExclusive(() => undefined, { subclass: 1 }));
      },
    },
    guilty: {
      'as one class': async (world) => {
        let held: LockGuard | undefined;
        for (const next of listOf(world)) {
          const taken = await next.lock();
          held?.release();
          held = taken;
        }
        held?.release();
      },
    },
  },
  {
    rule: 'a try with back-off',
    verdict: INVERSION,
    legal: {
      'that releases what it holds, and comes again': async ({ a, b }) => {
        await nest(b, a);
        const holder = b.runExclusive(() => settle(3));
        let failures = 0;
        for (let done = false; !done; failures += done ? 0 : 1) {
          const first = await a.lock();
          const second = b.tryLock();
          done = second !== undefined;
          second?.release();
          first.release();
          if (!done) await nextTurn();
        }
        await holder;
        assert.ok(failures > 0, 'it has failed first');
      },
    },
    guilty: {
      'that waits in the end, with the first lock still held': async ({ a, b }) => {
        await nest(b, a);
        await hold(a, async () => {
          b.tryLock()?.release();
          await nest(b);
        });
      },
      'what is wanted while the tried lock is held': async ({ a, b }) => {
        await nest(b, a);
        const release = a.tryAcquire();
        await nest(b);
        release?.();
      },
    },
  },
  {
    rule: 'a read under a read',
    verdict: RECURSION,
    legal: {
      'of a lock that prefers readers': async (world) => {
        const page = world.rw('page', 'reader-preferring');
        await page.runRead(() => page.runRead(() => undefined));
      },
    },
    guilty: {
      'of a fair lock': async (world) => {
        const page = world.rw('page');
        await page.runRead(() => page.runRead(() => undefined));
      },
      'a write under a read': async (world) => {
        const page = world.rw('page', 'reader-preferring');
        await page.runRead(() => page.mightWrite());
      },
    },
  },
  {
    rule: 'a downgrade',
    verdict: RECURSION,
    legal: {
      'from writing to reading': async (world) => {
        const page = world.rw('page');
        const writing = await page.lockWrite();
        const reading = writing.downgrade();
        await nest(world.a);
        reading.release();
      },
    },
    guilty: {
      'the other way round': async (world) => {
        const page = world.rw('page');
        const reading = await page.lockRead();
        page.mightWrite();
        reading.release();
      },
    },
  },
  {
    rule: 'readers in both orders',
    verdict: INVERSION,
    legal: {
      'that only writers hold up': async (world) => {
        const [x, y] = [world.rw('x', 'reader-preferring'), world.rw('y', 'reader-preferring')];
        await x.runRead(() => y.runRead(() => undefined));
        await y.runRead(() => x.runRead(() => undefined));
      },
    },
    guilty: {
      'of fair locks': async (world) => {
        const [x, y] = [world.rw('x'), world.rw('y')];
        await x.runRead(() => y.runRead(() => undefined));
        await y.runRead(() => x.runRead(() => undefined));
      },
    },
  },
  {
    rule: 'an order that start-up alone takes the other way round',
    verdict: INVERSION,
    legal: {
      'accepted with a reason': async ({ instance, a, b }) => {
        instance.lockdep.bless(a.lockClass, b.lockClass, 'start-up takes b first, before anybody else runs');
        await startThenServe(
          () => nest(b, a),
          () => nest(a, b),
        );
      },
      'as a class of its own': async ({ a, b }) => {
        await startThenServe(
          () => b.runExclusive(() => nest(a), { subclass: 'start-up' }),
          () => nest(a, b),
        );
      },
      'set on the lock while it starts': async ({ a, b }) => {
        const { lockClass } = b;
        await startThenServe(
          async () => {
            b.setClass(lockClass.subclass('start-up'));
            await nest(b, a);
            b.setClass(lockClass);
          },
          () => nest(a, b),
        );
      },
      'under a gate that normal work shares': async (world) => {
        const phase = world.rw('phase');
        await startThenServe(
          () => phase.runWrite(() => nest(world.b, world.a)),
          () => phase.runRead(() => nest(world.a, world.b)),
        );
      },
    },
    guilty: {
      'without a word': async ({ a, b }) => {
        await startThenServe(
          () => nest(b, a),
          () => nest(a, b),
        );
      },
      'in a task, which is no promise that nobody else runs': async ({ instance, a, b }) => {
        await startThenServe(
          () => instance.lockdep.task('start-up', () => nest(b, a)),
          () => nest(a, b),
        );
      },
    },
  },
  {
    rule: 'a nest lock',
    verdict: RECURSION,
    legal: {
      'that is held around both': async (world) => {
        const [one, other] = world.pair();
        const nestLock = world.c;
        await hold(nestLock, () =>
          one.runExclusive(() => other.runExclusive(() => undefined, { nestLock }), { nestLock }),
        );
      },
    },
    guilty: {
      'that is not given': async (world) => {
        const [one, other] = world.pair();
        await hold(world.c, () => nest(one, other));
      },
    },
  },
  {
    rule: 'a nest lock that must be held',
    verdict: 'nest-lock-not-held strict',
    legal: {
      'as it is': async (world) => {
        const nestLock = world.c;
        await hold(nestLock, () => world.a.runExclusive(() => undefined, { nestLock }));
      },
    },
    guilty: {
      'and is not': async (world) => {
        const nestLock = world.c;
        await world.a.runExclusive(() => undefined, { nestLock });
      },
    },
  },
  {
    rule: 'one instance again',
    verdict: RECURSION,
    legal: {
      'of a reentrant class': async (world) => {
        const [lock] = world.pair({ reentrant: true });
        await lock.runExclusive(() => lock.might());
      },
    },
    guilty: {
      'of a plain one': async (world) => {
        const [lock] = world.pair();
        await lock.runExclusive(() => lock.might());
      },
      'two instances of a reentrant class': async (world) => nest(...world.pair({ reentrant: true })),
    },
  },
  {
    rule: 'private hierarchies',
    verdict: INVERSION,
    legal: {
      'a device has its own order': async (world) => {
        const own = new world.instance.Mutex({ class: world.a.lockClass.subclass('device') });
        await nest(world.a, world.b);
        await nest(world.b, own);
      },
    },
    guilty: {
      'a device among all others': async (world) => {
        const one = new world.instance.Mutex({ class: world.a.lockClass });
        await nest(world.a, world.b);
        await nest(world.b, one);
      },
    },
  },
  {
    rule: 'permits under permits',
    verdict: EXHAUSTION,
    legal: {
      'of two pools, one way': async (world) => {
        const [workers, connections] = [world.pool(2), world.pool(3)];
        for (let i = 0; i < 3; i++) await workers.runExclusive(() => connections.runExclusive(() => undefined));
      },
      'as it is declared, and covered': async (world) => {
        const pool = world.pool(3, { nest: { depth: 2, holders: 2 } });
        const flow = (): Promise<unknown> => pool.runExclusive(() => pool.runExclusive(nextTurn));
        await Promise.all([flow(), flow()]);
      },
      'all at once, with a weight': async (world) => {
        const pool = world.pool(3);
        await pool.runExclusive(() => undefined, 2);
      },
    },
    guilty: {
      'of one pool': async (world) => {
        const pool = world.pool(3);
        await pool.runExclusive(() => pool.runExclusive(() => undefined));
      },
      'deeper than declared': async (world) => {
        const pool = world.pool(9, { nest: { depth: 2, holders: 2 } });
        await pool.runExclusive(() => pool.runExclusive(() => undefined), 2);
      },
    },
  },
  {
    rule: 'two pools in both orders',
    verdict: INVERSION,
    legal: {
      'one way': async (world) => {
        const [x, y] = [world.pool(2), world.pool(2)];
        await x.runExclusive(() => y.runExclusive(() => undefined));
      },
    },
    guilty: {
      'both ways': async (world) => {
        const [x, y] = [world.pool(2), world.pool(2)];
        await x.runExclusive(() => y.runExclusive(() => undefined));
        await y.runExclusive(() => x.runExclusive(() => undefined));
      },
    },
  },
  {
    rule: 'a wait for the unlock of what the flow holds',
    verdict: RECURSION,
    legal: {
      'after the release': async ({ a }) => {
        await nest(a);
        await a.waitForUnlock();
      },
      'that is not awaited': async ({ a }) => {
        let waiting: Promise<void> | undefined;
        await a.runExclusive(() => {
          waiting = a.waitForUnlock();
        });
        await waiting;
      },
      'that another flow holds': async ({ a }) => {
        const holder = a.runExclusive(() => settle(2));
        await a.waitForUnlock();
        await holder;
      },
      'with a permit left': async (world) => {
        const pool = world.pool(2);
        await pool.runExclusive(() => pool.waitForUnlock());
      },
    },
    guilty: {
      'under its own hold': async ({ a }) => {
        await assert.rejects(a.runExclusive(() => withTimeout(a, 20).waitForUnlock()));
      },
      'of more permits than are left beside its own': async (world) => {
        const pool = world.pool(2);
        const stuck = pool.runExclusive(() => pool.waitForUnlock(2));
        await settle();
        pool.setValue(2);
        await stuck;
      },
    },
  },
  {
    rule: 'a lock and its unlock, awaited together',
    verdict: 'recursive-locking advisory',
    legal: {
      'whichever comes first': async ({ a }) => {
        const lock = a.acquire();
        await Promise.race([lock, a.waitForUnlock()]);
        (await lock)();
      },
      'with a release in between': async ({ a }) => {
        await Promise.all([a.acquire().then((release) => release()), a.waitForUnlock()]);
      },
      'one after the other': async ({ a }) => {
        await a.waitForUnlock();
        (await a.acquire())();
      },
    },
    guilty: {
      'by Promise.all': async ({ a }) => {
        const stuck = Promise.all([a.acquire(), a.waitForUnlock()]);
        await settle();
        a.release();
        await stuck;
      },
      'the unlock first': async ({ a }) => {
        const [, release] = await Promise.all([a.waitForUnlock(), a.acquire()]);
        release();
      },
    },
  },
  {
    rule: 'an order with the wait for an unlock in it',
    verdict: INVERSION,
    legal: {
      'always the same way': async ({ a, b }) => {
        for (let i = 0; i < 5; i++) {
          await nest(a, b);
          await a.runExclusive(() => b.waitForUnlock());
        }
      },
      'with the outer lock released before': async ({ a, b }) => {
        await nest(b, a);
        await nest(a);
        await b.waitForUnlock();
      },
      'with nothing held under the other': async ({ a, b }) => {
        await nest(a, b);
        await b.runExclusive(() => undefined);
        await a.waitForUnlock();
      },
    },
    guilty: {
      'both ways': async ({ a, b }) => {
        await nest(a, b);
        await b.runExclusive(() => a.waitForUnlock());
      },
      'both ways, waits on both sides': async ({ a, b }) => {
        await a.runExclusive(() => b.waitForUnlock());
        await b.runExclusive(() => a.waitForUnlock());
      },
    },
  },
  {
    rule: 'a path that may take a lock',
    verdict: INVERSION,
    legal: {
      'in the known order': async ({ a, b }) => {
        await nest(a, b);
        await a.runExclusive(() => b.might());
      },
      'with nothing held': async ({ a, b }) => {
        await nest(a, b);
        a.might();
        b.might();
      },
    },
    guilty: {
      'against it': async ({ a, b }) => {
        await nest(a, b);
        await b.runExclusive(() => a.might());
      },
    },
  },
  {
    rule: 'a declared order',
    verdict: INVERSION,
    legal: {
      'that is followed': async ({ instance, a, b, c }) => {
        instance.lockdep.declareOrder(a.lockClass, b.lockClass, c.lockClass);
        await nest(a, b, c);
        await nest(a, c);
      },
    },
    guilty: {
      'that is not': async ({ instance, a, b, c }) => {
        instance.lockdep.declareOrder(a.lockClass, b.lockClass, c.lockClass);
        await nest(c, a);
      },
    },
  },
  {
    rule: 'a loaded graph',
    verdict: INVERSION,
    legal: {
      'that is our own': async ({ instance, a, b, c }) => {
        await nest(a, b);
        await nest(c, b, a);
        instance.lockdep.reset();
        const own = instance.lockdep.snapshot();
        for (let i = 0; i < 2; i++) instance.lockdep.load(own);
        instance.lockdep.reset();
        await nest(a, b);
      },
      'of the same order': async ({ instance, a, b }) => {
        await nest(a, b);
        const graph = instance.lockdep.snapshot();
        instance.lockdep.reset({ graph: true });
        instance.lockdep.load(graph);
        await nest(a, b);
      },
    },
    guilty: {
      'of the other order': async ({ instance, a, b }) => {
        await nest(a, b);
        const graph = instance.lockdep.snapshot();
        instance.lockdep.reset({ graph: true });
        instance.lockdep.load(graph);
        await nest(b, a);
      },
    },
  },
  {
    rule: 'a child of whoever holds',
    verdict: INVERSION,
    legal: {
      'that nobody waits for': async ({ instance, a, b }) => {
        await nest(b, a);
        let child: Promise<void> | undefined;
        await a.runExclusive(() => {
          child = instance.lockdep.detached(() => nest(b));
        });
        await child;
      },
    },
    guilty: {
      'that it waits for': async ({ a, b }) => {
        await nest(b, a);
        await a.runExclusive(async () => {
          const child = nest(b);
          await child;
        });
      },
    },
  },
];

for (const { rule, legal, guilty, verdict } of TABLE) {
  describe(rule, () => {
    for (const [name, program] of Object.entries(legal)) {
      it(`legal: ${name}`, () =>
        isolated(async (instance) => {
          await program(new World(instance));
          assert.deepEqual(seen(instance), []);
        }));
    }
    for (const [name, program] of Object.entries(guilty)) {
      it(`guilty: ${name}`, () =>
        isolated(async (instance) => {
          await program(new World(instance));
          const reports = instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
          assert.deepEqual(reports, [verdict]);
        }));
    }
  });
}
