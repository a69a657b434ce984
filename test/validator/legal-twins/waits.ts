/** Waits for unlocks, and what a program says itself: paths that may take a lock, declared and loaded orders. */
import assert from 'node:assert/strict';
import { withTimeout } from '../../../src/index.js';
import { settle } from '../../support/harness.js';
import { nest, INVERSION, RECURSION, type Twins } from './world.js';

export const waits: readonly Twins[] = [
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
