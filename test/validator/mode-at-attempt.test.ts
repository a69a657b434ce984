/** What was held while a lock was waited for counts as it was held then, whatever became of it before the verdict. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type LockGuard, type Mutex, type RWSemaphore } from '../../src/index.js';
import { isolated, seen } from '../support/harness.js';

interface Scene {
  readonly instance: IsolatedLockdep;
  /** A reader of it waits for a writer that holds only. */
  readonly table: RWSemaphore;
  readonly log: Mutex;
}

type Flow = (scene: Scene) => Promise<unknown>;

function scene(instance: IsolatedLockdep): Scene {
  const table = new instance.RWSemaphore({ class: new LockClass('table'), fairness: 'reader-preferring' });
  return { instance, table, log: new instance.Mutex({ class: new LockClass('log') }) };
}

/** Takes the log first and then the table, to read it: waits for a writer alone. */
async function readUnderLog({ table, log }: Scene): Promise<void> {
  await log.runExclusive(() => table.runRead(() => undefined));
}

/** Both flows, each in a task of its own, in either order. */
async function both(first: Flow, second: Flow): Promise<string[]> {
  const found = new Set<string>();
  for (const order of [
    [first, second],
    [second, first],
  ]) {
    await isolated(async (instance) => {
      const given = scene(instance);
      for (const flow of order) await instance.lockdep.task('flow', () => flow(given));
      for (const report of seen(instance)) found.add(report.replace(/ x\d+$/, ''));
    });
  }
  return [...found];
}

/** The table is held for writing while something is waited for, and for reading from then on. */
const GUILTY: Readonly<Record<string, Flow>> = {
  'a lock that is released after the downgrade': async ({ table, log }) => {
    const write = await table.lockWrite();
    const line = await log.lock();
    const read = write.downgrade();
    line.release();
    read.release();
  },
  'a lock that is released before it': async ({ table, log }) => {
    const write = await table.lockWrite();
    const line = await log.lock();
    line.release();
    await nextTurn();
    write.downgrade().release();
  },
  'a lock that is released after both': async ({ table, log }) => {
    const write = await table.lockWrite();
    const line = await log.lock();
    write.downgrade().release();
    line.release();
  },
  'a scope that downgrades': async ({ table, log }) => {
    const write = await table.lockWrite();
    const read = await log.runExclusive(async () => write.downgrade());
    read.release();
  },
  'a scope, before the downgrade': async ({ table, log }) => {
    const write = await table.lockWrite();
    await log.runExclusive(() => nextTurn());
    write.downgrade().release();
  },
  'a lock that a helper brings': async ({ table, log }) => {
    const take = async (): Promise<LockGuard> => {
      const line = await log.lock();
      await nextTurn();
      return line;
    };
    const write = await table.lockWrite();
    const line = await take();
    const read = write.downgrade();
    line.release();
    read.release();
  },
  'a lock that a helper takes and releases': async ({ table, log }) => {
    const use = async (): Promise<void> => {
      const line = await log.lock();
      await nextTurn();
      line.release();
    };
    const write = await table.lockWrite();
    await use();
    const read = write.downgrade();
    await nextTurn();
    read.release();
  },
  'a contended lock': async ({ instance, table, log }) => {
    const write = await table.lockWrite();
    const other = instance.lockdep.detached(() => log.runExclusive(() => nextTurn()));
    const line = await log.lock();
    const read = write.downgrade();
    line.release();
    read.release();
    await other;
  },
  'a lock, the table having been tried for': async ({ table, log }) => {
    await nextTurn();
    const write = table.tryLockWrite();
    const line = await log.lock();
    const read = write?.downgrade();
    line.release();
    read?.release();
  },
  'the unlock of a lock': async ({ instance, table, log }) => {
    const write = await table.lockWrite();
    const other = instance.lockdep.detached(() => log.runExclusive(() => nextTurn()));
    await log.waitForUnlock();
    write.downgrade().release();
    await other;
  },
  'a lock, and the table is given another class meanwhile': async ({ table, log }) => {
    const write = await table.lockWrite();
    const line = await log.lock();
    const read = write.downgrade();
    table.setClass(table.lockClass.subclass('moved'));
    table.setClass(table.lockClass.base as LockClass);
    line.release();
    read.release();
  },
};

/** The log is held while the table is waited for to write it, and to read it from then on. */
const GUILTY_REVERSE: Readonly<Record<string, Flow>> = {
  'the table, which is read when it is released': async ({ table, log }) => {
    const line = await log.lock();
    const write = await table.lockWrite();
    const read = write.downgrade();
    read.release();
    line.release();
  },
  'the table, released after the log': async ({ table, log }) => {
    const line = await log.lock();
    const read = (await table.lockWrite()).downgrade();
    line.release();
    read.release();
  },
  'the table, brought by a helper that downgrades': async ({ table, log }) => {
    const take = async (): Promise<LockGuard> => (await table.lockWrite()).downgrade();
    const line = await log.lock();
    const read = await take();
    line.release();
    read.release();
  },
};

/** The table is held for reading only by the time that anything is waited for. */
const LEGAL: Readonly<Record<string, Flow>> = {
  'a lock after the downgrade': async ({ table, log }) => {
    const read = (await table.lockWrite()).downgrade();
    const line = await log.lock();
    line.release();
    read.release();
  },
  'a lock that was asked for before the downgrade': async ({ table, log }) => {
    const write = await table.lockWrite();
    const asked = log.lock();
    const read = write.downgrade();
    (await asked).release();
    read.release();
  },
  'a scope that was asked for before the downgrade': async ({ table, log }) => {
    const write = await table.lockWrite();
    const asked = log.runExclusive(() => nextTurn());
    const read = write.downgrade();
    await asked;
    read.release();
  },
  'a reader alone': async ({ table, log }) => {
    await table.runRead(() => log.runExclusive(() => undefined));
  },
};

