import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type WorkQueue, type WorkItem as Item } from '../../src/index.js';
import { isolated, nextTurn, seen } from '../support/harness.js';
import { asTask, CYCLE, nothing, scene, type Scene } from './queue-scene.js';

describe('a task that waits for its own queue', () => {
  const waits: Readonly<Record<string, (queue: WorkQueue) => Promise<unknown>>> = {
    flush: (queue) => queue.flush(),
    drain: (queue) => queue.drain(),
    onIdle: (queue) => queue.onIdle(),
    close: (queue) => queue.close(),
  };
  for (const [name, wait] of Object.entries(waits)) {
    for (const concurrency of [1, 4, Infinity]) {
      it(`by ${name}, concurrency ${concurrency}: reported while it hangs, refused in enforce`, async () => {
        await isolated(async (instance) => {
          const { queue } = scene(instance, concurrency);
          await asTask(queue, () => wait(queue));
          assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
        });
        await isolated(
          async (instance) => {
            const { queue } = scene(instance, concurrency);
            for (let i = 0; i < 6; i++) {
              if (name === 'close' && i > 0) break;
              await assert.rejects(
                queue.run(() => wait(queue)),
                { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' },
              );
            }
            await queue.drain();
            assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
          },
          { mode: 'enforce' },
        );
      });
    }

    it(`by ${name} in a helper, or not awaited at all`, () =>
      isolated(async (instance) => {
        const { queue } = scene(instance, 2);
        await queue.run(async () => {
          void wait(queue);
          await nextTurn();
        });
        await queue.onIdle();
        assert.deepEqual(seen(instance), []);
        const again = new instance.WorkQueue({ class: queue.lockClass });
        await asTask(again, async () => {
          await nextTurn();
          await (async () => {
            await wait(again);
          })();
        });
        assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      }));
  }
});

describe('a task that runs another on its own queue', () => {
  it('and awaits it, with one slot: reported while it hangs; in enforce it is refused and does not run', async () => {
    await isolated(async (instance) => {
      const { queue } = scene(instance);
      await asTask(queue, () => queue.run(nothing));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      assert.match(instance.lockdep.reports()[0]!.message, /waits for the end of what it is itself a part of/);
    });
    await isolated(
      async (instance) => {
        const { queue } = scene(instance);
        let ran = false;
        const inner = (): void => void (ran = true);
        await assert.rejects(
          queue.run(() => queue.run(inner)),
          { code: 'ERR_LOCKDEP_RECURSIVE_LOCKING' },
        );
        await queue.drain();
        assert.equal(ran, false);
      },
      { mode: 'enforce' },
    );
  });

  it('and awaits it, with three: reported from a run that passes, with the number of flows that hang', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance, 3);
      const job = async (depth: number): Promise<void> => {
        if (depth > 0) await Promise.all([queue.run(() => job(depth - 1)), queue.run(() => job(depth - 1))]);
      };
      await queue.run(() => job(1));
      const [report] = instance.lockdep.reports();
      assert.equal(report?.kind, 'semaphore-exhaustion');
      assert.equal(report?.tier, 'strict');
      assert.match(report!.message, /holds 1 of 3 slots and wants 1 more of the same queue: 3\s+flows/);
      assert.match(report!.message, /Advice: Run the inner task/);
      assert.equal(instance.lockdep.reports().length, 1);
    }));

  it('in enforce the inner one of several slots is refused too, and its slot goes on', () =>
    isolated(
      async (instance) => {
        const { queue } = scene(instance, 2);
        let ran = false;
        for (let i = 0; i < 6; i++) {
          await assert.rejects(
            queue.run(() => queue.run(() => (ran = true))),
            { code: 'ERR_LOCKDEP_SEMAPHORE_EXHAUSTION' },
          );
        }
        await queue.drain();
        assert.deepEqual([ran, queue.running, queue.size], [false, 0, 0]);
      },
      { mode: 'enforce' },
    ));

  for (const concurrency of [1, 3]) {
    it(`and does not wait for it: silent, strict and advisory (concurrency ${concurrency})`, () =>
      isolated(
        async (instance) => {
          const { queue } = scene(instance, concurrency);
          for (let i = 0; i < 8; i++) {
            await queue.run(async () => {
              void queue.run(nothing);
              queue.run(nothing).catch(nothing);
              await nextTurn();
              await nextTurn();
            });
          }
          await queue.drain();
          assert.deepEqual(seen(instance), []);
        },
        { mode: 'enforce' },
      ));
  }

  it('and awaits it later: reported when that has ended', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance, 2);
      await queue.run(async () => {
        const inner = queue.run(nextTurn);
        await nextTurn();
        await inner;
      });
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    }));

  it('on a queue without bound: silent, however deep', () =>
    isolated(
      async (instance) => {
        const { queue } = scene(instance, Infinity);
        const job = (depth: number): Promise<void> =>
          queue.run(async () => {
            if (depth > 0) await Promise.all([job(depth - 1), job(depth - 1)]);
          });
        await job(3);
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'enforce' },
    ));

  it('on another queue: silent, until that one waits for the first', () =>
    isolated(async (instance) => {
      const one = new instance.WorkQueue({ class: new LockClass('one') });
      const two = new instance.WorkQueue({ class: new LockClass('two') });
      for (let i = 0; i < 6; i++) await one.run(() => two.run(nothing));
      assert.deepEqual(seen(instance), []);
      await two.run(async () => {
        void one.run(nothing);
        await nextTurn();
      });
      assert.deepEqual(seen(instance), []);
      await two.run(() => one.run(nothing));
      assert.deepEqual(seen(instance), CYCLE);
    }));

  it('through one helper for all queues: silent', () =>
    isolated(
      async (instance) => {
        const [one, two] = [1, 2].map(
          (n) => new instance.WorkQueue({ class: new LockClass(`q${n}`), concurrency: 2 }),
        ) as [WorkQueue, WorkQueue];
        const submit = <T>(queue: WorkQueue, fn: () => Promise<T>): Promise<T> => queue.run(fn);
        for (let i = 0; i < 6; i++) await submit(one, () => submit(two, nextTurn));
        await submit(two, nextTurn);
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'enforce' },
    ));
});

