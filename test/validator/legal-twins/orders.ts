/** Orders between classes: cycles, gates, comparators, lists, tries, readers, start-up. */
import assert from 'node:assert/strict';
import { type LockGuard, type Mutex } from '../../../src/index.js';
import { nextTurn, settle } from '../../support/harness.js';
import { nest, hold, listOf, INVERSION, RECURSION, ranked, startThenServe, type Twins } from './world.js';

export const orders: readonly Twins[] = [
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
];
