import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LockClass } from '../../src/model/lock-class.js';
import { classOfSite } from '../../src/model/place-class.js';
import { LocksApart, MAX_LOCKS_APART } from '../../src/validator/locks-apart.js';
import type { TrackedLock } from '../../src/model/hold.js';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import type { Mutex } from '../../src/index.js';
import { MAX_ORDERS_APART } from '../../src/validator/orders-apart.js';
import { captures, isolated } from '../support/harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

let line = 0;

/** A class by place, as the constructor of a lock makes it. */
function classByPlace(): LockClass {
  line += 1;
  return classOfSite({ file: 'locks-apart.test', line, column: 1 }, 'Mutex');
}

function lockOf(lockClass: LockClass): { lock: TrackedLock; lockClass: LockClass } {
  return { lock: {} as TrackedLock, lockClass };
}

describe('signs that the locks of a place have different roles', () => {
  it('two different locks of a class by place are one', () => {
    const lockClass = classByPlace();
    assert.deepEqual(new LocksApart().signs([lockOf(lockClass), lockOf(classByPlace()), lockOf(lockClass)]), [
      lockClass,
    ]);
  });

  it('one lock that is held twice is none, nor are two locks of two places', () => {
    const hold = lockOf(classByPlace());
    assert.deepEqual(new LocksApart().signs([hold, hold, lockOf(classByPlace())]), []);
  });

  it('two locks of a class that the program named are none', () => {
    const named = new LockClass('locks-apart named');
    assert.deepEqual(new LocksApart().signs([lockOf(named), lockOf(named)]), []);
  });

  it('two locks of a subclass of a class by place are one', () => {
    const level = classByPlace().subclass(1);
    assert.deepEqual(new LocksApart().signs([lockOf(level), lockOf(level)]), [level]);
  });

  it('what is told apart already is no news', () => {
    const apart = new LocksApart();
    const lockClass = classByPlace();
    apart.add(lockClass);
    assert.deepEqual(apart.signs([lockOf(lockClass), lockOf(lockClass)]), []);
  });
});

describe('ids of locks that are told apart', () => {
  it('are the same for a lock every time, another one for each lock, and tell their class', () => {
    const apart = new LocksApart();
    const lockClass = classByPlace();
    apart.add(lockClass);
    const [one, other] = [lockOf(lockClass), lockOf(lockClass)];
    const id = apart.idOf(one) as number;
    assert.equal(apart.idOf(one), id);
    assert.notEqual(apart.idOf(other), id);
    assert.equal(apart.classOf(id), lockClass);
    apart.checkInvariants();
  });

  it('are not given to locks of a class that is a guess', () => {
    assert.equal(new LocksApart().idOf(lockOf(classByPlace())), undefined);
  });

  it('at the limit the lock that was not used for longest loses its own; used again, it is a new one', () => {
    const apart = new LocksApart();
    const lockClass = classByPlace();
    apart.add(lockClass);
    const gone: number[] = [];
    apart.listen({ added: () => undefined, gone: (id) => gone.push(id) });
    const [first, second, ...others] = Array.from({ length: MAX_LOCKS_APART }, () => lockOf(lockClass));
    assert.ok(first !== undefined && second !== undefined);
    const [one, two] = [apart.idOf(first), apart.idOf(second)];
    for (const hold of others) apart.idOf(hold);
    apart.use(first);
    apart.idOf(lockOf(lockClass));
    assert.deepEqual(gone, [two]);
    assert.equal(apart.limited, false, 'nobody misses it yet');
    assert.equal(apart.idOf(first), one);
    assert.notEqual(apart.idOf(second), two);
    assert.equal(apart.limited, true);
    apart.checkInvariants();
  });

  it('are gone when their class is forgotten', () => {
    const apart = new LocksApart();
    const lockClass = classByPlace();
    apart.add(lockClass);
    const hold = lockOf(lockClass);
    const id = apart.idOf(hold) as number;
    apart.forget(lockClass);
    assert.equal(apart.idOf(hold), undefined);
    assert.equal(apart.classOf(id), undefined);
    apart.checkInvariants();
  });
});

const ROUNDS = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000 ? 300_000 : 4000;

describe('locks that are made, nested and dropped', () => {
  it('make room for others, and do not grow the heap', async () => {
    await isolated(async (instance) => {
      const make = (): Mutex => new instance.Mutex();
      const shared = make();
      const churn = async (rounds: number): Promise<void> => {
        for (let i = 0; i < rounds; i++) {
          await shared.runExclusive(() => make().runExclusive(() => undefined));
          if (i % 1000 === 0) await nextTurn();
        }
        collect();
      };
      await churn(MAX_LOCKS_APART + 1000);
      const before = process.memoryUsage().heapUsed;
      await churn(ROUNDS);
      const grown = process.memoryUsage().heapUsed - before;
      assert.ok(grown < 2_000_000, `the heap grew by ${grown} bytes`);
      const reports = instance.lockdep.reports().map(({ id, count }) => `${id.split(':')[0]} ${count}`);
      assert.deepEqual(reports, [`recursive-locking ${ROUNDS + MAX_LOCKS_APART + 1000}`], 'no limit was reached');
    });
  });
});

async function nested(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
}

describe('very many orders of locks that are told apart', () => {
  it('are kept up to a limit; those of the locks used last are among them', async () => {
    await isolated(async (instance) => {
      const locks = Array.from({ length: 150 }, () => new instance.Mutex());
      const { dependencies } = runtimeOf(instance).validator;
      let most = 0;
      for (const [at, inner] of locks.entries()) {
        for (const outer of locks.slice(0, at)) await nested(outer, inner);
        most = Math.max(most, dependencies.orders.proven.edgeCount);
      }
      assert.ok(most > MAX_ORDERS_APART / 2 && most <= MAX_ORDERS_APART, `${most} orders`);
      dependencies.checkInvariants();
      const [one, other] = locks.slice(-2) as [Mutex, Mutex];
      await nested(other, one);
      const strict = instance.lockdep.reports().filter(({ tier }) => tier === 'strict');
      assert.deepEqual(
        strict.map(({ kind }) => kind),
        ['circular-dependency'],
      );
    });
  });

  it('of which an order of both classes is declared are within the limit too', async () => {
    await isolated(async (instance) => {
      const makers = [(): Mutex => new instance.Mutex(), (): Mutex => new instance.Mutex()] as const;
      const [one, other] = makers.map((make) => make()) as [Mutex, Mutex];
      for (let i = 0; i < 150; i++) {
        await nested(one, makers[0]());
        await nested(other, makers[1]());
      }
      const { dependencies } = runtimeOf(instance).validator;
      instance.lockdep.declareOrder(one.lockClass, other.lockClass);
      assert.ok(dependencies.orders.proven.edgeCount <= MAX_ORDERS_APART);
      await nested(one, makers[0]());
      dependencies.checkInvariants();
      assert.throws(() => instance.lockdep.declareOrder(other.lockClass, one.lockClass), {
        name: 'DeclaredOrderError',
      });
    });
  });

  it('are known once learned: the same pairs again capture no stack', async () => {
    await isolated(async (instance) => {
      const locks = Array.from({ length: 40 }, () => new instance.Mutex());
      const round = async (): Promise<void> => {
        for (const [at, inner] of locks.entries()) for (const outer of locks.slice(0, at)) await nested(outer, inner);
      };
      await round();
      assert.ok((await captures(round)) < 20);
    });
  });
});
