import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type LockGuard, type Mutex } from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

describe('isHeld', () => {
  it('is true for the function that acquired, and in a scope for any helper that it awaits', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      const helper = async (): Promise<boolean | undefined> => {
        await nextTurn();
        return instance.lockdep.isHeld(lock);
      };
      const release = await lock.acquire();
      assert.equal(instance.lockdep.isHeld(lock), true);
      assert.equal(await helper(), undefined);
      release();
      assert.equal(instance.lockdep.isHeld(lock), false);
      await lock.runExclusive(async () => {
        await nextTurn();
        assert.equal(await helper(), true);
      });
    }));

  it('is not true for a detached child, which nobody waits for', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      let child: Promise<boolean | undefined> | undefined;
      await lock.runExclusive(async () => {
        child = (async () => {
          await nextTurn();
          return instance.lockdep.isHeld(lock);
        })();
        await settle(4);
      });
      assert.equal(await child, undefined);
    }));

  it('is unknown for a lock that is given away: whoever runs may have got it', () =>
    isolated(async (instance) => {
      const [lock, other] = [new instance.Mutex(), new instance.Mutex()];
      const guard = await instance.lockdep.detached(() => lock.lock());
      guard.transfer();
      assert.equal(await other.runExclusive(async () => instance.lockdep.isHeld(lock)), undefined);
      instance.lockdep.assertHeld(lock);
      guard.release();
      assert.equal(instance.lockdep.isHeld(lock), false);
      assert.deepEqual(seen(instance), []);
    }));

  it('is unknown for a permit that was taken while nothing was followed', () =>
    isolated(
      async (instance) => {
        const semaphore = new instance.Semaphore(2);
        const [, release] = await semaphore.acquire();
        instance.lockdep.configure({ mode: 'warn' });
        assert.equal(instance.lockdep.isHeld(semaphore), undefined);
        release();
        assert.equal(instance.lockdep.isHeld(semaphore), false);
      },
      { mode: 'off' },
    ));

  it('is unknown where a function returned with the hold to a callback, as the hook of a test runner does', () =>
    isolated(async ({ lockdep, Mutex }) => {
      const [lock, other] = [new Mutex(), new Mutex()];
      let release = (): void => undefined;
      const hook = async (): Promise<void> => {
        release = await lock.acquire();
      };
      await new Promise<void>((resolve, reject) => {
        hook().then(() => resolve(), reject);
      });
      await other.runExclusive(() => {
        assert.equal(lockdep.isHeld(lock), undefined);
        lockdep.assertHeld(lock);
      });
      release();
      assert.deepEqual(lockdep.reports(), []);
    }));

  it('is unknown while nothing is followed', () =>
    isolated(
      async (instance) => {
        const lock = new instance.Mutex();
        await lock.runExclusive(() => {
          assert.equal(instance.lockdep.isHeld(lock), undefined);
          instance.lockdep.assertHeld(lock);
          instance.lockdep.assertNotHeld(lock);
          instance.lockdep.assertNoneHeld();
        });
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'off' },
    ));

  it('names what is not a lock', () =>
    isolated((instance) => {
      assert.throws(() => instance.lockdep.isHeld({} as never), { name: 'TypeError', message: /lock must be a lock/ });
      assert.throws(() => instance.lockdep.assertHeld(null as never), { name: 'TypeError' });
      const lock = new instance.Mutex();
      assert.throws(() => instance.lockdep.assertHeld(lock, 'append' as never), {
        name: 'RangeError',
        message: /append/,
      });
    }));
});

