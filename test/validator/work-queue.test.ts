import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Completion, type Mutex, type WorkItem as Item, type WorkQueue } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/control/isolated-lockdep.js';
import { isolated, nextTurn, seen, settle } from './harness.js';

interface Scene {
  readonly queue: WorkQueue;
  readonly lock: Mutex;
}

function scene(instance: IsolatedLockdep, concurrency = 1): Scene {
  return {
    queue: new instance.WorkQueue({ class: new LockClass('queue'), concurrency }),
    lock: new instance.Mutex({ class: new LockClass('lock') }),
  };
}

const nothing = (): void => undefined;
const CYCLE = ['circular-dependency strict x1'];

/** Runs `fn` as a task, and leaves it if it is stuck. */
async function asTask(queue: WorkQueue, fn: () => Promise<unknown>): Promise<void> {
  void queue.run(fn).catch(nothing);
  await settle();
}

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

describe('waiting for an item', () => {
  function items(instance: IsolatedLockdep, concurrency: number): Scene & { readonly item: Item } {
    const made = scene(instance, concurrency);
    const item: Item = new instance.WorkItem(() => made.lock.runExclusive(nothing), { class: new LockClass('item') });
    return { ...made, item };
  }

  it('on a queue of several slots orders the item alone, with one slot the queue too', async () => {
    for (const [concurrency, reports] of [
      [1, 1],
      [2, 0],
    ] as const) {
      await isolated(async (instance) => {
        const { queue, lock } = scene(instance, concurrency);
        const harmless = new instance.WorkItem(nothing, { class: new LockClass('harmless') });
        await queue.run(() => lock.runExclusive(nothing));
        queue.enqueue(harmless);
        await lock.runExclusive(() => harmless.flush());
        assert.equal(instance.lockdep.reports().length, reports);
      });
    }
  });

  it('cancelSync under a lock that the item takes is reported; that some other task takes it is not', async () => {
    await isolated(async (instance) => {
      const { queue, lock, item } = items(instance, 1);
      queue.enqueue(item);
      await item.flush();
      await lock.runExclusive(() => item.cancelSync());
      assert.deepEqual(seen(instance), CYCLE);
    });
    await isolated(async (instance) => {
      const { queue, lock } = scene(instance);
      const harmless = new instance.WorkItem(nothing, { class: new LockClass('harmless') });
      await queue.run(() => lock.runExclusive(nothing));
      queue.enqueue(harmless);
      await lock.runExclusive(() => harmless.cancelSync());
      assert.deepEqual(seen(instance), []);
    });
  });

  it('flush and cancelSync from inside the item are reported, cancel is not', () =>
    isolated(
      async (instance) => {
        const codes: unknown[] = [];
        const { queue } = scene(instance, 2);
        const item: Item = new instance.WorkItem(async () => {
          queue.enqueue(item);
          assert.equal(item.cancel(), true);
          for (const wait of [() => item.flush(), () => item.cancelSync()]) {
            await wait().catch((error: { code: unknown }) => codes.push(error.code));
          }
        });
        queue.enqueue(item);
        await queue.drain();
        assert.deepEqual(codes, ['ERR_LOCKDEP_RECURSIVE_LOCKING', 'ERR_LOCKDEP_RECURSIVE_LOCKING']);
      },
      { mode: 'enforce' },
    ));

  it('one item that waits for another of a class of its own is silent', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance, 2);
      const inner = new instance.WorkItem(nothing, { class: new LockClass('inner') });
      const outer = new instance.WorkItem(() => inner.flush(), { class: new LockClass('outer') });
      for (let i = 0; i < 6; i++) {
        queue.enqueue(inner);
        queue.enqueue(outer);
        await queue.drain();
      }
      assert.deepEqual(seen(instance), []);
    }));
});

describe('what a task leaves behind', () => {
  it('a lock left held is reported, with the place of the enqueue', () =>
    isolated(async (instance) => {
      const { queue, lock } = scene(instance);
      await queue.run(async () => void (await lock.acquire()), { name: 'careless' });
      const [report] = instance.lockdep.reports();
      assert.deepEqual(seen(instance), ['leaked-lock advisory x1']);
      assert.match(
        report!.message,
        /task "careless", enqueued at\s+test\/validator\/work-queue\.test\.ts:\d+:\d+, has ended/,
      );
    }));

  it('a lock that is released in time, or handed on, is not', () =>
    isolated(async (instance) => {
      const { queue, lock } = scene(instance);
      await queue.run(async () => (await lock.acquire())());
      const guard = await queue.run(async () => {
        const held = await lock.lock();
        held.transfer();
        return held;
      });
      guard.release();
      assert.deepEqual(seen(instance), []);
    }));

  it('a queue that is disposed of with work left is reported with the places of the enqueues; an empty one is not', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance);
      queue[Symbol.dispose]();
      assert.deepEqual(seen(instance), []);
      const tasks = [queue.run(nextTurn), queue.run(nothing, { class: 'left over' })];
      queue[Symbol.dispose]();
      await Promise.all(tasks);
      const [report] = instance.lockdep.reports();
      assert.equal(report?.kind, 'held-lock-freed');
      assert.match(report!.message, /disposed of with 2 of the tasks given to it not started\n/);
      assert.match(report!.held.find((use) => use.lockClass === 'left over')!.site, /work-queue\.test\.ts:\d+/);
    }));

  const places = (instance: IsolatedLockdep): string[] =>
    instance.lockdep.reports().flatMap(({ held }) => held.map(({ lockClass: name, state }) => `${name} ${state}`));

  it('work that was given its slot in this very turn is left too', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance, Infinity);
      queue.enqueue(new instance.WorkItem(nothing, { class: 'item just enqueued' }));
      const task = queue.run(nothing, { class: 'task just submitted' });
      queue[Symbol.dispose]();
      await task;
      await queue.drain();
      assert.deepEqual(places(instance), ['item just enqueued waiting', 'task just submitted waiting']);
    }));

  it('a run of an item that waits for its other run is left too; what is over or was taken out is not', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance, 2);
      const item = new instance.WorkItem(nextTurn, { class: 'busy item' });
      scene(instance).queue.enqueue(item);
      await Promise.resolve();
      queue.enqueue(item);
      const abort = new AbortController();
      const aborted = queue.run(nothing, { signal: abort.signal, delay: 5 });
      abort.abort('aborted');
      await assert.rejects(aborted, (reason) => reason === 'aborted');
      assert.equal(queue.size, 1);
      queue[Symbol.dispose]();
      assert.deepEqual(places(instance), ['busy item waiting']);
      await queue.drain();
      assert.equal(item.pending, false);
      queue[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
    }));

  it('an item that is disposed of while a run is to come is reported with the place of the enqueue; else it is not', () =>
    isolated(async (instance) => {
      const { queue } = scene(instance);
      const item = new instance.WorkItem(nothing, { class: new LockClass('item') });
      item[Symbol.dispose]();
      queue.enqueue(item);
      item.cancel();
      item[Symbol.dispose]();
      assert.deepEqual(seen(instance), []);
      queue.enqueue(item);
      item[Symbol.dispose]();
      await queue.drain();
      item[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
      const [report] = instance.lockdep.reports();
      assert.match(report!.message, /disposed of with 1 of the tasks given to it not started\n/);
      assert.match(report!.held[0]!.site, /work-queue\.test\.ts:\d+/);
    }));
});

