import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { captures, isolated, seen } from '../support/harness.js';

/** Fills what keeps nestings, before any lock is taken. */
function fill(instance: IsolatedLockdep): void {
  const { trie } = runtimeOf(instance).validator;
  for (let key = 1_000_000; !trie.full; key++) trie.root.ensure(key);
}

function mutexes(instance: IsolatedLockdep, ...names: string[]): Mutex[] {
  return names.map((name) => new instance.Mutex({ class: new LockClass(name) }));
}

async function nest(...[first, ...rest]: readonly Mutex[]): Promise<void> {
  await first?.runExclusive(() => nest(...rest));
}

async function nestByCalls(...wanted: readonly Mutex[]): Promise<void> {
  const releasers = [];
  for (const lock of wanted) releasers.push(await lock.acquire());
  for (const release of releasers.reverse()) release();
}

const LIMIT = 'limit advisory x1';

describe('more nestings than are kept', () => {
  for (const [style, run] of Object.entries({ nest, nestByCalls })) {
    it(`${style}: orders are learned and inversions reported all the same, and the limit is told once`, async () => {
      await isolated(async (instance) => {
        fill(instance);
        const [a, b, c] = mutexes(instance, 'a', 'b', 'c') as [Mutex, Mutex, Mutex];
        for (let i = 0; i < 5; i++) await run(a, b, c);
        assert.deepEqual(seen(instance), [LIMIT]);
        await run(c, a);
        assert.deepEqual(seen(instance), [LIMIT, 'circular-dependency strict x1']);
        await run(c, a);
        assert.deepEqual(seen(instance), [LIMIT, 'circular-dependency strict x2']);
        assert.match(instance.lockdep.reports()[0]?.message ?? '', /checked lock by lock, which is slower/);
        assert.doesNotMatch(instance.lockdep.reports()[0]?.message ?? '', /not checked/);
      });
    });
  }

  it('a known order captures no stack', async () => {
    await isolated(async (instance) => {
      fill(instance);
      const [a, b] = mutexes(instance, 'a', 'b') as [Mutex, Mutex];
      // The first awaits of a program are looked at, to tell them from calls of `then`.
      for (let i = 0; i < 1000; i++) await nest(a, b);
      assert.equal(await captures(() => nest(a, b)), 0);
      assert.ok((await captures(() => nest(b, a))) > 0);
    });
  });

  it('a lock that waits for its own holder is reported', async () => {
    await isolated(async (instance) => {
      fill(instance);
      const lockClass = new LockClass('twice');
      const [a, b] = [new instance.Mutex({ class: lockClass }), new instance.Mutex({ class: lockClass })];
      await nest(a, b);
      await nest(a, b);
      assert.deepEqual(seen(instance), [LIMIT, 'recursive-locking strict x2']);
    });
  });

  it('gates are told apart', async () => {
    await isolated(async (instance) => {
      fill(instance);
      const [a, b, g] = mutexes(instance, 'a', 'b', 'g') as [Mutex, Mutex, Mutex];
      await nest(g, a, b);
      await nest(g, b, a);
      assert.deepEqual(seen(instance), [LIMIT]);
      await nest(a, b);
      assert.deepEqual(seen(instance), [LIMIT, 'circular-dependency strict x1']);
    });
  });

  it('in enforce every inversion throws', async () => {
    await isolated(
      async (instance) => {
        fill(instance);
        const [a, b] = mutexes(instance, 'a', 'b') as [Mutex, Mutex];
        await nest(a, b);
        for (let i = 0; i < 3; i++) {
          await assert.rejects(nest(b, a), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
        }
      },
      { mode: 'enforce' },
    );
  });

  it('too many locks held at once is a limit of its own', async () => {
    await isolated(async (instance) => {
      const many = mutexes(instance, ...Array.from({ length: 50 }, (_, index) => `deep.${index}`));
      await nest(...many);
      assert.deepEqual(seen(instance), [LIMIT]);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /MAX_HELD_DEPTH.*not checked/);
    });
  });
});
