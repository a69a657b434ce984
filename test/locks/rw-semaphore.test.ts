import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockTimeoutError, NotHeldError, RWSemaphore, type Releaser } from '../../src/index.js';
import { FakeClock, settled } from '../differential/fake-clock.js';
import { isolated, seen } from '../support/harness.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';

const MODES = ['off', 'warn', 'enforce'] as const;

/** Who got in so far, and how each of them leaves. Every request is a flow of its own. */
class Stage {
  readonly in: string[] = [];
  readonly out: string[] = [];
  readonly #releases = new Map<string, Releaser>();
  readonly #lock: RWSemaphore;
  readonly #instance: IsolatedLockdep;

  constructor(instance: IsolatedLockdep, lock: RWSemaphore) {
    this.#instance = instance;
    this.#lock = lock;
  }

  async reader(name: string, options?: Parameters<RWSemaphore['acquireRead']>[0]): Promise<void> {
    this.#ask(name, () => this.#lock.acquireRead(options));
    await settled();
  }

  async writer(name: string, options?: Parameters<RWSemaphore['acquireWrite']>[0]): Promise<void> {
    this.#ask(name, () => this.#lock.acquireWrite(options));
    await settled();
  }

  async leave(name: string): Promise<void> {
    const release = this.#releases.get(name);
    assert.ok(release !== undefined, `${name} is not in`);
    release();
    await settled();
  }

  #ask(name: string, acquire: () => Promise<Releaser>): void {
    void this.#instance.lockdep.detached(async () => {
      try {
        this.#releases.set(name, await acquire());
        this.in.push(name);
      } catch {
        this.out.push(name);
      }
    });
  }
}

