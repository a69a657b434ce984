/** Legal programs of queues, completions and locks, as services have them: nothing to report, strict or advisory, in any mode. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Completion } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen } from '../support/harness.js';

const PROGRAMS: Readonly<Record<string, (instance: IsolatedLockdep) => Promise<unknown>>> = {
  'request handlers that share a batch': async ({ Mutex, WorkQueue, Completion }) => {
    const queue = new WorkQueue({ class: 'batches' });
    const cache = new Mutex({ class: 'cache' });
    let batch: { keys: number[]; loaded: Completion<number> } | undefined;
    const load = (key: number): Promise<number> => {
      if (batch === undefined) {
        const made = (batch = { keys: [], loaded: new Completion<number>({ class: 'loaded' }) });
        void queue.run(async () => {
          await nextTurn();
          batch = undefined;
          await cache.runExclusive(() => nextTurn());
          made.loaded.completeAll(made.keys.length);
        });
      }
      batch.keys.push(key);
      return batch.loaded.wait();
    };
    const handle = async (key: number): Promise<number> => {
      await cache.runExclusive(() => nextTurn());
      return load(key);
    };
    await Promise.all([1, 2, 3].map(handle));
    await handle(4);
  },
  'a shutdown under a lock that no job takes': async ({ Mutex, WorkQueue, Completion }) => {
    const life = new Mutex({ class: 'life' });
    const jobs = new WorkQueue({ class: 'jobs', concurrency: 3 });
    const logs = new WorkQueue({ class: 'logs' });
    const stopped = new Completion({ class: 'stopped' });
    const job = async (): Promise<void> => {
      await nextTurn();
      void logs.run(nextTurn);
    };
    for (let i = 0; i < 5; i++) void jobs.run(job);
    await life.runExclusive(async () => {
      await jobs.close();
      await logs.close();
      stopped.completeAll();
    });
    await stopped.wait();
  },
  'a leader that completes for its followers': async ({ Mutex, Completion }) => {
    const election = new Mutex({ class: 'election' });
    let flight: Completion | undefined;
    const get = async (): Promise<void> => {
      const mine = await election.runExclusive(() => {
        if (flight !== undefined) return undefined;
        return (flight = new Completion({ class: 'flight' }));
      });
      if (mine === undefined) return flight?.wait();
      await nextTurn();
      await election.runExclusive(() => nextTurn());
      mine.completeAll();
      return undefined;
    };
    await Promise.all([get(), get(), get()]);
  },
  'a bounded buffer between two tasks of one queue': async ({ Mutex, WorkQueue, Completion }) => {
    const queue = new WorkQueue({ class: 'workers', concurrency: 2 });
    const [room, filled] = ['room', 'filled'].map((name) => new Completion({ class: name })) as [
      Completion,
      Completion,
    ];
    const buffer = new Mutex({ class: 'buffer' });
    room.complete();
    room.complete();
    const pump = (from: Completion, to: Completion) => async (): Promise<void> => {
      for (let i = 0; i < 8; i++) {
        await from.wait();
        await buffer.runExclusive(() => nextTurn());
        to.complete();
      }
    };
    await Promise.all([queue.run(pump(room, filled)), queue.run(pump(filled, room))]);
  },
  'a condition that is waited for with the lock released': async ({ Mutex, WorkQueue, Completion }) => {
    const queue = new WorkQueue({ class: 'waiters', concurrency: 3 });
    const lock = new Mutex({ class: 'guarded' });
    const changed = new Completion({ class: 'changed' });
    let ready = false;
    const waiting = queue.run(async () => {
      for (;;) {
        const release = await lock.acquire();
        const over = ready;
        release();
        if (over) return;
        await changed.wait();
      }
    });
    await nextTurn();
    const change = async (): Promise<void> => {
      ready = true;
      await nextTurn();
      changed.complete();
    };
    await queue.run(() => lock.runExclusive(change));
    await waiting;
  },
  'items that save what the enqueuer has under lock, and requeue themselves': async ({
    Mutex,
    WorkQueue,
    WorkItem,
  }) => {
    const queue = new WorkQueue({ class: 'io' });
    const file = new Mutex({ class: 'file' });
    let again = 3;
    const save = new WorkItem(
      async () => {
        await file.runExclusive(() => nextTurn());
        if (again-- > 0) queue.enqueue(save);
      },
      { class: 'save' },
    );
    const edit = async (): Promise<void> => {
      await nextTurn();
      queue.enqueue(save);
    };
    for (let i = 0; i < 5; i++) await file.runExclusive(edit);
    await save.flush();
    await queue.drain();
    await save.cancelSync();
  },
  'a baton that goes through tasks with completions of one class': async ({ Mutex, WorkQueue, Completion }) => {
    const queue = new WorkQueue({ class: 'runners', concurrency: 5 });
    const out = new Mutex({ class: 'out' });
    const batons = Array.from({ length: 5 }, () => new Completion({ class: 'baton' }));
    const runners = batons.map((mine, i) =>
      queue.run(async () => {
        await mine.wait();
        await out.runExclusive(() => nextTurn());
        batons[i + 1]?.complete();
      }),
    );
    batons[0]?.complete();
    await Promise.all(runners);
  },
  'a tree of tasks on one slot, awaited from outside': async ({ WorkQueue }) => {
    const queue = new WorkQueue({ class: 'tree' });
    const visit = async (depth: number): Promise<void> => {
      const children = await queue.run(async () => {
        await nextTurn();
        return depth > 0 ? [depth - 1, depth - 1] : [];
      });
      await Promise.all(children.map(visit));
    };
    await visit(3);
  },
  'a lock that is handed to the task which releases it': async ({ Mutex, WorkQueue }) => {
    const queue = new WorkQueue({ class: 'releasers', concurrency: 2 });
    const lock = new Mutex({ class: 'handed on' });
    for (let i = 0; i < 6; i++) {
      const release = await lock.acquire();
      void queue.run(async () => {
        await nextTurn();
        release();
      });
    }
    await queue.drain();
  },
};

describe('legal programs of queues, completions and locks', () => {
  for (const [name, program] of Object.entries(PROGRAMS)) {
    for (const mode of ['off', 'warn', 'enforce'] as const) {
      it(`${name}: silent (${mode})`, () =>
        isolated(
          async (instance) => {
            await program(instance);
            assert.deepEqual(seen(instance), []);
          },
          { mode },
        ));
    }
  }
});
