import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type WorkItem as Item } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen } from '../support/harness.js';
import { CYCLE, nothing, scene, type Scene } from './queue-scene.js';

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
        /task "careless", enqueued at\s+test\/validator\/work-item\.test\.ts:\d+:\d+, has ended/,
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
      assert.match(report!.held.find((use) => use.lockClass === 'left over')!.site, /work-item\.test\.ts:\d+/);
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
      assert.match(report!.held[0]!.site, /work-item\.test\.ts:\d+/);
    }));
});
