/** Who holds what: nest locks, one instance twice, hierarchies, permits. */
import { nextTurn } from '../../support/harness.js';
import { nest, hold, INVERSION, RECURSION, EXHAUSTION, type Twins } from './world.js';

export const holders: readonly Twins[] = [
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
      'of readers that pass by the queue': async (world) => {
        const lock = world.rw('pair', 'reader-preferring');
        await lock.runRead(() => lock.runRead(() => undefined));
      },
      'of sections that nobody waits to enter': async ({ instance }) => {
        const section = new instance.PseudoLock({ class: 'section', shared: true });
        section.run(() => section.run(() => undefined));
      },
      'by a function that is called without the lock too': async (world) => {
        const [lock] = world.pair();
        const inner = (): void => undefined;
        const outer = (): Promise<void> => lock.runExclusive(inner);
        await outer();
        await lock.runExclusive(inner);
      },
    },
    guilty: {
      'of a plain one': async (world) => {
        const [lock] = world.pair();
        await lock.runExclusive(() => lock.might());
      },
      'by a function that takes it itself': async (world) => {
        const [lock] = world.pair();
        const locking = (): void => lock.might();
        await lock.runExclusive(locking);
      },
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
];