describe('a lock and a queue', () => {
  /** All of them wait for the queue under the lock. */
  const waits: Readonly<Record<string, (scene: Scene, item: Item) => Promise<unknown>>> = {
    'an awaited run': ({ queue, lock }) => lock.runExclusive(() => queue.run(nothing)),
    'an awaited run between acquire and release': async ({ queue, lock }) => {
      const release = await lock.acquire();
      await queue.run(nothing);
      release();
    },
    'a flush': ({ queue, lock }) => lock.runExclusive(() => queue.flush()),
    'a drain in a helper between acquire and release': async ({ queue, lock }) => {
      const helper = async (): Promise<void> => {
        await nextTurn();
        await queue.drain();
      };
      const release = await lock.acquire();
      await helper();
      release();
    },
    "an item's flush": ({ queue, lock }, item) => {
      queue.enqueue(item);
      return lock.runExclusive(() => item.flush());
    },
  };
  for (const [way, wait] of Object.entries(waits)) {
    it(`${way} under the lock that a task takes: reported, whichever is seen first`, async () => {
      for (const waitFirst of [true, false]) {
        await isolated(async (instance) => {
          const made = scene(instance);
          const item = new instance.WorkItem(nothing, { class: new LockClass('item') });
          if (waitFirst) await wait(made, item);
          await made.queue.run(() => made.lock.runExclusive(nothing));
          assert.deepEqual(seen(instance), waitFirst ? CYCLE : []);
          if (!waitFirst) await wait(made, item);
          assert.equal(instance.lockdep.reports().length, 1);
          assert.equal(instance.lockdep.reports()[0]?.tier, 'strict');
        });
      }
    });

    it(`${way}: silent when no task takes the lock`, () =>
      isolated(
        async (instance) => {
          const made = scene(instance);
          const item = new instance.WorkItem(nothing, { class: new LockClass('item') });
          for (let i = 0; i < 8; i++) {
            await wait(made, item);
            await made.queue.run(nothing);
          }
          assert.deepEqual(seen(instance), []);
        },
        { mode: 'enforce' },
      ));
  }

  it('submitted under the lock, and awaited after it: silent', () =>
    isolated(async (instance) => {
      const { queue, lock } = scene(instance);
      await queue.run(() => lock.runExclusive(nothing));
      let task: Promise<void> | undefined;
      await lock.runExclusive(() => void (task = queue.run(() => lock.runExclusive(nothing))));
      await task;
      assert.deepEqual(seen(instance), []);
    }));

  it('the locks of whoever submits are not those of the task', () =>
    isolated(async (instance) => {
      const { queue, lock } = scene(instance);
      const other = new instance.Mutex({ class: new LockClass('other') });
      await other.runExclusive(() => lock.runExclusive(nothing));
      let task: Promise<void> | undefined;
      await lock.runExclusive(() => void (task = queue.run(() => other.runExclusive(nothing))));
      await task;
      assert.deepEqual(seen(instance), []);
    }));
});
