import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockTimeoutError, Mutex, NotHeldError, Semaphore, withTimeout } from '../../src/index.js';
import { isolated, seen } from '../support/harness.js';

const MODES = ['off', 'warn', 'enforce'] as const;

for (const mode of MODES) {
  describe(`in mode ${mode}`, () => {
    it('a guard releases at the end of its using block', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          {
            using guard = await lock.lock();
            assert.equal(lock.isLocked(), true);
            assert.equal(guard.released, false);
          }
          {
            await using guard = await lock.lock();
            assert.equal(guard.released, false);
          }
          assert.equal(lock.isLocked(), false);
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      ));

    it('a guard released by hand is left alone by its using block', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Semaphore(2);
          {
            using guard = await lock.lock({ weight: 2 });
            guard.release();
            assert.equal(lock.getValue(), 2);
          }
          assert.equal(lock.getValue(), 2);
        },
        { mode },
      ));

    it('a guard released twice by hand throws, and frees nothing twice', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const guard = await lock.lock();
          guard.release();
          const other = await lock.lock();
          assert.throws(
            () => guard.release(),
            (error: unknown) => error instanceof NotHeldError && error.code === 'ERR_LOCKDEP_NOT_HELD',
          );
          assert.equal(lock.isLocked(), true);
          other.release();
          assert.deepEqual(seen(instance), mode === 'off' ? [] : ['bad-unlock-balance strict x1']);
        },
        { mode },
      ));

    it('a try takes what is free and nothing else', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const guard = lock.tryLock();
          assert.equal(lock.tryAcquire(), undefined);
          assert.equal(lock.tryLock(), undefined);
          guard?.release();
          lock.tryAcquire()?.();
          const permits = new instance.Semaphore(2);
          assert.equal(permits.tryAcquire(3), undefined);
          permits.tryAcquire(2)?.();
          assert.deepEqual([lock.isLocked(), permits.getValue()], [false, 2]);
        },
        { mode },
      ));

    it('an abort gives up the place, rejects with the reason itself, and lets those behind move up', () =>
      isolated(
        async (instance) => {
          const permits = new instance.Semaphore(2);
          const held = await permits.lock();
          held.transfer();
          const controller = new AbortController();
          const heavy = permits.acquire({ weight: 2, signal: controller.signal });
          const light = permits.acquire(1);
          const reason = { why: 'enough' };
          controller.abort(reason);
          await assert.rejects(heavy, (error) => error === reason);
          (await light)[1]();
          held.release();
          assert.equal(permits.getValue(), 2);
        },
        { mode },
      ));

    it('a signal that was aborted before takes no place at all', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const signal = AbortSignal.abort(new Error('too late'));
          await assert.rejects(lock.acquire({ signal }), /too late/);
          await assert.rejects(
            lock.runExclusive(() => assert.fail('ran'), { signal }),
            /too late/,
          );
          assert.equal(lock.isLocked(), false);
          assert.equal(instance.lockdep.showAllLocks().includes('waiting'), false);
        },
        { mode },
      ));

    it('a granted wait leaves no listener on its signal', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const { signal } = new AbortController();
          let listeners = 0;
          const { addEventListener, removeEventListener } = signal;
          signal.addEventListener = ((...args: Parameters<typeof addEventListener>) => {
            listeners += 1;
            return addEventListener.apply(signal, args);
          }) as typeof addEventListener;
          signal.removeEventListener = ((...args: Parameters<typeof removeEventListener>) => {
            listeners -= 1;
            return removeEventListener.apply(signal, args);
          }) as typeof removeEventListener;
          const release = await lock.acquire();
          const waiting = lock.acquire({ signal });
          assert.equal(listeners, 1);
          release();
          (await waiting)();
          assert.equal(listeners, 0);
        },
        { mode },
      ));

    it('one signal may bound any number of waits', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const guard = await lock.lock();
          guard.transfer();
          const controller = new AbortController();
          const reason = new Error('all of you');
          const waits = Array.from({ length: 5000 }, () => lock.acquire({ signal: controller.signal }));
          const kept = lock.acquire();
          controller.abort(reason);
          const results = await Promise.allSettled(waits);
          assert.ok(results.every((result) => result.status === 'rejected' && result.reason === reason));
          guard.release();
          (await kept)();
          assert.equal(lock.isLocked(), false);
        },
        { mode },
      ));

    it('a timeout gives up the place at once and rejects with its own error', async (t) => {
      t.mock.timers.enable({ apis: ['setTimeout'] });
      await isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const held = await lock.lock();
          held.transfer();
          const late = lock.acquire({ timeout: 50 });
          const failed = assert.rejects(
            late,
            (error: unknown) => error instanceof LockTimeoutError && error.code === 'ERR_LOCKDEP_TIMEOUT',
          );
          t.mock.timers.tick(50);
          await failed;
          held.release();
          assert.equal(lock.isLocked(), false);
        },
        { mode },
      );
    });

    it('what throws inside runExclusive frees the lock', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const fail = (): never => {
            throw new Error('inside');
          };
          await assert.rejects(lock.runExclusive(fail), /inside/);
          await assert.rejects(
            lock.runExclusive(async () => fail()),
            /inside/,
          );
          assert.equal(lock.isLocked(), false);
        },
        { mode },
      ));

    it('bad input is named, and harms nothing', () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex();
          const permits = new instance.Semaphore(1);
          const bad = (value: unknown): never => value as never;
          await assert.rejects(lock.acquire(NaN), {
            name: 'RangeError',
            message: /priority must be a number, got NaN/,
          });
          await assert.rejects(lock.acquire(bad('high')), { name: 'TypeError', message: /got "high"/ });
          await assert.rejects(lock.acquire({ timeout: NaN }), {
            name: 'RangeError',
            message: /option timeout .* got NaN/,
          });
          await assert.rejects(lock.acquire({ signal: bad({}) }), { name: 'TypeError', message: /signal/ });
          await assert.rejects(lock.acquire({ signal: bad({ aborted: false }) }), {
            name: 'TypeError',
            message: /signal/,
          });
          assert.throws(() => permits.acquire({ weight: 0 }), {
            name: 'RangeError',
            message: 'option weight must be a positive number, got 0',
          });
          assert.throws(() => permits.tryAcquire(NaN), {
            name: 'RangeError',
            message: /weight must be a number, got NaN/,
          });
          assert.throws(() => permits.setValue(bad('2')), {
            name: 'TypeError',
            message: /value must be a number, got "2"/,
          });
          assert.throws(() => new instance.Semaphore(bad(undefined)), {
            name: 'TypeError',
            message: /value must be a number/,
          });
          assert.throws(() => new instance.Mutex({ class: bad(3) }), {
            name: 'TypeError',
            message: /option class .* got 3/,
          });
          assert.deepEqual([lock.isLocked(), permits.getValue()], [false, 1]);
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      ));
  });
}

