import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, seen } from '../support/harness.js';

interface Family {
  readonly parent: Mutex;
  readonly children: readonly [Mutex, Mutex];
}

function family({ Mutex }: IsolatedLockdep): Family {
  const lockClass = new LockClass('child');
  return {
    parent: new Mutex({ class: new LockClass('parent') }),
    children: [new Mutex({ class: lockClass }), new Mutex({ class: lockClass })],
  };
}

async function lockBoth({ parent, children }: Family, order: readonly [0 | 1, 0 | 1] = [0, 1]): Promise<void> {
  using first = await children[order[0]].lock({ nestLock: parent });
  using second = await children[order[1]].lock({ nestLock: parent });
  assert.deepEqual([first.released, second.released], [false, false]);
}

describe('a nest lock', () => {
  it('held, makes the locks of one class that are taken under it legal, in any order', () =>
    isolated(async (instance) => {
      const all = family(instance);
      for (let i = 0; i < 10; i++) {
        await all.parent.runExclusive(async () => {
          await lockBoth(all);
          await lockBoth(all, [1, 0]);
        });
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('held by an acquire, does so too', () =>
    isolated(async (instance) => {
      const all = family(instance);
      for (let i = 0; i < 10; i++) {
        const release = await all.parent.acquire();
        await lockBoth(all, i % 2 === 0 ? [0, 1] : [1, 0]);
        release();
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('that is not named leaves the nesting as illegal as ever, also once the legal one is known', () =>
    isolated(async (instance) => {
      const all = family(instance);
      const [one, two] = all.children;
      for (let i = 0; i < 10; i++) await all.parent.runExclusive(() => lockBoth(all));
      await all.parent.runExclusive(() => one.runExclusive(() => two.runExclusive(() => undefined)));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      for (let i = 0; i < 10; i++) await all.parent.runExclusive(() => lockBoth(all));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('that is not held is reported', () =>
    isolated(async (instance) => {
      const all = family(instance);
      const release = await all.children[0].acquire({ nestLock: all.parent });
      release();
      assert.deepEqual(seen(instance), ['nest-lock-not-held strict x1']);
      const [report] = instance.lockdep.reports();
      assert.equal(report?.acquiring?.lockClass, all.children[0].lockClass.name);
      assert.match(report?.acquiring?.site ?? '', /nest-lock\.test\.ts/);
    }));

  it('that is not held is refused in enforce, and nothing is taken', () =>
    isolated(
      async (instance) => {
        const { parent, children } = family(instance);
        const [child] = children;
        const options = { nestLock: parent };
        const refused = { code: 'ERR_LOCKDEP_NEST_LOCK_NOT_HELD' };
        await assert.rejects(child.acquire(options), refused);
        await assert.rejects(child.lock(options), refused);
        await assert.rejects(
          child.runExclusive(() => undefined, options),
          refused,
        );
        assert.throws(() => child.might(options), refused);
        assert.equal(child.isLocked(), false);
        await parent.runExclusive(async () => (await child.acquire(options))());
        assert.deepEqual(seen(instance), ['nest-lock-not-held strict x4']);
      },
      { mode: 'enforce' },
    ));

  it('that another flow holds is not said to be missing where it can not be known', () =>
    isolated(
      async (instance) => {
        const all = family(instance);
        const release = await all.parent.acquire();
        await lockBoth(all);
        release();
        assert.deepEqual(
          seen(instance).filter((report) => report.startsWith('nest-lock')),
          [],
        );
      },
      { tracking: 'light' },
    ));

  it('taken after the first lock of the class does not serialise it', () =>
    isolated(async (instance) => {
      const { parent, children } = family(instance);
      const [one, two] = children;
      await one.runExclusive(() => parent.runExclusive(() => two.runExclusive(() => undefined, { nestLock: parent })));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1', 'circular-dependency strict x1']);
    }));

  it('is no excuse for taking one instance twice under it, where the instance itself is named', () =>
    isolated(async (instance) => {
      const { children } = family(instance);
      const [one] = children;
      await one.runExclusive(async () => {
        await assert.rejects(one.acquire({ nestLock: one, timeout: 1 }), { code: 'ERR_LOCKDEP_TIMEOUT' });
      });
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('carries the order: a nesting that it makes legal teaches none of its own', () =>
    isolated(async (instance) => {
      const all = family(instance);
      const between = new instance.Mutex({ class: new LockClass('between') });
      const [one, two] = all.children;
      const options = { nestLock: all.parent };
      // between -> child is never learned: it was taken under a child, and the second child is legal by the parent alone.
      await all.parent.runExclusive(() =>
        one.runExclusive(() => between.runExclusive(() => two.runExclusive(() => undefined, options)), options),
      );
      assert.deepEqual(seen(instance), []);
    }));

  it('is still ordered before the locks under it', () =>
    isolated(async (instance) => {
      const all = family(instance);
      const [one] = all.children;
      await all.parent.runExclusive(() => lockBoth(all));
      await one.runExclusive(() => all.parent.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));
});