describe('hangs from the field', () => {
  /** What a run that passes shows of each, and what its fixed code shows. */
  const done = (instance: IsolatedLockdep, name: string): Completion =>
    new instance.Completion({ class: new LockClass(name) });

  it('a reset that parks a worker while it holds the device lock, which the worker may need before it parks', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const device = new instance.Mutex({ class: new LockClass('device') });
        const mapping = new instance.Mutex({ class: new LockClass('mapping') });
        const parked = done(instance, 'parked');
        const fault = (): Promise<void> => mapping.runExclusive(() => device.runExclusive(nothing));
        await parked.signalling(async () => {
          if (!fixed) await fault();
          parked.complete();
        });
        if (fixed) await fault();
        await device.runExclusive(() => parked.wait());
        assert.deepEqual(seen(instance), fixed ? [] : CYCLE);
      });
    }
  });

  it('a work queue that is flushed under a mapping lock, which its tasks need through another lock', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const { queue, lock: mapping } = scene(instance, 4);
        const hotplug = new instance.Mutex({ class: new LockClass('hotplug') });
        await hotplug.runExclusive(() => mapping.runExclusive(nothing));
        await queue.run(() => hotplug.runExclusive(nothing));
        if (fixed) {
          await queue.flush();
          await mapping.runExclusive(nothing);
        } else await mapping.runExclusive(() => queue.flush());
        assert.deepEqual(seen(instance), fixed ? [] : CYCLE);
      });
    }
  });

  it('a serial queue blocked on a first user, whose coming is queued behind it', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const { queue } = scene(instance);
        const token = done(instance, 'token');
        await token.signalling(async () => {
          if (fixed) token.completeAll();
          else await queue.run(() => token.completeAll());
        });
        await queue.run(() => token.wait());
        assert.deepEqual(seen(instance), fixed ? [] : CYCLE);
      });
    }
  });

  it('a message handler that waits for what a later message brings', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const dispatch = new instance.WorkQueue({ class: new LockClass('dispatch') });
        const stopped = done(instance, 'stopped');
        // A stop from outside passes.
        await stopped.signalling(() => dispatch.run(() => stopped.complete()));
        await stopped.wait();
        assert.deepEqual(seen(instance), []);
        stopped.complete();
        await dispatch.run(() => {
          const waiting = stopped.wait();
          return fixed ? undefined : waiting;
        });
        assert.deepEqual(seen(instance), fixed ? [] : CYCLE);
      });
    }
  });

  it('a writer that calls another writer of the same queue; calling through is the fix', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const writer = new instance.WorkQueue({ class: new LockClass('writer') });
        const update = (): Promise<unknown> => (fixed ? nextTurn() : writer.run(nextTurn));
        await asTask(writer, update);
        assert.deepEqual(seen(instance), fixed ? [] : ['recursive-locking strict x1']);
      });
    }
  });

  it('a final flush handed to the very set that it waits for', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const background = new instance.WorkQueue({ class: new LockClass('background'), concurrency: Infinity });
        const flush = (): Promise<void> => background.onIdle();
        if (fixed) await flush();
        else await asTask(background, flush);
        assert.deepEqual(seen(instance), fixed ? [] : ['recursive-locking strict x1']);
      });
    }
  });

  it('a start loop in which an early item waits for a later one', async () => {
    for (const fixed of [false, true]) {
      await isolated(async (instance) => {
        const loop = new instance.Mutex({ class: new LockClass('activateAll') });
        const active = done(instance, 'active');
        const late = (): Promise<void> => active.signalling(() => loop.runExclusive(() => active.completeAll()));
        await late();
        if (fixed) await active.wait();
        else await loop.runExclusive(() => active.wait());
        assert.deepEqual(seen(instance), fixed ? [] : CYCLE);
      });
    }
  });
});
