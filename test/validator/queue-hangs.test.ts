import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Completion } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen } from '../support/harness.js';
import { asTask, CYCLE, nothing, scene } from './queue-scene.js';

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