describe('assertions', () => {
  it('that hold are silent', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      instance.lockdep.assertNotHeld(lock);
      instance.lockdep.assertNoneHeld();
      const release = await lock.acquire();
      instance.lockdep.assertHeld(lock);
      release();
      assert.deepEqual(seen(instance), []);
    }));

  it('without a mode are satisfied by any hold, for writing by that of a writer alone', () =>
    isolated(async (instance) => {
      const { lockdep } = instance;
      for (const fairness of ['fifo', 'reader-preferring'] as const) {
        const lock = new instance.RWSemaphore({ class: new LockClass(fairness), fairness });
        const read = await lock.lockRead();
        lockdep.assertHeld(lock);
        lockdep.assertHeld(lock, 'read');
        read.release();
        await lock.runRead(() => lockdep.assertHeld(lock));
        await lock.runWrite(() => {
          lockdep.assertHeld(lock);
          lockdep.assertHeld(lock, 'read');
          lockdep.assertHeld(lock, 'write');
        });
        const write = await lock.lockWrite();
        lockdep.assertHeld(lock, 'write');
        const downgraded = write.downgrade();
        lockdep.assertHeld(lock);
        assert.deepEqual(seen(instance), []);
        downgraded.release();
      }
      const permits = new instance.Semaphore(2);
      await permits.runExclusive(() => lockdep.assertHeld(permits));
      assert.deepEqual(seen(instance), []);
    }));

  it('that a lock is not held, or for writing, fail under a read hold', () =>
    isolated(async (instance) => {
      const { lockdep } = instance;
      const lock = new instance.RWSemaphore({ class: new LockClass('table') });
      await lock.runRead(() => {
        lockdep.assertNotHeld(lock);
        lockdep.assertHeld(lock, 'write');
      });
      lockdep.assertHeld(lock);
      assert.deepEqual(
        lockdep.reports().map(({ message }) => /the flow (?:holds|does not hold)[^\n]*/.exec(message)?.[0]),
        [
          'the flow holds the lock, as it must not here',
          'the flow holds the lock for reading only, where it must hold it for writing',
          'the flow does not hold the lock, as it must here',
        ],
      );
    }));

  it('that fail are reported, each place of a lock once', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex({ class: new LockClass('vault') });
      instance.lockdep.assertHeld(lock);
      await lock.runExclusive(async () => {
        await nextTurn();
        instance.lockdep.assertNotHeld(lock);
        instance.lockdep.assertNoneHeld();
      });
      assert.deepEqual(seen(instance), ['assertion strict x1', 'assertion strict x1', 'assertion strict x1']);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /does not hold the lock, as it must here/);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /assertions\.test\.ts/);
    }));

  it('that are broken by what a helper has returned are told when that is released', () =>
    isolated(async (instance) => {
      const { lockdep } = instance;
      const lock = new instance.Mutex({ class: new LockClass('vault') });
      const table = new instance.RWSemaphore({ class: new LockClass('table') });
      const open = async <T>(take: () => Promise<T>): Promise<T> => {
        await nextTurn();
        return await take();
      };
      const release = await open(() => lock.acquire());
      lockdep.assertHeld(lock);
      lockdep.assertNotHeld(lock);
      lockdep.assertNoneHeld();
      const read = await open(() => table.acquireRead());
      lockdep.assertHeld(table, 'write');
      assert.deepEqual(seen(instance), []);
      await nextTurn();
      read();
      release();
      assert.deepEqual(
        lockdep.reports().map(({ tier, message }) => `${tier}: ${/the flow holds[^\n]*/.exec(message)?.[0]}`),
        [
          'strict: the flow holds the lock for reading only, where it must hold it for writing',
          'strict: the flow holds the lock, as it must not here',
          'strict: the flow holds a lock where it must hold none',
        ],
      );
    }));

  it('that only seem broken are not told where another flow releases what a helper has returned', () =>
    isolated(async (instance) => {
      const { lockdep } = instance;
      const lock = new instance.Mutex({ class: new LockClass('vault') });
      const open = async (): Promise<() => void> => await lock.acquire();
      const releases: (() => void)[] = [];
      const worker = async (): Promise<void> => {
        releases.push(await open());
        // Given away by now, without a word.
        lockdep.assertNotHeld(lock);
      };
      await lockdep.detached(worker);
      releases.pop()?.();
      assert.deepEqual(seen(instance), []);
    }));

  it('throw in enforce, and leave the lock as it is', () =>
    isolated(
      async (instance) => {
        const lock = new instance.Mutex();
        assert.throws(() => instance.lockdep.assertHeld(lock), { code: 'ERR_LOCKDEP_ASSERTION' });
        const guard = await lock.lock();
        assert.throws(() => instance.lockdep.assertNotHeld(lock), { code: 'ERR_LOCKDEP_ASSERTION' });
        assert.equal(lock.isLocked(), true);
        guard.release();
      },
      { mode: 'enforce' },
    ));
});