describe('misuse', () => {
  it('release of a free mutex is reported, and changes nothing', () =>
    isolated((instance) => {
      const lock = new instance.Mutex();
      lock.release();
      assert.equal(lock.isLocked(), false);
      assert.deepEqual(seen(instance), ['bad-unlock-balance strict x1']);
    }));

  it('a semaphore that is used as a signal may be released by anyone', () =>
    isolated(async (instance) => {
      const signal = new instance.Semaphore(0);
      const waiting = signal.acquire();
      signal.release();
      await waiting;
      signal.release(3);
      assert.equal(signal.getValue(), 3);
      assert.deepEqual(seen(instance), []);
    }));

  it('a releaser whose hold was ended by a foreign release is reported when it frees the next owner', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const stale = await lock.acquire();
      lock.release();
      await lock.acquire();
      stale();
      assert.equal(lock.isLocked(), false);
      assert.deepEqual(seen(instance), ['bad-unlock-balance strict x1']);
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
    }));

  it('release by the flow that holds it is no misuse', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      await lock.acquire();
      lock.release();
      assert.deepEqual(seen(instance), []);
    }));

  it('a hand-off is legal and silent: another flow may release', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const other = new instance.Mutex();
      const guard = await lock.lock();
      assert.equal(instance.lockdep.held().length, 1);
      guard.transfer();
      assert.deepEqual(instance.lockdep.held(), []);
      await other.runExclusive(() => undefined);
      await instance.lockdep.detached(async () => {
        await Promise.resolve();
        guard.release();
      });
      await other.runExclusive(() => lock.runExclusive(() => undefined));
      assert.deepEqual(seen(instance), []);
    }));

  it('the end of a held lock is reported, that of a free one is not', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const release = await lock.acquire();
      lock[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
      release();
      lock[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
    }));

  it('a release under a pin is reported, and releases', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const guard = await lock.lock();
      const pin = guard.pin();
      guard.release();
      assert.equal(lock.isLocked(), false);
      pin[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['assertion strict x1']);
    }));

  it('classes and instances are those of the package, and of its isolated instances', () =>
    isolated((instance) => {
      assert.ok(new instance.Mutex() instanceof Mutex);
      assert.ok(new instance.Semaphore(1) instanceof Semaphore);
    }));
});

describe('a lock in other hands', () => {
  it('works behind a Proxy and as a prototype, as async-mutex does', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const proxied = new Proxy(lock, {});
      const derived = Object.create(lock) as Mutex;
      assert.equal(await proxied.runExclusive(() => [lock.isLocked(), derived.isLocked()].join()), 'true,true');
      (await derived.acquire())();
      assert.equal(withTimeout(proxied, 5).isLocked(), false);
    }));

  it('a subclass may have any field and override acquire', () =>
    isolated(async (instance) => {
      let acquired = 0;
      class Named extends instance.Semaphore {
        readonly name = 'mine';
        readonly _value = 'mine too';
        override acquire(...args: Parameters<Semaphore['acquire']>): ReturnType<Semaphore['acquire']> {
          acquired += 1;
          return super.acquire(...args);
        }
      }
      const named = new Named(2);
      assert.equal(await named.runExclusive((value) => value), 2);
      assert.equal(acquired, 1);
      assert.equal(named.getValue(), 2);
    }));
});
