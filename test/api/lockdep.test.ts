import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, lockClass, type Report } from '../../src/index.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

describe('modes', () => {
  it('an unknown mode is named, and changes nothing', () =>
    isolated(({ lockdep }) => {
      assert.throws(() => lockdep.configure({ mode: 'loud' as never }), {
        name: 'RangeError',
        message: "option mode must be 'off', 'warn' or 'enforce', got \"loud\"",
      });
      assert.throws(() => lockdep.configure({ mode: 3 as never }), { name: 'TypeError', message: /got 3$/ });
      assert.throws(() => lockdep.configure({ onReport: 'log' as never }), { name: 'TypeError', message: /onReport/ });
      assert.throws(() => lockdep.configure({ stackDepth: 0 }), { name: 'RangeError', message: /stackDepth/ });
      assert.throws(() => lockdep.configure(null as never), { name: 'TypeError', message: /options/ });
      assert.equal(lockdep.mode, 'warn');
    }));

  it('off: nothing is held, nothing is reported', () =>
    isolated(
      async (instance) => {
        const [a, b] = [new instance.Mutex(), new instance.Mutex()];
        await a.runExclusive(() => b.runExclusive(() => assert.deepEqual(instance.lockdep.held(), [])));
        await b.runExclusive(() => a.runExclusive(() => undefined));
        assert.deepEqual(seen(instance), []);
        assert.match(instance.lockdep.showAllLocks(), /off/);
      },
      { mode: 'off' },
    ));

  it('a hold may span a switch of mode, either way', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const tracked = await lock.acquire();
      instance.lockdep.configure({ mode: 'off' });
      tracked();
      const untracked = await lock.acquire();
      instance.lockdep.configure({ mode: 'warn' });
      untracked();
      assert.equal(lock.isLocked(), false);
      assert.deepEqual(seen(instance), []);
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
    }));

  it('locks that were constructed while off are listed, and not judged', () =>
    isolated(
      async (instance) => {
        const make = () => new instance.Mutex();
        const [a, b] = [make(), make()];
        instance.lockdep.configure({ mode: 'warn' });
        await a.runExclusive(() => b.runExclusive(() => assert.equal(instance.lockdep.held().length, 2)));
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'off' },
    ));
});

describe('onReport', () => {
  it('gets each distinct report once', async () => {
    const reports: Report[] = [];
    await isolated(
      (instance) => {
        const lock = new instance.Mutex();
        lock.release();
        lock.release();
        assert.deepEqual(
          reports.map((report) => [report.kind, report.count]),
          [['bad-unlock-balance', 2]],
        );
      },
      { onReport: (report) => void reports.push(report) },
    );
  });

  it('may freeze what it gets', async () => {
    await isolated(
      async (instance) => {
        const [a, b] = [
          new instance.Mutex({ class: new LockClass('a') }),
          new instance.Mutex({ class: new LockClass('b') }),
        ];
        await a.runExclusive(() => b.runExclusive(() => undefined));
        for (let i = 0; i < 3; i++) await b.runExclusive(() => a.runExclusive(() => undefined));
        assert.deepEqual([a.isLocked(), b.isLocked()], [false, false]);
      },
      { onReport: (report) => void Object.freeze(report) },
    );
  });

  it('that throws does not disturb the program, and is shown', async (t) => {
    const warnings = t.mock.method(process, 'emitWarning', () => undefined);
    await isolated(
      async (instance) => {
        const lock = new instance.Mutex();
        lock.release();
        assert.equal(await lock.runExclusive(() => 'fine'), 'fine');
      },
      {
        onReport: () => {
          throw new Error('my logger is down');
        },
      },
    );
    assert.equal(warnings.mock.callCount(), 1);
    assert.match(String(warnings.mock.calls[0]?.arguments[0]), /my logger is down/);
  });
});

