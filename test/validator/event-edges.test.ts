import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Completion, type Mutex } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

type Program = (instance: IsolatedLockdep) => Promise<void>;

interface Case {
  readonly name: string;
  readonly guilty: Program;
  readonly legal: Program;
}

const ADVISORY = ['circular-dependency advisory x1'];

function named(instance: IsolatedLockdep): { lock: Mutex; done: Completion } {
  return {
    lock: new instance.Mutex({ class: new LockClass('lock') }),
    done: new instance.Completion({ class: new LockClass('done') }),
  };
}

const take = async (lock: Mutex): Promise<void> => {
  const release = await lock.acquire();
  await nextTurn();
  release();
};

const CASES: readonly Case[] = [
  {
    name: 'a token that is delivered by the queue whose work waits for it',
    guilty: async ({ WorkQueue, Completion }) => {
      const [queue, token] = [new WorkQueue(), new Completion()];
      await queue.run(() => token.complete());
      await queue.run(() => token.wait());
    },
    legal: async ({ WorkQueue, Completion }) => {
      const [queue, delivery, token] = [new WorkQueue(), new WorkQueue(), new Completion()];
      await delivery.run(() => token.complete());
      await queue.run(() => token.wait());
    },
  },
  {
    name: 'a loop that starts one after the other, where an earlier one waits for a later one',
    guilty: async ({ Mutex, Completion }) => {
      const [loop, activated] = [new Mutex(), new Completion()];
      await loop.runExclusive(async () => {
        await nextTurn();
        activated.completeAll();
        await activated.wait();
      });
    },
    legal: async ({ Mutex, Completion }) => {
      const [loop, activated] = [new Mutex(), new Completion()];
      await loop.runExclusive(async () => {
        await nextTurn();
        activated.completeAll();
      });
      await activated.wait();
    },
  },
  {
    name: 'a reset that parks a thread under the device lock, which the thread needs on its way',
    guilty: async ({ Mutex, Completion, lockdep }) => {
      const [device, parked] = [new Mutex(), new Completion()];
      await lockdep.task('thread', async () => {
        await take(device);
        parked.complete();
      });
      await device.runExclusive(() => parked.wait());
    },
    legal: async ({ Mutex, Completion, lockdep }) => {
      const [device, parked] = [new Mutex(), new Completion()];
      await lockdep.task('thread', async () => {
        await take(device);
        parked.complete();
      });
      await parked.wait();
      await device.runExclusive(() => undefined);
    },
  },
  {
    name: 'the lock was taken before the completion was reinitialised',
    guilty: async ({ Mutex, Completion, lockdep }) => {
      const [lock, done] = [new Mutex(), new Completion()];
      await lockdep.task('work', async () => {
        done.reinit();
        await take(lock);
        done.complete();
      });
      await lock.runExclusive(() => done.wait());
    },
    legal: async ({ Mutex, Completion, lockdep }) => {
      const [lock, done] = [new Mutex(), new Completion()];
      await lockdep.task('work', async () => {
        await take(lock);
        done.reinit();
        done.complete();
      });
      await lock.runExclusive(() => done.wait());
    },
  },
  {
    name: 'the lock was taken by another task than that which completes',
    guilty: async (instance) => {
      const { lock, done } = named(instance);
      await instance.lockdep.task('one', async () => {
        await take(lock);
        done.complete();
      });
      await lock.runExclusive(() => done.wait());
    },
    legal: async (instance) => {
      const { lock, done } = named(instance);
      await instance.lockdep.task('one', () => take(lock));
      await instance.lockdep.task('other', async () => {
        await nextTurn();
        done.complete();
      });
      await lock.runExclusive(() => done.wait());
    },
  },
  {
    name: 'one item waits while another of its class completes, on a queue with a slot for both',
    guilty: async ({ WorkQueue, Completion }) => {
      const [queue, done] = [new WorkQueue({ concurrency: 1 }), new Completion()];
      const item = new LockClass('item');
      await queue.run(() => done.complete(), { class: item });
      await queue.run(() => done.wait(), { class: item });
    },
    legal: async ({ WorkQueue, Completion }) => {
      const [queue, done] = [new WorkQueue({ concurrency: 2 }), new Completion()];
      const item = new LockClass('item');
      const waiting = queue.run(() => done.wait(), { class: item });
      await queue.run(() => done.complete(), { class: item });
      await waiting;
    },
  },
  {
    name: 'users of a pool wait for a slot that the one before gives back, with a permit for both',
    guilty: (instance) => pooled(instance, 1),
    legal: (instance) => pooled(instance, 2),
  },
  {
    name: 'stacked devices: one class for the completions of both, and a class each',
    guilty: (instance) => stacked(instance, new LockClass('io'), new LockClass('io')),
    legal: (instance) => stacked(instance, new LockClass('lower io'), new LockClass('upper io')),
  },
  {
    name: 'a child that nobody waits for completes',
    guilty: async (instance) => {
      const { lock, done } = named(instance);
      await lock.runExclusive(async () => {
        await (async () => {
          await nextTurn();
          done.complete();
        })();
      });
      await lock.runExclusive(() => done.wait());
    },
    legal: async (instance) => {
      const { lock, done } = named(instance);
      await lock.runExclusive(() => {
        void (async () => {
          await nextTurn();
          done.complete();
        })();
      });
      await lock.runExclusive(() => done.wait());
    },
  },
  {
    name: 'the lock was only tried for',
    guilty: async (instance) => {
      const { lock, done } = named(instance);
      const release = await lock.acquire();
      done.complete();
      release();
      await lock.runExclusive(() => done.wait());
    },
    legal: async (instance) => {
      const { lock, done } = named(instance);
      const release = lock.tryAcquire();
      done.complete();
      release?.();
      await lock.runExclusive(() => done.wait());
    },
  },
];