for (const mode of MODES) {
  const scene = (
    name: string,
    body: (stage: Stage, lock: RWSemaphore, instance: IsolatedLockdep) => Promise<void>,
    fairness: 'fifo' | 'reader-preferring' = 'fifo',
  ): void =>
    void it(name, () =>
      isolated(
        async (instance) => {
          const lock = new instance.RWSemaphore({ fairness });
          await body(new Stage(instance, lock), lock, instance);
          assert.deepEqual(seen(instance), []);
        },
        { mode },
      ),
    );

  describe(`a fair reader/writer lock in mode ${mode}`, () => {
    scene('readers share it, a writer has it alone', async (stage, lock) => {
      await stage.reader('r1');
      await stage.reader('r2');
      await stage.writer('w');
      assert.deepEqual([lock.readers, lock.writer, lock.isLocked()], [2, false, true]);
      await stage.leave('r1');
      await stage.leave('r2');
      assert.deepEqual([lock.readers, lock.writer, lock.isLocked()], [0, true, true]);
      await stage.leave('w');
      assert.deepEqual([lock.readers, lock.writer, lock.isLocked()], [0, false, false]);
      assert.deepEqual(stage.in, ['r1', 'r2', 'w']);
    });

    scene('a queued writer holds back new readers', async (stage) => {
      await stage.reader('r1');
      await stage.writer('w');
      await stage.reader('r2');
      assert.deepEqual(stage.in, ['r1']);
      await stage.leave('r1');
      assert.deepEqual(stage.in, ['r1', 'w']);
      await stage.leave('w');
      assert.deepEqual(stage.in, ['r1', 'w', 'r2']);
    });

    scene('a queued reader holds back later writers', async (stage) => {
      await stage.writer('w1');
      await stage.reader('r');
      await stage.writer('w2');
      await stage.leave('w1');
      assert.deepEqual(stage.in, ['w1', 'r']);
      await stage.leave('r');
      assert.deepEqual(stage.in, ['w1', 'r', 'w2']);
    });

    scene('readers between two writers are woken together', async (stage, lock) => {
      await stage.writer('w1');
      for (const name of ['r1', 'r2', 'r3']) await stage.reader(name);
      await stage.writer('w2');
      await stage.reader('r4');
      await stage.leave('w1');
      assert.deepEqual(stage.in, ['w1', 'r1', 'r2', 'r3']);
      assert.equal(lock.readers, 3);
    });

    scene('neither side starves the other while both keep coming', async (stage) => {
      await stage.writer('w0');
      for (let i = 1; i <= 4; i++) {
        await stage.reader(`r${i}`);
        await stage.writer(`w${i}`);
      }
      for (let i = 0; i < 4; i++) {
        await stage.leave(`w${i}`);
        await stage.leave(`r${i + 1}`);
      }
      assert.deepEqual(stage.in, ['w0', 'r1', 'w1', 'r2', 'w2', 'r3', 'w3', 'r4', 'w4']);
    });

    scene('a higher priority goes first, on either side', async (stage) => {
      await stage.writer('w1');
      await stage.writer('w2');
      await stage.reader('urgent', 5);
      await stage.writer('most urgent', { priority: 9 });
      await stage.leave('w1');
      await stage.leave('most urgent');
      await stage.leave('urgent');
      assert.deepEqual(stage.in, ['w1', 'most urgent', 'urgent', 'w2']);
    });

    scene('a writer that is aborted lets the readers behind it in', async (stage) => {
      const controller = new AbortController();
      await stage.reader('r1');
      await stage.writer('w', { signal: controller.signal });
      await stage.reader('r2');
      await stage.reader('r3');
      controller.abort();
      await settled();
      assert.deepEqual([stage.in, stage.out], [['r1', 'r2', 'r3'], ['w']]);
    });

    scene('a writer that times out lets the readers behind it in', async (stage, lock) => {
      const clock = new FakeClock();
      clock.install();
      try {
        await stage.reader('r1');
        const writer = assert.rejects(
          lock.acquireWrite({ timeout: 50 }),
          (error: unknown) => error instanceof LockTimeoutError,
        );
        await stage.reader('r2');
        assert.deepEqual(stage.in, ['r1']);
        await clock.advance(50);
        await writer;
        assert.deepEqual(stage.in, ['r1', 'r2']);
        assert.equal(clock.liveTimers, 0);
      } finally {
        clock.uninstall();
      }
    });

    scene('cancel rejects all who wait and leaves who is in', async (stage, lock) => {
      await stage.reader('r1');
      await stage.writer('w');
      await stage.reader('r2');
      lock.cancel();
      await settled();
      assert.deepEqual([stage.in, stage.out], [['r1'], ['w', 'r2']]);
      assert.equal(lock.readers, 1);
    });

    scene('a try never waits, and never passes a queued writer', async (stage, lock) => {
      const first = lock.tryAcquireRead();
      assert.ok(first !== undefined);
      assert.equal(lock.tryAcquireWrite(), undefined);
      await stage.writer('w');
      assert.equal(lock.tryAcquireRead(), undefined);
      first();
      await settled();
      assert.equal(lock.tryLockRead(), undefined);
      await stage.leave('w');
      const guard = lock.tryLockWrite();
      assert.equal(lock.writer, true);
      guard?.release();
      assert.equal(lock.isLocked(), false);
    });

    scene('a downgrade keeps writers out and lets the readers at the head in', async (stage, lock) => {
      const guard = await lock.lockWrite();
      await stage.reader('r1');
      await stage.reader('r2');
      await stage.writer('w');
      await stage.reader('r3');
      const read = guard.downgrade();
      await settled();
      assert.deepEqual(stage.in, ['r1', 'r2']);
      assert.deepEqual([lock.readers, lock.writer, guard.released, read.released], [3, false, true, false]);
      read.release();
      await stage.leave('r1');
      await stage.leave('r2');
      assert.deepEqual(stage.in, ['r1', 'r2', 'w']);
    });

    it('a guard that was downgraded is released: a second downgrade or release throws', () =>
      isolated(
        async (instance) => {
          const lock = new instance.RWSemaphore();
          const guard = await lock.lockWrite();
          const read = guard.downgrade();
          assert.throws(() => guard.downgrade(), NotHeldError);
          assert.throws(() => guard.release(), NotHeldError);
          assert.throws(() => guard.transfer(), NotHeldError);
          assert.equal(lock.readers, 1);
          read.release();
          assert.throws(() => read.release(), NotHeldError);
          assert.equal(lock.isLocked(), false);
        },
        { mode },
      ));

    scene('scopes and guards give back what they took, also after a failure', async (_stage, lock) => {
      assert.equal(await lock.runRead(() => lock.readers), 1);
      assert.equal(await lock.runWrite(async () => Promise.resolve(lock.writer)), true);
      await assert.rejects(
        lock.runWrite(() => assert.fail('thrown inside')),
        /thrown inside/,
      );
      {
        using guard = await lock.lockRead();
        assert.deepEqual([lock.readers, guard.released], [1, false]);
      }
      {
        using guard = await lock.lockWrite();
        using read = guard.downgrade();
        assert.equal(read.released, false);
      }
      assert.equal(lock.isLocked(), false);
    });

    scene('a releaser works once', async (stage, lock) => {
      const release = await lock.acquireRead();
      await stage.reader('r');
      release();
      release();
      assert.equal(lock.readers, 1);
    });
  });

  describe(`a reader-preferring lock in mode ${mode}`, () => {
    const preferring: typeof scene = (name, body) => scene(name, body, 'reader-preferring');

    preferring('readers pass a queued writer', async (stage) => {
      await stage.reader('r1');
      await stage.writer('w');
      await stage.reader('r2');
      assert.deepEqual(stage.in, ['r1', 'r2']);
      await stage.leave('r1');
      assert.deepEqual(stage.in, ['r1', 'r2']);
      await stage.leave('r2');
      assert.deepEqual(stage.in, ['r1', 'r2', 'w']);
    });

    preferring('a writer that leaves lets in every reader, before any writer', async (stage) => {
      await stage.writer('w1');
      await stage.writer('w2', 7);
      await stage.reader('r1');
      await stage.writer('w3');
      await stage.reader('r2');
      await stage.leave('w1');
      assert.deepEqual(stage.in, ['w1', 'r1', 'r2']);
      await stage.leave('r1');
      await stage.leave('r2');
      assert.deepEqual(stage.in, ['w1', 'r1', 'r2', 'w2']);
    });

    preferring('a downgrade lets in every reader', async (stage, lock) => {
      const guard = await lock.lockWrite();
      await stage.writer('w');
      await stage.reader('r1');
      const read = guard.downgrade();
      await settled();
      assert.deepEqual(stage.in, ['r1']);
      read.release();
      await stage.leave('r1');
      assert.deepEqual(stage.in, ['r1', 'w']);
    });

    preferring('cancel rejects readers and writers alike', async (stage, lock) => {
      await stage.writer('w1');
      await stage.writer('w2');
      await stage.reader('r');
      lock.cancel();
      await settled();
      assert.deepEqual([stage.in, stage.out], [['w1'], ['r', 'w2']]);
      await stage.leave('w1');
      assert.equal(lock.isLocked(), false);
    });
  });
}

describe('what RWSemaphore refuses', () => {
  it('names the option and the value', async () => {
    assert.throws(
      () => new RWSemaphore({ fairness: 'writers' as never }),
      /^RangeError: option fairness must be .*"writers"/,
    );
    assert.throws(() => new RWSemaphore({ fairness: 1 as never }), /^TypeError: option fairness must be .* got 1/);
    const lock = new RWSemaphore();
    await assert.rejects(lock.acquireRead('soon' as never), TypeError);
    await assert.rejects(lock.acquireWrite({ timeout: NaN }), RangeError);
    await assert.rejects(lock.runRead('work' as never), TypeError);
    assert.throws(() => lock.mightWrite({ nestLock: {} as never }), /option nestLock must be a lock of this package/);
    assert.equal(lock.isLocked(), false);
  });

  it('disposed of while a reader holds it, it is reported', () =>
    isolated(async (instance) => {
      const lock = new instance.RWSemaphore();
      const release = await lock.acquireRead();
      lock[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
      release();
      lock[Symbol.dispose]();
      assert.deepEqual(seen(instance), ['held-lock-freed strict x1']);
    }));
});