describe('what is held', () => {
  it('lists the flow’s locks outermost first, with their sites, and not those of a sibling', () =>
    isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('a'), name: 'first' });
      const b = new instance.Mutex({ class: new LockClass('b') });
      const names = (): string[] => instance.lockdep.held().map((held) => held.lockClass.name.replace(/#\d+$/, ''));
      const sibling = async (): Promise<string[]> => {
        await nextTurn();
        return names();
      };
      const [, others] = await Promise.all([
        a.runExclusive(async () => {
          const release = await b.acquire();
          await nextTurn();
          assert.deepEqual(names(), ['a', 'b']);
          assert.match(instance.lockdep.held()[0]?.site ?? '', /lockdep\.test\.ts:\d+:\d+$/);
          assert.equal(instance.lockdep.held()[0]?.lock, a);
          release();
          assert.deepEqual(names(), ['a']);
        }),
        sibling(),
      ]);
      assert.deepEqual(others, []);
      assert.deepEqual(names(), []);
    }));

  it('shows every hold and every waiter of the process', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex({ class: new LockClass('shown'), name: 'the one' });
      const release = await lock.acquire();
      const waiting = instance.lockdep.detached(() => lock.acquire());
      const lines = instance.lockdep.showAllLocks().split('\n');
      assert.match(lines[0] ?? '', /^held shown(#\d+)? "the one", exclusive, for \d+ ms, at .*lockdep\.test\.ts/);
      assert.match(lines[1] ?? '', /^waiting shown/);
      release();
      (await waiting)();
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
    }));
});

describe('classes', () => {
  it('a name is printed once: the second class of it is name#2', () => {
    const first = new LockClass('twice');
    const second = new LockClass('twice');
    assert.deepEqual([first.name, second.name], ['twice', 'twice#2']);
  });

  it('a string is one class in the whole process', () =>
    isolated((instance) => {
      const lock = new instance.Mutex({ class: 'by-name' });
      assert.equal(lock.lockClass, lockClass('by-name'));
      assert.equal(new instance.Semaphore(2, { class: 'by-name' }).lockClass, lock.lockClass);
    }));

  it('all locks of one construction site share a class, named by kind and place', () =>
    isolated((instance) => {
      const make = () => new instance.Mutex();
      assert.equal(make().lockClass, make().lockClass);
      assert.notEqual(make().lockClass, new instance.Mutex().lockClass);
      assert.match(make().lockClass.name, /^Mutex@.*test\/api\/lockdep\.test\.ts:\d+:\d+$/);
    }));

  it('the class of a subclass of Mutex is where that is constructed', () =>
    isolated((instance) => {
      class Named extends instance.Mutex {}
      const [one, two] = [new Named(), new Named()];
      assert.notEqual(one.lockClass, two.lockClass);
    }));

  it('a subclass is the same object for the same level, and 0 is the class itself', () => {
    const directory = new LockClass('dir');
    assert.equal(directory.subclass(1), directory.subclass(1));
    assert.equal(directory.subclass(0), directory);
    assert.equal(directory.subclass('child').name, `${directory.name}/child`);
    assert.throws(() => directory.subclass(-1), { name: 'RangeError', message: /got -1/ });
    assert.throws(() => directory.subclass({} as never), { name: 'TypeError' });
    assert.throws(() => new LockClass(''), { name: 'RangeError' });
    assert.throws(() => new LockClass(3 as never), { name: 'TypeError', message: /got 3/ });
    assert.throws(() => new LockClass('x', { validate: 1 as never }), { name: 'TypeError', message: /validate/ });
  });
});

describe('permits', () => {
  it('nested permits of one pool are reported from one flow, with how many flows it takes', () =>
    isolated(async (instance) => {
      const pool = new instance.Semaphore(5, { class: new LockClass('pool') });
      const query = (): Promise<void> => pool.runExclusive(() => undefined);
      await pool.runExclusive(query);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /1 of 5 permits and wants 1 more .*: 5 flows/);
    }));

  it('different pools, one inside the other, are silent', () =>
    isolated(async (instance) => {
      const pool = new instance.Semaphore(2, { class: new LockClass('outer pool') });
      const other = new instance.Semaphore(2, { class: new LockClass('inner pool') });
      for (let i = 0; i < 8; i++) await pool.runExclusive(() => other.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), []);
    }));

  it('more than there is beside one’s own waits for itself', () =>
    isolated(async (instance) => {
      const pool = new instance.Semaphore(2);
      void pool.runExclusive(() => pool.runExclusive(() => undefined, 2));
      for (let turn = 0; turn < 4; turn++) await nextTurn();
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('a semaphore that starts at 0 is a signal: who acquires it holds nothing', () =>
    isolated(async (instance) => {
      const arrived = new instance.Semaphore(0);
      const consumer = (async (): Promise<void> => {
        for (let i = 0; i < 3; i++) await arrived.acquire();
      })();
      for (let i = 0; i < 3; i++) arrived.release();
      await consumer;
      assert.deepEqual(seen(instance), []);
    }));
});
