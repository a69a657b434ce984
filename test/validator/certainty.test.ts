/** What is strict is certain: what looks like a wait, and is none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

describe('a loop that hands each permit to a job', () => {
  for (const mode of ['warn', 'enforce'] as const) {
    it(`and gives it back itself when there is none, is silent in mode ${mode}`, () =>
      isolated(
        async (instance) => {
          for (const slots of [new instance.Mutex(), new instance.Semaphore(2)]) {
            const jobs: Promise<void>[] = [];
            for (const item of [undefined, 1, 2, undefined, 3, 4]) {
              const taken = await slots.acquire();
              const release = typeof taken === 'function' ? taken : taken[1];
              if (item === undefined) {
                release();
                continue;
              }
              const job = async (): Promise<void> => {
                await nextTurn();
                release();
              };
              jobs.push(job());
            }
            await Promise.all(jobs);
          }
          assert.deepEqual(
            instance.lockdep.reports().filter(({ tier }) => tier === 'strict'),
            [],
          );
        },
        { mode },
      ));
  }
});

async function both(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(async () => {
    await nextTurn();
    await inner.runExclusive(() => undefined);
  });
}

describe('a deadlock that happens', () => {
  for (const tracking of ['precise', 'light'] as const) {
    it(`between two scopes that wait for each other is told, tracking ${tracking}`, () =>
      isolated(
        async (instance) => {
          const a = new instance.Mutex({ class: new LockClass('a') });
          const b = new instance.Mutex({ class: new LockClass('b') });
          const flows = [both(a, b), both(b, a)];
          await settle();
          assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
          a.release();
          await Promise.all(flows);
        },
        { tracking },
      ));
  }

  it('in enforce is refused, and the program goes on', () =>
    isolated(
      async (instance) => {
        const a = new instance.Mutex({ class: new LockClass('a') });
        const b = new instance.Mutex({ class: new LockClass('b') });
        const outcomes = await Promise.allSettled([both(a, b), both(b, a)]);
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          ['fulfilled', 'rejected'],
        );
      },
      { mode: 'enforce' },
    ));
});

describe('a promise of a subclass that freezes its promises', () => {
  it('may be derived from one that carries a hold', () =>
    isolated(async ({ Mutex, lockdep }) => {
      class Frozen<T> extends Promise<T> {
        constructor(executor: ConstructorParameters<typeof Promise<T>>[0]) {
          super(executor);
          void Object.freeze(this);
        }
      }
      const lock = new Mutex();
      const promise = lock.acquire();
      void Object.defineProperty(promise, 'constructor', { value: Frozen });
      await promise.then((release) => release());
      const again = lock.acquire();
      void Object.defineProperty(again, 'constructor', { value: Frozen });
      (await again.catch(() => () => undefined))();
      assert.equal(lock.isLocked(), false);
      assert.deepEqual(lockdep.reports(), []);
    }));
});
