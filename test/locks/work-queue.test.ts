import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import type { WorkItem as Item, WorkQueue } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { CORE } from '../../src/locks/symbols.js';
import { FakeClock } from '../differential/fake-clock.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

/** A task that ends when it is told to. */
function gate(): { readonly wait: () => Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { wait: () => opened, open };
}

for (const mode of ['off', 'warn', 'enforce'] as const) {
  const scene = (fn: (instance: IsolatedLockdep, log: string[]) => Promise<void>) => (): Promise<void> =>
    isolated(
      async (instance) => {
        await fn(instance, []);
        assert.deepEqual(seen(instance), []);
        assert.match(instance.lockdep.showAllLocks(), /no locks are held or awaited|is off/);
      },
      { mode },
    );
  const check = (queue: WorkQueue): void => queue[CORE].checkInvariants();

  describe(`a work queue in mode ${mode}`, () => {
    it(
      'an ordered one runs one task after the other, never inside the call',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue();
        const task = (name: string) => async (): Promise<string> => {
          log.push(`${name} begins`);
          await nextTurn();
          log.push(`${name} ends`);
          return name;
        };
        const results = ['a', 'b', 'c'].map((name) => queue.run(task(name)));
        assert.deepEqual(log, []);
        assert.deepEqual([queue.size, queue.running], [2, 1]);
        assert.deepEqual(await Promise.all(results), ['a', 'b', 'c']);
        assert.deepEqual(log, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
        assert.deepEqual([queue.size, queue.running], [0, 0]);
      }),
    );

    it(
      'a bounded one has as many running as it may, and no more',
      scene(async ({ WorkQueue }) => {
        const queue = new WorkQueue({ concurrency: 3 });
        let running = 0;
        let most = 0;
        const task = async (): Promise<void> => {
          most = Math.max(most, ++running);
          await nextTurn();
          running--;
        };
        await Promise.all(Array.from({ length: 10 }, () => queue.run(task)));
        assert.equal(most, 3);
      }),
    );

    it(
      'an unbounded one never makes a task wait',
      scene(async ({ WorkQueue }) => {
        const queue = new WorkQueue({ concurrency: Infinity });
        const { wait, open } = gate();
        const all = Array.from({ length: 50 }, () => queue.run(wait));
        assert.deepEqual([queue.size, queue.running], [0, 50]);
        open();
        await Promise.all(all);
      }),
    );

    it(
      'higher priorities go first, equal ones in order of arrival',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue();
        const { wait, open } = gate();
        const first = queue.run(wait);
        const rest = [0, 1, -1, 1, 0, 2].map((priority, i) =>
          queue.run(() => void log.push(`${priority}#${i}`), { priority }),
        );
        open();
        await Promise.all([first, ...rest]);
        assert.deepEqual(log, ['2#5', '1#1', '1#3', '0#0', '0#4', '-1#2']);
      }),
    );

    it(
      'errors reach the caller and never stop the queue: thrown, rejected, thenables, nothing at all',
      scene(async ({ WorkQueue }) => {
        const queue = new WorkQueue();
        const results = await Promise.allSettled([
          queue.run(() => {
            throw new Error('thrown');
          }),
          queue.run(() => Promise.reject(new Error('rejected'))),
          queue.run(() => undefined),
          // oxlint-disable-next-line unicorn/no-thenable -- that is what is tested
          queue.run(() => ({ then: (resolve: (value: number) => void) => resolve(4) }) as unknown as Promise<number>),
          queue.run(() => {
            throw undefined;
          }),
          queue.run(() => 6),
        ]);
        assert.deepEqual(
          results.map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
          ['Error: thrown', 'Error: rejected', undefined, 4, 'undefined', 6],
        );
        assert.deepEqual([queue.size, queue.running], [0, 0]);
      }),
    );

    it(
      'a task runs in the contexts of whoever submitted it, and holds none of its locks',
      scene(async ({ WorkQueue, Mutex, lockdep }) => {
        const queue = new WorkQueue();
        const lock = new Mutex();
        const storage = new AsyncLocalStorage<string>();
        const seenIn: unknown[] = [];
        const look = async (): Promise<void> => {
          seenIn.push(
            storage.getStore(),
            lockdep.held().some(({ lock: held }) => held === lock),
          );
          await nextTurn();
          seenIn.push(storage.getStore());
        };
        const release = await lock.acquire();
        const all = ['a', 'b', 'c'].map((name) => storage.run(name, () => queue.run(look)));
        release();
        await Promise.all(all);
        assert.deepEqual(seenIn, ['a', false, 'a', 'b', false, 'b', 'c', false, 'c']);
        assert.equal(storage.getStore(), undefined);
      }),
    );

    it(
      'aborted while it is queued, a task never runs; while it runs, it sees it',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue();
        const abort = new AbortController();
        const { signal } = abort;
        const running = queue.run(
          async (own) => {
            log.push('runs');
            assert.notEqual(own, signal);
            await new Promise((resolve) => own.addEventListener('abort', resolve));
            log.push(`told: ${String(own.reason)}`);
          },
          { signal },
        );
        const queued = queue.run(() => void log.push('never'), { signal });
        const other = queue.run(() => void log.push('other'));
        await settle(1);
        abort.abort('stop');
        await assert.rejects(queued, (reason) => reason === 'stop');
        await running;
        await other;
        await assert.rejects(
          queue.run(() => void log.push('never'), { signal }),
          (reason) => reason === 'stop',
        );
        assert.deepEqual(log, ['runs', 'told: stop', 'other']);
        check(queue);
      }),
    );

    it(
      'aborted in the turn of its start, a task does not run, and its slot goes on',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue();
        const abort = new AbortController();
        const first = queue.run(() => void log.push('never'), { signal: abort.signal });
        const second = queue.run(() => void log.push('second'));
        abort.abort(new Error('too early'));
        await assert.rejects(first, /too early/);
        await second;
        assert.deepEqual(log, ['second']);
        check(queue);
      }),
    );

    it(
      'flush waits for what was queued before it, failed and aborted work included, and for nothing later',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue({ concurrency: 2 });
        const [one, late] = [gate(), gate()];
        const abort = new AbortController();
        const before = [
          queue.run(one.wait),
          queue.run(() => Promise.reject(new Error('failed'))).catch(() => undefined),
          queue.run(nextTurn),
          queue.run(nextTurn, { signal: abort.signal, priority: -1 }).catch(() => undefined),
        ];
        const flushed = queue.flush().then(() => log.push('flushed'));
        const later = queue.run(late.wait, { priority: 5 });
        const flushedLater = queue.flush().then(() => log.push('flushed later'));
        abort.abort();
        await settle();
        assert.deepEqual(log, []);
        one.open();
        await flushed;
        await settle();
        assert.deepEqual(log, ['flushed']);
        late.open();
        await Promise.all([...before, later, flushedLater]);
        await queue.flush();
        check(queue);
      }),
    );

    it(
      'a flush that times out or is aborted leaves the work alone',
      scene(async ({ WorkQueue }) => {
        const queue = new WorkQueue();
        const { wait, open } = gate();
        const task = queue.run(wait);
        await assert.rejects(queue.flush({ timeout: 1 }), { code: 'ERR_LOCKDEP_TIMEOUT' });
        await assert.rejects(queue.drain({ signal: AbortSignal.abort('enough') }), (reason) => reason === 'enough');
        open();
        await task;
        await queue.drain();
        check(queue);
      }),
    );

    it(
      'drain and onIdle wait until everything is over, what tasks add included',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue();
        const more = async (left: number): Promise<void> => {
          await nextTurn();
          log.push(`task ${left}`);
          if (left > 0) void queue.run(() => more(left - 1));
        };
        const first = queue.run(() => more(3));
        const idle = queue.onIdle().then(() => log.push('idle'));
        await queue.drain();
        log.push('drained');
        await Promise.all([first, idle]);
        assert.deepEqual(log, ['task 3', 'task 2', 'task 1', 'task 0', 'idle', 'drained']);
      }),
    );

    it(
      'a paused queue starts nothing until it is resumed',
      scene(async ({ WorkQueue }, log) => {
        const queue = new WorkQueue({ concurrency: 2 });
        queue.pause();
        const tasks = ['a', 'b', 'c'].map((name) => queue.run(() => void log.push(name)));
        await settle();
        assert.deepEqual(log, []);
        assert.equal(queue.size, 3);
        queue.resume();
        queue.resume();
        await Promise.all(tasks);
        assert.deepEqual(log, ['a', 'b', 'c']);
        check(queue);
      }),
    );

    it(
      'a closed queue runs what it has and takes no more',
      scene(async ({ WorkQueue, WorkItem }, log) => {
        const queue = new WorkQueue();
        const closed = { code: 'ERR_LOCKDEP_CLOSED' };
        const again = new WorkItem(() => {
          log.push('item');
          if (log.length < 3) queue.enqueue(again);
        });
        const task = queue.run(() => void log.push('task'));
        queue.enqueue(again);
        const delayed = assert.rejects(
          queue.run(() => undefined, { delay: 10_000 }),
          closed,
        );
        const closing = queue.close();
        await assert.rejects(
          queue.run(() => undefined),
          closed,
        );
        await assert.rejects(
          queue.run(() => undefined, { priority: 1 }),
          closed,
        );
        assert.throws(() => queue.enqueue(new WorkItem(() => undefined)), closed);
        await Promise.all([task, delayed, closing]);
        assert.deepEqual(log, ['task', 'item', 'item']);
        await queue.close();
        assert.throws(() => queue.enqueue(again), closed);
      }),
    );

    it(
      'delayed work is queued when its time has come; flush, idle and size know nothing of it before',
      scene(async ({ WorkQueue }, log) => {
        const clock = new FakeClock();
        clock.install();
        try {
          const queue = new WorkQueue();
          const abort = new AbortController();
          const late = queue.run(() => void log.push('late'), { delay: 50 });
          const never = queue.run(() => void log.push('never'), { delay: 50, signal: abort.signal });
          const soon = queue.run(() => void log.push('soon'), { delay: 20 });
          assert.deepEqual([queue.size, queue.running], [0, 0]);
          await queue.flush();
          await queue.onIdle();
          await clock.advance(20);
          await soon;
          abort.abort('no');
          await assert.rejects(never, (reason) => reason === 'no');
          await clock.advance(30);
          await late;
          assert.deepEqual(log, ['soon', 'late']);
          assert.equal(clock.liveTimers, 0);
          check(queue);
        } finally {
          clock.uninstall();
        }
      }),
    );
  });

  describe(`a work item in mode ${mode}`, () => {
    it(
      'is pending once, however often it is enqueued',
      scene(async ({ WorkQueue, WorkItem }) => {
        const queue = new WorkQueue();
        let runs = 0;
        const item = new WorkItem(() => void runs++);
        assert.deepEqual(
          [1, 2, 3].map(() => queue.enqueue(item)),
          [true, false, false],
        );
        assert.deepEqual([item.pending, item.running], [true, false]);
        await item.flush();
        assert.equal(runs, 1);
        assert.equal(queue.enqueue(item), true);
        await item.flush();
        assert.equal(runs, 2);
        await item.flush();
      }),
    );

    for (const concurrency of [1, 3]) {
      it(
        `enqueued from inside it runs again after, never beside itself (concurrency ${concurrency})`,
        scene(async ({ WorkQueue, WorkItem }, log) => {
          const queue = new WorkQueue({ concurrency });
          let inside = 0;
          let runs = 0;
          const item: Item = new WorkItem(async () => {
            assert.equal(++inside, 1);
            runs++;
            if (runs < 4) {
              assert.equal(queue.enqueue(item), true);
              assert.equal(queue.enqueue(item), false);
              assert.deepEqual([item.pending, item.running], [true, true]);
            }
            await nextTurn();
            inside--;
          });
          queue.enqueue(item);
          const other = queue.run(() => void log.push(`other after ${runs}`));
          await queue.drain();
          await other;
          assert.equal(runs, 4);
          check(queue);
        }),
      );
    }

    it(
      'enqueued on another queue while it runs, it waits for its own end there',
      scene(async ({ WorkQueue, WorkItem }, log) => {
        const [one, two] = [new WorkQueue(), new WorkQueue()];
        const { wait, open } = gate();
        const item = new WorkItem(async () => {
          log.push('begins');
          await wait();
          log.push('ends');
        });
        one.enqueue(item);
        await settle(1);
        assert.equal(two.enqueue(item), true);
        const other = two.run(() => void log.push('other'));
        await other;
        assert.deepEqual(log, ['begins', 'other']);
        open();
        await two.drain();
        assert.deepEqual(log, ['begins', 'other', 'ends', 'begins', 'ends']);
        check(one);
        check(two);
      }),
    );

    it(
      'cancel takes out what is pending and leaves what runs alone',
      scene(async ({ WorkQueue, WorkItem }, log) => {
        const queue = new WorkQueue();
        const { wait, open } = gate();
        const task = queue.run(wait);
        const item = new WorkItem(() => void log.push('ran'));
        assert.equal(item.cancel(), false);
        queue.enqueue(item);
        const flushed = item.flush();
        assert.equal(item.cancel(), true);
        assert.equal(item.cancel(), false);
        assert.equal(item.pending, false);
        await flushed;
        assert.equal(queue.enqueue(item), true);
        open();
        await task;
        await item.flush();
        assert.deepEqual(log, ['ran']);
        // Its slot has been granted, and it has not begun.
        queue.enqueue(item);
        assert.equal(item.cancel(), true);
        await queue.onIdle();
        assert.deepEqual(log, ['ran']);
        check(queue);
      }),
    );

    it(
      'cancelSync aborts the signal of the run, waits for its end, and keeps it from being enqueued meanwhile',
      scene(async ({ WorkQueue, WorkItem }, log) => {
        const queue = new WorkQueue({ concurrency: 2 });
        const item: Item = new WorkItem(async (signal: AbortSignal) => {
          queue.enqueue(item);
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          log.push((signal.reason as Error).name);
          assert.equal(queue.enqueue(item), false);
          await nextTurn();
          log.push('ended');
        });
        queue.enqueue(item);
        await settle(1);
        assert.equal(item.pending, true);
        assert.equal(await item.cancelSync(), true);
        assert.deepEqual(log, ['AbortError', 'ended']);
        assert.deepEqual([item.pending, item.running], [false, false]);
        assert.equal(await item.cancelSync(), false);
        await queue.onIdle();
        check(queue);
      }),
    );

    it(
      'runs in the contexts of the call that made it pending',
      scene(async ({ WorkQueue, WorkItem }, log) => {
        const queue = new WorkQueue();
        const storage = new AsyncLocalStorage<string>();
        const { wait, open } = gate();
        const task = queue.run(wait);
        const item = new WorkItem(() => void log.push(String(storage.getStore())));
        storage.run('first', () => queue.enqueue(item));
        storage.run('second', () => queue.enqueue(item));
        open();
        await task;
        await item.flush();
        assert.deepEqual(log, ['first']);
      }),
    );

    it(
      'its error goes to onError, and the queue goes on',
      scene(async ({ WorkQueue, WorkItem }, log) => {
        const failing = new WorkItem(() => {
          throw new Error('broken');
        });
        const queue = new WorkQueue({
          onError: (error, item) => log.push(`${(error as Error).message} ${item === failing}`),
        });
        queue.enqueue(failing);
        await failing.flush();
        assert.equal(await queue.run(() => 5), 5);
        assert.deepEqual(log, ['broken true']);
      }),
    );
  });
}

