/** The adapters of examples/foreign, against the real packages. */
import assert from 'node:assert/strict';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { describe, it } from 'node:test';
import AsyncLock from 'async-lock';
import { LockClass, type LockdepOptions, type Report } from 'lockdep';
import { createLockdep, type IsolatedLockdep } from 'lockdep/testing';
import { Pool } from 'tarn';
import { followAsyncLock } from '../../examples/foreign/async-lock.js';
import { followPool } from '../../examples/foreign/tarn.js';

interface Resource {
  readonly id: number;
}

type PoolOptions = Partial<ConstructorParameters<typeof Pool<Resource>>[0]>;

class Scene {
  readonly instance: IsolatedLockdep;
  readonly pools: Pool<Resource>[] = [];

  constructor(instance: IsolatedLockdep) {
    this.instance = instance;
  }

  locks(options?: AsyncLock.AsyncLockOptions): AsyncLock {
    return followAsyncLock(new AsyncLock(options), 'locks', this.instance.trackedLock);
  }

  pool(max: number, options: PoolOptions = {}): Pool<Resource> {
    let id = 0;
    const create = async (): Promise<Resource> => {
      await turn();
      return { id: ++id };
    };
    const pool = new Pool<Resource>({ min: 0, max, create, destroy: () => undefined, ...options });
    this.pools.push(pool);
    return followPool(pool, 'database', this.instance.trackedLock);
  }
}

interface Seen {
  readonly reports: readonly Report[];
  /** `kind tier` of each. */
  readonly verdicts: readonly string[];
}

/** Runs a program, after which nothing is held or awaited. */
async function play(program: (scene: Scene) => Promise<void>, options: Partial<LockdepOptions> = {}): Promise<Seen> {
  const instance = createLockdep(options);
  const scene = new Scene(instance);
  try {
    await program(scene);
    const reports = instance.lockdep.reports();
    if (instance.lockdep.mode !== 'off') {
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
    }
    return { reports, verdicts: reports.map(({ kind, tier }) => `${kind} ${tier}`) };
  } finally {
    await Promise.all(scene.pools.map((pool) => pool.destroy()));
    instance.dispose();
  }
}

async function nest(locks: AsyncLock, outer: string, inner: string, act: () => unknown = turn): Promise<void> {
  await locks.acquire(outer, () => locks.acquire(inner, () => act()));
}

