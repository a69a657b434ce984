import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, PseudoLock, type Mutex } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

function scene(instance: IsolatedLockdep, shared = false): { section: PseudoLock; lock: Mutex } {
  return {
    section: new instance.PseudoLock({ class: new LockClass('section'), shared }),
    lock: new instance.Mutex({ class: new LockClass('lock') }),
  };
}

for (const mode of ['off', 'warn', 'enforce'] as const) {
  describe(`a pseudo-lock in mode ${mode}`, () => {
    it('runs what it is given, and passes on its result or failure', () =>
      isolated(
        async (instance) => {
          const { section } = scene(instance);
          assert.equal(
            section.run(() => 5),
            5,
          );
          assert.equal(await section.run(async () => Promise.resolve(6)), 6);
          assert.throws(() => section.run(() => assert.fail('thrown inside')), /thrown inside/);
          await assert.rejects(
            section.run(async () => Promise.reject(new Error('rejected inside'))),
            /rejected inside/,
          );
          assert.equal(instance.lockdep.held().length, 0);
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      ));

    it('a thenable that it runs is passed on itself while nothing is followed, else as a promise that settles alike', () =>
      isolated(
        async (instance) => {
          const { section } = scene(instance);
          const given = Promise.resolve(7);
          const got = section.run(() => given);
          assert.equal(got === given, mode === 'off');
          assert.equal(await got, 7);
        },
        { mode },
      ));

    it('never waits: sections of different flows overlap', () =>
      isolated(
        async (instance) => {
          const { section } = scene(instance);
          let inside = 0;
          let most = 0;
          const flow = (): Promise<void> =>
            section.run(async () => {
              inside++;
              most = Math.max(most, inside);
              await nextTurn();
              inside--;
            });
          await Promise.all([instance.lockdep.detached(flow), instance.lockdep.detached(flow)]);
          assert.equal(most, 2);
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      ));
  });
}

describe('the order of a pseudo-lock', () => {
  it('a lock taken in the section, and the section touched under that lock: reported', () =>
    isolated(async (instance) => {
      const { section, lock } = scene(instance);
      await section.run(() => lock.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), []);
      await lock.runExclusive(() => section.touch());
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('the same with enter, an acquire, and sync', () =>
    isolated(async (instance) => {
      const { section, lock } = scene(instance);
      await nextTurn();
      {
        using inside = section.enter();
        assert.ok(inside);
        (await lock.acquire())();
      }
      const release = await lock.acquire();
      section.sync();
      release();
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('a section run from a lock, and that lock wanted in the section of another flow: reported', () =>
    isolated(async (instance) => {
      const { section, lock } = scene(instance);
      await lock.runExclusive(() => section.run(() => undefined));
      await section.run(async () => {
        await nextTurn();
        (await lock.acquire())();
      });
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('one order only is silent, however often', () =>
    isolated(async (instance) => {
      const { section, lock } = scene(instance);
      for (let i = 0; i < 10; i++) {
        section.touch();
        section.sync();
        await section.run(() => lock.runExclusive(() => undefined));
        await section.run(async () => (await lock.acquire())());
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('what a section does not wait for is not in it', () =>
    isolated(async (instance) => {
      const { section, lock } = scene(instance);
      await lock.runExclusive(() => section.touch());
      const child = section.run(async () => nextTurn());
      (await lock.acquire())();
      await child;
      assert.deepEqual(seen(instance), []);
    }));

  it('touched in its own section: reported, and refused in enforce', () =>
    isolated(
      (instance) => {
        const { section } = scene(instance);
        section.run(() => assert.throws(() => section.touch(), { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' }));
        section.run(() => assert.throws(() => section.sync(), { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' }));
        section.run(() => assert.throws(() => section.enter(), { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' }));
        section.run(() => assert.throws(() => section.run(() => 1), { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' }));
        assert.deepEqual(seen(instance), ['recursive-locking strict x4']);
        assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
      },
      { mode: 'enforce' },
    ));

  it('shared sections nest, and overlap in any order; who waits for them within one is reported', () =>
    isolated(async (instance) => {
      const [a, b] = [scene(instance, true).section, scene(instance, true).section];
      a.run(() => a.run(() => b.run(() => undefined)));
      b.run(() => a.run(() => undefined));
      assert.deepEqual(seen(instance), []);
      a.run(() => b.sync());
      assert.deepEqual(seen(instance), []);
      b.run(() => a.sync());
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('disposed of while a section runs, it is reported', () =>
    isolated((instance) => {
      const { section } = scene(instance);
      section.run(() => section[Symbol.dispose]());
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
    }));
});

describe('what PseudoLock refuses', () => {
  it('names the argument and the value', () => {
    assert.throws(() => new PseudoLock({ shared: 1 as never }), /^TypeError: option shared must be a boolean, got 1$/);
    assert.throws(() => new PseudoLock().run('work' as never), TypeError);
  });
});

it('what a section takes after it has waited is seen as awaited by it: refused in enforce, strict in light tracking', async () => {
  for (const options of [{ mode: 'enforce' }, { mode: 'warn', tracking: 'light' }] as const) {
    await isolated(async (instance) => {
      const { section, lock } = scene(instance);
      await lock.runExclusive(() => section.run(() => undefined));
      const inner = section.run(async () => {
        await nextTurn();
        await lock.runExclusive(() => undefined);
      });
      if (options.mode === 'enforce') await assert.rejects(inner, { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
      else await inner;
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }, options);
  }
});