/** The upper device's request ends when the lower one's does, which is completed under the lower one's lock. */
async function stacked(instance: IsolatedLockdep, lowerClass: LockClass, upperClass: LockClass): Promise<void> {
  const shared = lowerClass.name === 'io' || lowerClass.name.startsWith('io#');
  const lower = new instance.Completion({ class: lowerClass });
  const upper = new instance.Completion({ class: shared ? lowerClass : upperClass });
  const table = new instance.Mutex({ class: new LockClass('table') });
  await table.runExclusive(async () => {
    await nextTurn();
    upper.complete();
  });
  lower.complete();
  await table.runExclusive(() => lower.wait());
}

/** With one permit the slot is free whenever it is waited for; else the user who has it has a permit of his own. */
async function pooled({ Semaphore, Completion }: IsolatedLockdep, permits: number): Promise<void> {
  const pool = new Semaphore(permits, { class: new LockClass('pool') });
  const free = new Completion({ class: new LockClass('slot is free') });
  free.complete();
  const use = (): Promise<void> =>
    pool.runExclusive(async () => {
      await free.wait();
      await nextTurn();
      free.complete();
    });
  await Promise.all([use(), use(), use()]);
}

describe('what a completion is learned to depend on', () => {
  for (const { name, guilty, legal } of CASES) {
    it(`${name}: told as a suspicion`, () =>
      isolated(async (instance) => {
        await guilty(instance);
        assert.deepEqual(seen(instance), ADVISORY);
      }));

    it(`${name}: its legal twin is silent`, () =>
      isolated(async (instance) => {
        await legal(instance);
        assert.deepEqual(seen(instance), []);
      }));
  }

  it('is never thrown, and repeats are counted', () =>
    isolated(
      async (instance) => {
        const { lock, done } = named(instance);
        for (let i = 0; i < 10; i++) {
          await lock.runExclusive(async () => {
            await nextTurn();
            done.complete();
          });
          await lock.runExclusive(() => done.wait());
        }
        const [report] = instance.lockdep.reports();
        assert.equal(report?.tier, 'advisory');
        assert.ok(report.count > 1);
        assert.match(report.message, /needed by who completes done/);
        assert.match(report.message, /the class is too\s+coarse/);
        assert.match(report.message, /wait\(done(#\d+)?\)/);
        assert.match(report.message, /complete\(done(#\d+)?\)/);
        assert.equal(report.cycle?.find(({ origin }) => origin === 'event')?.from, done.lockClass.name);
      },
      { mode: 'enforce' },
    ));
});