describe('async-lock', () => {
  for (const tracking of ['precise', 'light'] as const) {
    it(`is reported for two keys in opposite orders, with tracking ${tracking}`, async () => {
      const { reports, verdicts } = await play(
        async (scene) => {
          const locks = scene.locks();
          await nest(locks, 'accounts', 'ledger');
          await nest(locks, 'ledger', 'accounts');
        },
        { tracking },
      );
      assert.deepEqual(verdicts, ['circular-dependency strict']);
      assert.equal(reports[0]?.id, 'circular-dependency:locks accounts -> locks ledger');
      for (const { held, acquiring } of reports[0]?.cycle ?? []) {
        for (const { site } of [held, acquiring]) assert.match(site, /^test\/examples\/foreign\.test\.ts/);
      }
      assert.equal(reports[0]?.cycle?.length, 2);
      assert.equal(reports[0]?.count, 1);
    });
  }
  it('is reported for a callback that is over at once', async () => {
    const { verdicts } = await play(async (scene) => {
      const locks = scene.locks();
      await nest(locks, 'a', 'b', () => undefined);
      await nest(locks, 'b', 'a', () => undefined);
    });
    assert.deepEqual(verdicts, ['circular-dependency strict']);
  });
  it('is reported for a key within itself, which times out', async () => {
    const { verdicts } = await play(async (scene) => {
      const locks = scene.locks({ timeout: 50 });
      await assert.rejects(nest(locks, 'a', 'a'), /timed out/);
    });
    assert.deepEqual(verdicts, ['recursive-locking strict']);
  });
  it('is reported for a key and a mutex in opposite orders', async () => {
    const { verdicts } = await play(async (scene) => {
      const locks = scene.locks();
      const mutex = new scene.instance.Mutex({ class: new LockClass('mutex') });
      await locks.acquire('a', () => mutex.runExclusive(() => undefined));
      const release = await mutex.acquire();
      await locks.acquire('a', () => turn());
      release();
    });
    assert.deepEqual(verdicts, ['circular-dependency strict']);
  });
  it('takes keys of one shape for locks of one class', async () => {
    const { reports } = await play(async (scene) => {
      const locks = scene.locks();
      await nest(locks, 'user:1', 'account:7');
      await nest(locks, 'account:9', 'user:24');
    });
    assert.equal(reports[0]?.id, 'circular-dependency:locks account:* -> locks user:*');
    assert.equal(reports[0]?.acquiring?.name, 'user:24');
  });
  it('is silent for keys in one order, for work that is not waited for, and for what is left to the package', async () => {
    const { verdicts } = await play(async (scene) => {
      const locks = scene.locks();
      await Promise.all([nest(locks, 'a', 'b'), nest(locks, 'a', 'b'), nest(locks, 'a', 'b')]);
      let late: Promise<unknown> | undefined;
      await locks.acquire('b', () => {
        late = locks.acquire('a', () => sleep(5));
      });
      await late;
      await locks.acquire(['b', 'a'], () => turn());
      await new Promise((resolve) => {
        locks.acquire(
          'b',
          (done) =>
            locks.acquire(
              'a',
              (inner) => inner(),
              () => done(),
            ),
          resolve,
        );
      });
    });
    assert.deepEqual(verdicts, []);
  });
  it('is held by nobody after a callback that throws, fails or takes too long', async () => {
    await play(async (scene) => {
      const locks = scene.locks({ maxPending: 1 });
      const fail = (): never => {
        throw new Error('thrown');
      };
      await assert.rejects(locks.acquire('a', fail), /thrown/);
      await assert.rejects(
        locks.acquire('a', () => Promise.reject(new Error('failed'))),
        /failed/,
      );
      await assert.rejects(
        locks.acquire('a', () => sleep(20), { maxExecutionTime: 2 }),
        /Maximum execution time/,
      );
      const [busy, queued] = [locks.acquire('b', () => turn()), locks.acquire('b', () => turn())];
      await assert.rejects(
        locks.acquire('b', () => undefined),
        /Too many pending/,
      );
      await Promise.all([busy, queued, sleep(25)]);
    });
  });
  it('keeps no lock for each key of many', async () => {
    let made = 0;
    await play(async ({ instance }) => {
      const locks = followAsyncLock(new AsyncLock(), 'many', (options) => {
        made += 1;
        return instance.trackedLock(options);
      });
      for (let i = 0; i < 1500; i++) await locks.acquire(`key ${i}`, () => undefined);
      await locks.acquire('key 1499', () => undefined);
      assert.equal(made, 1500, 'the lock of a key is the same while it is in use');
      await locks.acquire('key 0', () => undefined);
      assert.equal(made, 1501, 'that of one long since free is not kept');
    });
  });
});

/** A transaction, whose connection is given back by a function of its own, after a wait. */
async function transaction(pool: Pool<Resource>, act: () => unknown): Promise<void> {
  const resource = await pool.acquire().promise;
  try {
    await act();
  } finally {
    await commit(pool, resource);
  }
}

async function commit(pool: Pool<Resource>, resource: Resource): Promise<void> {
  await turn();
  pool.release(resource);
}

async function audit(pool: Pool<Resource>): Promise<void> {
  const resource = await pool.acquire().promise;
  await turn();
  pool.release(resource);
}