describe('task', () => {
  it('inherits nothing, and gives its name to reports', () =>
    isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      await a.runExclusive(() =>
        instance.lockdep.task('nightly', async () => {
          assert.deepEqual(instance.lockdep.held(), []);
          await b.runExclusive(() => a.isLocked());
        }),
      );
      const nest = (): Promise<void> =>
        instance.lockdep.task('refund', () => b.runExclusive(() => a.runExclusive(() => undefined)));
      await nest();
      await a.runExclusive(() => b.runExclusive(() => undefined));
      const report = instance.lockdep.reports()[0];
      assert.equal(report?.kind, 'circular-dependency');
      assert.deepEqual(report?.cycle?.map(({ task }) => task).toSorted(), ['main', 'refund']);
    }));

  it('that leaves a lock held is advised of a leak, with the place that took it; a hand-over is none', () =>
    isolated(async (instance) => {
      const [kept, handed] = [new instance.Mutex(), new instance.Mutex()];
      let guard: LockGuard | undefined;
      const release = await instance.lockdep.task('import', async () => {
        guard = await handed.lock();
        guard.transfer();
        return await kept.acquire();
      });
      await settle(1);
      assert.deepEqual(seen(instance), ['leaked-lock advisory x1']);
      assert.match(instance.lockdep.reports()[0]?.message ?? '', /task "import" has ended/);
      release();
      guard?.release();
    }));

  it('is not blamed for what detached work in it holds on to', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex();
      let kept: Promise<LockGuard> | undefined;
      await instance.lockdep.task('request', async () => {
        kept = instance.lockdep.detached(() => lock.lock());
        await settle(1);
      });
      await settle(1);
      assert.deepEqual(seen(instance), []);
      (await kept)?.release();
    }));

  it('passes the result on, and an error as well', () =>
    isolated(async (instance) => {
      assert.equal(
        instance.lockdep.task('sync', () => 7),
        7,
      );
      await assert.rejects(
        instance.lockdep.task('fails', async () => {
          throw new Error('inside');
        }),
        /inside/,
      );
      const fail = (): never => {
        throw new Error('at once');
      };
      assert.throws(() => instance.lockdep.task('throws', fail), /at once/);
      assert.throws(() => instance.lockdep.task(1 as never, () => 1), { name: 'TypeError', message: /name/ });
      assert.throws(() => instance.lockdep.task('x', 1 as never), { name: 'TypeError', message: /fn/ });
    }));
});

describe('ways out where proof can not be had', () => {
  const throughTimer = (work: () => Promise<void>): Promise<void> =>
    new Promise((resolve, reject) => {
      setImmediate(() => {
        work().then(resolve, reject);
      });
    });

  it('structured: what it starts is waited for, however it is awaited', () =>
    isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      const take = (lock: Mutex) => (): Promise<void> => lock.runExclusive(() => undefined);
      await a.runExclusive(() => instance.lockdep.structured(() => throughTimer(take(b))));
      await b.runExclusive(take(a));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('structured without a hold just runs', () =>
    isolated((instance) => {
      assert.equal(
        instance.lockdep.structured(() => 3),
        3,
      );
    }));

  it('adopt: a lock that another flow handed here is this flow’s', () =>
    isolated(async (instance) => {
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      await b.runExclusive(() => a.runExclusive(() => undefined));
      const guard = await instance.lockdep.detached(() => a.lock());
      guard.transfer();
      assert.deepEqual(instance.lockdep.held(), []);
      await instance.lockdep.task('worker', async () => {
        await nextTurn();
        instance.lockdep.adopt(guard);
        assert.equal(instance.lockdep.held()[0]?.lock, a);
        await nextTurn();
        await (async () => {
          (await b.acquire())();
        })();
        guard.release();
      });
      assert.equal(instance.lockdep.reports()[0]?.kind, 'circular-dependency');
      assert.throws(() => instance.lockdep.adopt(1 as never), { name: 'TypeError', message: /hold/ });
    }));
});