describe('in two orders, the table held for writing during the wait', () => {
  for (const [what, flow] of Object.entries(GUILTY)) {
    it(`for ${what}: strict`, async () => {
      assert.deepEqual(await both(flow, readUnderLog), ['circular-dependency strict']);
    });
  }
  for (const [what, flow] of Object.entries(GUILTY_REVERSE)) {
    it(`wanted for writing, ${what}: strict`, async () => {
      const readFirst: Flow = ({ table, log }) => table.runRead(() => log.runExclusive(() => undefined));
      assert.deepEqual(await both(flow, readFirst), ['circular-dependency strict']);
    });
  }
  for (const [what, flow] of Object.entries(LEGAL)) {
    it(`for reading only, ${what}: silent`, async () => {
      assert.deepEqual(await both(flow, readUnderLog), []);
    });
  }

  it('where another branch downgrades while the lock is waited for: not strict', async () => {
    const flow: Flow = async ({ instance, table, log }) => {
      const write = await table.lockWrite();
      let read: LockGuard | undefined;
      const other = instance.lockdep.detached(() =>
        log.runExclusive(async () => {
          await nextTurn();
          read = write.downgrade();
          await nextTurn();
        }),
      );
      const line = await log.lock();
      line.release();
      read?.release();
      await other;
    };
    const found = await both(flow, readUnderLog);
    assert.ok(!found.includes('circular-dependency strict'), found.join());
  });

  it('the report shows the modes of the wait', () =>
    isolated(async (instance) => {
      const given = scene(instance);
      await readUnderLog(given);
      await (GUILTY['a lock that is released after both'] as Flow)(given);
      const [report] = instance.lockdep.reports();
      assert.deepEqual(
        report?.held.map(({ lockClass, mode }) => [lockClass, mode]),
        [[given.table.lockClass.name, 'exclusive']],
      );
      assert.doesNotMatch(report?.id ?? 'none', /none|shared/);
    }));

  it('for a task of a queue that reads it: strict', () =>
    isolated(async (instance) => {
      const { table } = scene(instance);
      const queue = new instance.WorkQueue({ class: new LockClass('queue') });
      await queue.run(() => table.runRead(() => undefined));
      const write = await table.lockWrite();
      await queue.run(() => nextTurn());
      write.downgrade().release();
      assert.match(seen(instance).join(), /^circular-dependency strict x\d+$/);
    }));

  it('for an event whose sender reads it on the way: strict', () =>
    isolated(async (instance) => {
      const { table } = scene(instance);
      const done = new instance.Completion({ class: new LockClass('done') });
      await done.signalling(() => table.runRead(() => undefined));
      const write = await table.lockWrite();
      void instance.lockdep.detached(() => nextTurn()).then(() => done.complete());
      await done.wait();
      write.downgrade().release();
      assert.match(seen(instance).join(), /^circular-dependency strict x\d+$/);
    }));

  it('handed to another flow after the downgrade: still in the mode of the wait', () =>
    isolated(async (instance) => {
      const given = scene(instance);
      await readUnderLog(given);
      const write = await given.table.lockWrite();
      const line = await given.log.lock();
      const read = write.downgrade();
      line.release();
      read.transfer();
      await instance.lockdep.detached(async () => {
        await nextTurn();
        read.release();
      });
      assert.equal(instance.lockdep.reports()[0]?.kind, 'circular-dependency');
    }));
});

describe('two locks of one class, one held for writing while the other one is wanted for reading', () => {
  const nested = async (downgradeFirst: boolean): Promise<string[]> => {
    let found: string[] = [];
    await isolated(async (instance) => {
      const options = { class: new LockClass('table'), fairness: 'reader-preferring' } as const;
      const [one, two] = [new instance.RWSemaphore(options), new instance.RWSemaphore(options)];
      const write = await one.lockWrite();
      let read = downgradeFirst ? write.downgrade() : undefined;
      const other = await two.lockRead();
      read ??= write.downgrade();
      other.release();
      read.release();
      found = seen(instance);
    });
    return found;
  };

  it('is reported, downgraded or not by the time of the release', async () => {
    assert.deepEqual(await nested(false), ['recursive-locking strict x1']);
  });

  it('is legal where both are read by then', async () => {
    assert.deepEqual(await nested(true), []);
  });
});

describe('a gate that was held for writing while two locks were taken', () => {
  it('keeps the flows apart, though it is read by the time of the release', () =>
    isolated(async (instance) => {
      const g = new instance.RWSemaphore({ class: new LockClass('gate') });
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      for (const [outer, inner] of [
        [a, b],
        [b, a],
      ] as const) {
        const gate = await g.lockWrite();
        const first = await outer.lock();
        const second = await inner.lock();
        const read = gate.downgrade();
        second.release();
        first.release();
        read.release();
      }
      assert.deepEqual(seen(instance), []);
    }));

  it('does not where it was read by the time that they were taken', () =>
    isolated(async (instance) => {
      const g = new instance.RWSemaphore({ class: new LockClass('gate') });
      const [a, b] = [
        new instance.Mutex({ class: new LockClass('a') }),
        new instance.Mutex({ class: new LockClass('b') }),
      ];
      for (const [outer, inner] of [
        [a, b],
        [b, a],
      ] as const) {
        const read = (await g.lockWrite()).downgrade();
        const first = await outer.lock();
        const second = await inner.lock();
        second.release();
        first.release();
        read.release();
      }
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));
});