describe('tarn', () => {
  it('is reported for a second connection inside a transaction, from one request', async () => {
    const { reports, verdicts } = await play(async (scene) => {
      const pool = scene.pool(4);
      await transaction(pool, () => audit(pool));
    });
    assert.deepEqual(verdicts, ['semaphore-exhaustion strict']);
    assert.match(
      reports[0]?.message.replaceAll(/\s+/g, ' ') ?? '',
      /holds 1 of 4 permits and wants 1 more of the same tarn pool: 4 flows that do so at once leave too few/,
    );
    assert.match(reports[0]?.acquiring?.stack[0] ?? '', /^audit \(test\/examples\/foreign\.test\.ts/);
    assert.match(reports[0]?.held[0]?.stack[0] ?? '', /^transaction \(test\/examples\/foreign\.test\.ts/);
  });
  it('is silent for one connection after another, and for what a transaction does not wait for', async () => {
    const { verdicts } = await play(async (scene) => {
      const pool = scene.pool(4);
      await transaction(pool, turn);
      await audit(pool);
      await Promise.all([1, 2, 3, 4, 5, 6].map(() => audit(pool)));
      let late: Promise<void> | undefined;
      await transaction(pool, () => {
        late = audit(pool);
      });
      await late;
    });
    assert.deepEqual(verdicts, []);
  });
  it('is reported when the hang has come, before anything is given back', async () => {
    const { verdicts } = await play(async (scene) => {
      const pool = scene.pool(2, { acquireTimeoutMillis: 200 });
      const flows = Promise.allSettled([1, 2].map(() => transaction(pool, () => audit(pool))));
      await sleep(50);
      assert.deepEqual(
        scene.instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`),
        ['semaphore-exhaustion advisory'],
      );
      await flows;
    });
    assert.equal(verdicts.length, 1);
  });
  it('is reported beside a mutex in opposite orders', async () => {
    const { verdicts } = await play(async (scene) => {
      const pool = scene.pool(4);
      const mutex = new scene.instance.Mutex({ class: new LockClass('cache') });
      await mutex.runExclusive(() => audit(pool));
      await transaction(pool, () => mutex.runExclusive(() => undefined));
    });
    assert.deepEqual(verdicts, ['circular-dependency strict']);
  });
  it('counts with what the pool has at the time', async () => {
    const { reports } = await play(async (scene) => {
      const pool = scene.pool(2);
      (pool as unknown as { max: number }).max = 6;
      await transaction(pool, () => audit(pool));
    });
    assert.equal(reports[0]?.exhaustion?.flows, 6);
  });
  it('holds nothing of a request that times out, is aborted, or whose resource fails', async () => {
    await play(async (scene) => {
      const pool = scene.pool(1, { acquireTimeoutMillis: 300 });
      const resource = await pool.acquire().promise;
      const pending = scene.instance.lockdep.detached(() => pool.acquire());
      pending.abort();
      await assert.rejects(pending.promise, /aborted/);
      await assert.rejects(
        scene.instance.lockdep.detached(() => pool.acquire().promise),
        /timed out/,
      );
      pool.release(resource);
      const refuse = (): Promise<never> => Promise.reject(new Error('refused'));
      const broken = scene.pool(1, { create: refuse, propagateCreateError: true });
      await assert.rejects(broken.acquire().promise, /refused/);
    });
  });
  it('rejects in enforce what is certain, and gives back what is granted to it', async () => {
    await play(
      async (scene) => {
        const pool = scene.pool(2);
        const outcomes: unknown[] = [];
        for (let i = 0; i < 3; i++) {
          const outer = await pool.acquire().promise;
          try {
            pool.release(await pool.acquire().promise);
            outcomes.push('granted');
          } catch (error) {
            outcomes.push((error as { code?: string }).code);
          }
          pool.release(outer);
        }
        // Who has a resource is certain when it is given back.
        assert.deepEqual(outcomes, ['granted', ...Array(2).fill('ERR_LOCKDEP_SEMAPHORE_EXHAUSTION')]);
        for (let turns = 0; turns < 8; turns++) await turn();
        assert.deepEqual([pool.numUsed(), pool.numPendingAcquires()], [0, 0]);
      },
      { mode: 'enforce' },
    );
  });
});

describe('the adapters', () => {
  it('change no value, error or order of what the packages do, in no mode', async () => {
    const run = async (mode: LockdepOptions['mode']): Promise<string[]> => {
      const log: string[] = [];
      await play(
        async (scene) => {
          const [locks, pool] = [scene.locks({ maxPending: 3 }), scene.pool(2, { acquireTimeoutMillis: 500 })];
          const keyed = async (i: number): Promise<void> => {
            const note = (what: unknown): unknown => log.push(`key ${i} ${String(what)}`);
            await locks
              .acquire(`k${i % 2}`, async () => {
                note('begins');
                await turn();
                if (i % 3 === 0) throw new Error('fails');
                return i;
              })
              .then(note, note);
          };
          const pooled = async (i: number): Promise<void> => {
            try {
              const resource = await pool.acquire().promise;
              log.push(`pool ${i} got ${resource.id}`);
              await sleep(2 * i);
              log.push(`pool ${i} gives back: ${pool.release(resource)}`);
            } catch (error) {
              log.push(`pool ${i} ${String(error)}`);
            }
          };
          await Promise.all([0, 1, 2, 3, 4, 5, 6, 7, 8].map(keyed));
          await Promise.all([1, 2, 3, 4, 5].map(pooled));
        },
        { mode },
      );
      return log;
    };
    const plain = await run('off');
    assert.ok(plain.length > 20);
    assert.deepEqual(await run('warn'), plain);
    assert.deepEqual(await run('enforce'), plain);
  });
});
