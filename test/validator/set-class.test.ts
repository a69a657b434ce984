import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, Mutex, lockClass } from '../../src/index.js';
import { isolated, seen } from '../support/harness.js';

describe('setClass', () => {
  it('of a free lock counts from the next acquisition on', () =>
    isolated(async (instance) => {
      const shared = new LockClass('node');
      const [parent, child] = [new instance.Mutex({ class: shared }), new instance.Mutex({ class: shared })];
      child.setClass(new LockClass('leaf'));
      assert.equal(child.lockClass.name, 'leaf');
      for (let i = 0; i < 10; i++) await parent.runExclusive(() => child.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), []);
      child.setClass(shared);
      await parent.runExclusive(() => child.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('takes a name for the class of that name, and names what it does not take', () => {
    const lock = new Mutex();
    lock.setClass('set-class test');
    assert.equal(lock.lockClass, lockClass('set-class test'));
    assert.throws(() => lock.setClass(5 as never), /^TypeError: lockClass must be a LockClass or a string, got 5$/);
    lock.lockClass.dispose();
  });

  for (const style of ['acquire', 'runExclusive'] as const) {
    it(`of a held lock: what was taken under it by ${style} is validated again`, () =>
      isolated(async (instance) => {
        const [device, special] = [new LockClass('device'), new LockClass('special device')];
        const [bus, lock] = [
          new instance.Mutex({ class: new LockClass('bus') }),
          new instance.Mutex({ class: device }),
        ];
        await bus.runExclusive(() => new instance.Mutex({ class: special }).runExclusive(() => undefined));
        const nest = async (change: () => void): Promise<void> => {
          if (style === 'runExclusive') await lock.runExclusive(() => bus.runExclusive(change));
          else {
            const first = await lock.acquire();
            const second = await bus.acquire();
            change();
            second();
            first();
          }
        };
        // Known of its old class, and legal for that.
        for (let i = 0; i < 10; i++) await nest(() => undefined);
        assert.deepEqual(seen(instance), []);
        await nest(() => lock.setClass(special));
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      }));

    it(`of a held lock to a class for which the order is right: silent (${style})`, () =>
      isolated(async (instance) => {
        const [device, special] = [new LockClass('device'), new LockClass('special device')];
        const [bus, lock] = [
          new instance.Mutex({ class: new LockClass('bus') }),
          new instance.Mutex({ class: device }),
        ];
        await new instance.Mutex({ class: special }).runExclusive(() => bus.runExclusive(() => undefined));
        await lock.runExclusive(() => bus.runExclusive(() => lock.setClass(special)));
        assert.deepEqual(seen(instance), []);
        assert.equal(lock.lockClass, special);
      }));
  }

  it('of a held lock is judged against what was held before it', () =>
    isolated(async (instance) => {
      const node = new LockClass('node');
      const [root, lock] = [
        new instance.Mutex({ class: node }),
        new instance.Mutex({ class: new LockClass('new node') }),
      ];
      await root.runExclusive(() => lock.runExclusive(() => lock.setClass(node)));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('in enforce throws for what is wrong with it, and the class is changed', () =>
    isolated(
      async (instance) => {
        const node = new LockClass('node');
        const [root, lock] = [
          new instance.Mutex({ class: node }),
          new instance.Mutex({ class: new LockClass('new node') }),
        ];
        await root.runExclusive(() =>
          lock.runExclusive(() => {
            assert.throws(() => lock.setClass(node), { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' });
          }),
        );
        assert.equal(lock.lockClass, node);
        assert.deepEqual([root.isLocked(), lock.isLocked()], [false, false]);
      },
      { mode: 'enforce' },
    ));

  it('while held: later acquisitions are ordered after the new class, and no more after the old one', () =>
    isolated(async (instance) => {
      const [young, old] = [new LockClass('young'), new LockClass('old')];
      const [lock, other] = [
        new instance.Mutex({ class: young }),
        new instance.Mutex({ class: new LockClass('other') }),
      ];
      await lock.runExclusive(async () => {
        lock.setClass(old);
        await other.runExclusive(() => undefined);
      });
      const [asYoung, asOld] = [new instance.Mutex({ class: young }), new instance.Mutex({ class: old })];
      await other.runExclusive(() => asYoung.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), []);
      await other.runExclusive(() => asOld.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('what was still to be judged of the old class is not told of it', () =>
    isolated(async (instance) => {
      const [old, young] = [new LockClass('old'), new LockClass('young')];
      const lock = new instance.Mutex({ class: old });
      const other = new instance.Mutex({ class: new LockClass('other') });
      await other.runExclusive(() => new instance.Mutex({ class: young }).runExclusive(() => undefined));
      // The order under an acquired lock is judged when that is released; by then its class is another one.
      const release = await lock.acquire();
      const inner = await other.acquire();
      inner();
      lock.setClass(young);
      release();
      const reports = seen(instance);
      assert.equal(reports.length, 1);
      lock.setClass(old);
      for (let i = 0; i < 10; i++) await lock.runExclusive(() => other.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), reports);
    }));

  it('a hold by a subclass becomes that level of the new class', () =>
    isolated(async (instance) => {
      const [old, young] = [new LockClass('old'), new LockClass('young')];
      const lock = new instance.Mutex({ class: old });
      await lock.runExclusive(
        () => {
          lock.setClass(young);
          assert.equal(instance.lockdep.held()[0]?.lockClass, young.subclass(1));
        },
        { subclass: 1 },
      );
    }));
});