describe('an error of an item that nobody handles', () => {
  it('is an unhandled rejection, and the queue goes on', () =>
    isolated(async ({ WorkQueue, WorkItem }) => {
      const errors: unknown[] = [];
      const before = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      const note = (error: unknown): void => void errors.push(error);
      process.on('unhandledRejection', note);
      try {
        const queue = new WorkQueue();
        const error = new Error('nobody looks');
        queue.enqueue(
          new WorkItem(() => {
            throw error;
          }),
        );
        assert.equal(await queue.run(() => 5), 5);
        await settle(2);
        assert.deepEqual(errors, [error]);
      } finally {
        process.off('unhandledRejection', note);
        for (const listener of before) process.on('unhandledRejection', listener);
      }
    }));
});

describe('what a work queue refuses', () => {
  it('names the argument and the value', () =>
    isolated(async ({ WorkQueue, WorkItem }) => {
      for (const concurrency of [0, -1, 1.5, NaN]) {
        assert.throws(() => new WorkQueue({ concurrency }), {
          name: 'RangeError',
          message: `option concurrency must be a whole number from 1, or Infinity, got ${concurrency}`,
        });
      }
      assert.throws(() => new WorkQueue({ concurrency: '2' as never }), /option concurrency must be a number, got "2"/);
      assert.throws(
        () => new WorkQueue({ concurrency: null as never }),
        /option concurrency must be a number, got null/,
      );
      assert.throws(() => new WorkQueue({ onError: 3 as never }), /option onError must be a function, got 3/);
      assert.throws(() => new WorkQueue(null as never), /options must be an object or an Error, got null/);
      assert.throws(() => new WorkItem(5 as never), /callback must be a function, got 5/);
      const queue = new WorkQueue();
      const task = (): void => undefined;
      await assert.rejects(queue.run('no' as never), /callback must be a function, got "no"/);
      await assert.rejects(queue.run(task, 3 as never), /options must be an object, got 3/);
      await assert.rejects(
        queue.run(task, { delay: Infinity }),
        /option delay must be a number of at most .* got Infinity/,
      );
      await assert.rejects(
        queue.run(task, { delay: null as never }),
        /option delay must be a number of at most .* got null/,
      );
      await assert.rejects(queue.run(task, { priority: NaN }), /priority must be a number, got NaN/);
      await assert.rejects(queue.run(task, { priority: null as never }), /priority must be a number, got null/);
      await assert.rejects(
        queue.run(task, { signal: {} as never }),
        /option signal must be an AbortSignal, got an object/,
      );
      await assert.rejects(queue.run(task, { name: 3 as never }), /option name must be a string, got 3/);
      await assert.rejects(
        queue.flush({ timeout: NaN }),
        /option timeout must be a number of at most .* or Infinity, got NaN/,
      );
      assert.throws(() => queue.enqueue(task as never), /item must be a WorkItem, got function task/);
    }));
});
