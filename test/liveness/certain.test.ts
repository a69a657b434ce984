/** Deadlocks that are certain: when they are told, whom `enforce` refuses, and what is said where one goes on after all. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeadlockError, LockClass, LockdepError, type Mutex } from '../../src/index.js';
import { createLockdep, type IsolatedLockdep } from '../../src/testing.js';
import type { LockdepOptions } from '../../src/validator/options.js';
import { isolated, settle } from '../support/harness.js';
import { StillClock } from '../support/still-clock.js';

const WATCHED: Partial<LockdepOptions> = { deadlockCheckAfter: 1000 };

/** Of a class whose order nobody checks, so that no rule refuses what is to hang. */
const unchecked = (name: string): LockClass => new LockClass(name, { validate: false });

const deadlocks = ({ lockdep }: IsolatedLockdep): string[] =>
  lockdep.reports().flatMap(({ kind, tier, count }) => (kind === 'deadlock' ? [`${tier} x${count}`] : []));

/** `count` parties meet: each call resolves when all have come. */
function barrier(count: number): () => Promise<void> {
  let missing = count;
  let open!: () => void;
  const all = new Promise<void>((resolve) => (open = resolve));
  return () => {
    missing -= 1;
    if (missing === 0) open();
    return all;
  };
}

/** What became of each, in the words of its error's code. */
async function ends(flows: readonly Promise<unknown>[]): Promise<string[]> {
  const settled = await Promise.allSettled(flows);
  return settled.map((end) => (end.status === 'fulfilled' ? 'done' : (end.reason as LockdepError).code));
}

describe('a deadlock of scopes', () => {
  for (const tracking of ['precise', 'light'] as const) {
    it(`is told before the event loop goes on, tracking ${tracking}`, () =>
      isolated(
        async (instance) => {
          const lock = new instance.Mutex({ class: 'own' });
          let turns = 0;
          const timer = setImmediate(() => (turns += 1));
          void lock.runExclusive(() => lock.runExclusive(() => undefined));
          for (let turn = 0; turn < 30; turn++) await Promise.resolve();
          assert.deepEqual([deadlocks(instance), turns], [['strict x1'], 0]);
          clearImmediate(timer);
        },
        { ...WATCHED, tracking },
      ));
  }

  it('names for each flow where it has taken its lock and where it waits', () =>
    isolated(async (instance) => {
      const [one, two] = [new instance.Mutex({ class: 'one' }), new instance.Mutex({ class: 'two' })];
      const met = barrier(2);
      const nest = (outer: Mutex, inner: Mutex): Promise<void> =>
        outer.runExclusive(async () => {
          await met();
          await inner.runExclusive(() => undefined);
        });
      void nest(one, two);
      void nest(two, one);
      await settle();
      const report = instance.lockdep.reports().find(({ kind }) => kind === 'deadlock');
      assert.deepEqual(
        report?.cycle?.map(({ from, to }) => `${from} -> ${to}`),
        ['one -> two', 'two -> one'],
      );
      for (const { held, acquiring } of report?.cycle ?? []) {
        assert.match(held.site, /certain\.test\.ts:\d+/);
        assert.match(acquiring.site, /certain\.test\.ts:\d+/);
      }
      // The one that began last stands for all.
      assert.equal(report?.acquiring?.lockClass, 'one');
    }, WATCHED));

  it('names who stands in the queue before a flow that wants more of what it has', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(3, { class: unchecked('permits') });
      void permits.runExclusive(async () => {
        await settle(1);
        await permits.runExclusive(() => undefined);
      });
      void permits.acquire(3);
      await settle();
      const [report] = instance.lockdep.reports();
      assert.deepEqual(deadlocks(instance), ['strict x1']);
      assert.deepEqual(
        report?.cycle?.map(({ ahead, held, acquiring }) => [ahead === true, held.state, acquiring.permits?.count]),
        [
          [true, 'waiting', 3],
          [false, 'held', 1],
        ],
      );
      assert.match(report?.message ?? '', /wanted first, ahead in the queue/);
      assert.match(report?.message ?? '', /flow 1 \(this\) +flow 2\n/);
    }, WATCHED));

  it('names the writer that stands between two reads of one flow', () =>
    isolated(async (instance) => {
      const lock = new instance.RWSemaphore({ class: unchecked('rw') });
      void lock.runRead(async () => {
        await settle(1);
        await lock.runRead(() => undefined);
      });
      void lock.runWrite(() => undefined);
      await settle();
      const report = instance.lockdep.reports().find(({ kind }) => kind === 'deadlock');
      assert.deepEqual(
        report?.cycle?.map(({ ahead, acquiring }) => [ahead === true, acquiring.mode]),
        [
          [true, 'exclusive'],
          [false, 'shared'],
        ],
      );
      assert.match(report?.message ?? '', /Advice: Read rw once/);
      const { waits } = instance.lockdep.waits();
      const [writer, reader] = waits;
      assert.deepEqual(
        [writer?.mode, writer?.permits, reader?.mode, reader?.blockedBy],
        ['exclusive', 1, 'shared', [writer?.flow]],
      );
    }, WATCHED));

  it('is not told to have gone on where enforce has refused one of its waits', async () => {
    const clock = new StillClock(1_000_000);
    const instance = createLockdep({ clock, ...WATCHED, mode: 'enforce' });
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', note);
    const lock = new instance.Mutex({ class: unchecked('refused') });
    assert.deepEqual(await ends([lock.runExclusive(() => lock.runExclusive(() => undefined))]), [
      new DeadlockError('').code,
    ]);
    await clock.advance(2500);
    process.off('warning', note);
    assert.deepEqual(
      warnings.filter((text) => /gone on/.test(text)),
      [],
    );
    instance.dispose();
  });

  it('is not looked for with a deadlockCheckAfter of 0', () =>
    isolated(async (instance) => {
      const lock = new instance.Mutex({ class: 'own' });
      void lock.runExclusive(() => lock.runExclusive(() => undefined));
      await settle();
      assert.deepEqual(deadlocks(instance), []);
    }));

  it('is told to be over where somebody cancels a wait after all, and of that class none is certain from then on', async () => {
    const clock = new StillClock(1_000_000);
    const instance = createLockdep({ clock, ...WATCHED });
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', note);
    const lock = new instance.Mutex({ class: 'cancelled' });
    const scope = lock.runExclusive(() => lock.runExclusive(() => undefined));
    await settle();
    assert.deepEqual(deadlocks(instance), ['strict x1']);
    lock.cancel();
    await assert.rejects(scope, /canceled/);
    await clock.advance(1100);
    assert.equal(warnings.filter((text) => /cancelled, have gone on/.test(text)).length, 1);
    instance.lockdep.reset();
    void lock.runExclusive(() => lock.runExclusive(() => undefined)).catch(() => undefined);
    await settle();
    assert.deepEqual(deadlocks(instance), []);
    lock.cancel();
    process.off('warning', note);
    instance.dispose();
  });
});

describe('a deadlock between an order that was learned in many clean runs and the first run against it', () => {
  const nestAfter =
    (met: () => Promise<void>) =>
    (outer: Mutex, inner: Mutex): Promise<void> =>
      outer.runExclusive(async () => {
        await met();
        await inner.runExclusive(() => undefined);
      });

  /** Two flows at a time in the order one, two, so that each of its waits is met as well; then one in each order. */
  async function afterCleanRuns(
    instance: IsolatedLockdep,
    before?: () => Promise<void>,
  ): Promise<{ readonly flows: Promise<unknown>[] }> {
    const [one, two] = [new instance.Mutex({ class: 'one' }), new instance.Mutex({ class: 'two' })];
    for (let run = 0; run < 20; run++) {
      const free = two.runExclusive(() => settle(1));
      await Promise.all([nestAfter(barrier(1))(one, two), free]);
    }
    assert.deepEqual(instance.lockdep.reports(), []);
    await before?.();
    const nest = nestAfter(barrier(2));
    const flows = [nest(one, two), nest(two, one)];
    for (const flow of flows) flow.catch(() => undefined);
    await settle();
    return { flows };
  }

  it('is told as a strict possible deadlock at once, as a suspicion after a second, and never as certain before its end', async () => {
    const clock = new StillClock(1_000_000);
    const instance = createLockdep({ clock, ...WATCHED, warnings: false });
    await afterCleanRuns(instance);
    const kinds = (): string[] => instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
    assert.deepEqual(kinds(), ['circular-dependency strict']);
    await clock.advance(1100);
    assert.deepEqual(kinds(), ['circular-dependency strict', 'deadlock advisory']);
    instance.dispose();
  });

  it('is refused in enforce when it is wanted, so that nobody hangs', async () => {
    const instance = createLockdep({ mode: 'enforce', warnings: false });
    const { flows } = await afterCleanRuns(instance);
    assert.deepEqual(await ends(flows), ['done', 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY']);
    instance.dispose();
  });

  it('is certain at once where anything was reported before', async () => {
    const instance = createLockdep({ ...WATCHED, warnings: false });
    await afterCleanRuns(instance, async () => {
      const [three, four] = [new instance.Mutex({ class: 'three' }), new instance.Mutex({ class: 'four' })];
      await nestAfter(barrier(1))(three, four);
      await nestAfter(barrier(1))(four, three);
      assert.equal(instance.lockdep.reports().length, 1);
    });
    assert.ok(deadlocks(instance).includes('strict x1'), deadlocks(instance).join());
    instance.dispose();
  });
});

describe('the one that began last, in enforce', () => {
  for (const tracking of ['precise', 'light'] as const) {
    const options: Partial<LockdepOptions> = { ...WATCHED, mode: 'enforce', tracking };
    const refused = (
      name: string,
      start: (instance: IsolatedLockdep) => Promise<unknown>[],
      expected: readonly string[],
    ): void => {
      it(`is refused with DeadlockError and the others go on: ${name}, tracking ${tracking}`, () =>
        isolated(async (instance) => {
          assert.deepEqual(await ends(start(instance)), expected);
          assert.deepEqual(deadlocks(instance), ['strict x1']);
          assert.deepEqual(instance.lockdep.waits().waits, []);
        }, options));
    };

    refused(
      'three scopes',
      ({ Mutex: Lock }) => {
        const locks = [0, 1, 2].map((at) => new Lock({ class: unchecked(`ring ${at}`) }));
        const met = barrier(3);
        return locks.map((lock, at) =>
          lock.runExclusive(async () => {
            await met();
            await locks[(at + 1) % 3]!.runExclusive(() => undefined);
          }),
        );
      },
      ['done', 'done', 'ERR_LOCKDEP_DEADLOCK'],
    );
    refused(
      'permits of one semaphore',
      ({ Semaphore }) => {
        const permits = new Semaphore(2, { class: unchecked('permits') });
        const met = barrier(2);
        return [0, 1].map(() =>
          permits.runExclusive(async () => {
            await met();
            await permits.acquire();
          }),
        );
      },
      ['done', 'ERR_LOCKDEP_DEADLOCK'],
    );
    refused(
      'a read that wants to write',
      ({ RWSemaphore }) => {
        const lock = new RWSemaphore({ class: unchecked('rw') });
        return [lock.runRead(() => lock.runWrite(() => undefined))];
      },
      ['ERR_LOCKDEP_DEADLOCK'],
    );
    refused(
      'a flush in an item',
      ({ WorkQueue }) => {
        const queue = new WorkQueue({ class: unchecked('queue') });
        return [queue.run(() => queue.flush()), queue.run(() => undefined)];
      },
      ['ERR_LOCKDEP_DEADLOCK', 'done'],
    );
    refused(
      'a wait for the unlock of its own lock',
      ({ Mutex: Lock }) => {
        const lock = new Lock({ class: unchecked('own') });
        return [
          lock.runExclusive(async () => {
            await lock.waitForUnlock();
          }),
        ];
      },
      ['ERR_LOCKDEP_DEADLOCK'],
    );
    refused(
      'work that waits for a slot',
      ({ Mutex: Lock, WorkQueue }) => {
        const [lock, queue] = [new Lock({ class: unchecked('lock') }), new WorkQueue({ class: unchecked('queue') })];
        const met = barrier(2);
        return [
          queue.run(async () => {
            await met();
            await lock.runExclusive(() => undefined);
          }),
          lock.runExclusive(async () => {
            await met();
            await queue.run(() => undefined);
          }),
        ];
      },
      ['done', 'ERR_LOCKDEP_DEADLOCK'],
    );

    it(`may catch that and go on, with its own lock still held, tracking ${tracking}`, () =>
      isolated(async ({ Mutex: Lock }) => {
        const [one, two] = [new Lock({ class: unchecked('one') }), new Lock({ class: unchecked('two') })];
        const met = barrier(2);
        const steps: string[] = [];
        const first = one.runExclusive(async () => {
          await met();
          (await two.acquire())();
          steps.push('the other has both');
        });
        const second = two.runExclusive(async () => {
          await met();
          let refusal: unknown;
          try {
            await one.acquire();
          } catch (error) {
            refusal = error;
          }
          assert.ok(refusal instanceof DeadlockError && refusal instanceof LockdepError);
          assert.deepEqual(
            [refusal.name, refusal.code, refusal.report?.kind],
            ['DeadlockError', 'ERR_LOCKDEP_DEADLOCK', 'deadlock'],
          );
          assert.ok(two.isLocked());
          steps.push('refused');
        });
        await Promise.all([first, second]);
        assert.deepEqual(steps, ['refused', 'the other has both']);
        // Neither lock has lost a permit or kept a waiter.
        assert.deepEqual([one.isLocked(), two.isLocked()], [false, false]);
        await Promise.all([one, two].map((lock) => lock.runExclusive(() => undefined)));
      }, options));

    for (const [name, start] of Object.entries<(instance: IsolatedLockdep) => [Promise<unknown>, () => void]>({
      'a completion, which anybody may bring'({ Completion }) {
        const done = new Completion({ class: unchecked('done') });
        return [done.signalling(() => done.wait()), () => done.complete()];
      },
      'a lock that was taken by a call, whose releaser anybody may have'({ Mutex: Lock }) {
        const lock = new Lock({ class: unchecked('lease') });
        let release!: () => void;
        const flow = (async () => {
          release = await lock.acquire();
          (await lock.acquire())();
        })();
        return [flow, () => release()];
      },
      'a parked wait'({ Mutex: Lock }) {
        const lock = new Lock({ class: unchecked('parked') });
        const flow = lock.runExclusive(() => lock.acquire({ parked: true }).catch(() => undefined));
        return [flow, () => lock.cancel()];
      },
    })) {
      it(`is never refused where that is not certain: ${name}, tracking ${tracking}`, () =>
        isolated(async (instance) => {
          const [flow, goOn] = start(instance);
          await settle();
          assert.deepEqual(deadlocks(instance), []);
          goOn();
          assert.deepEqual(await ends([flow]), ['done']);
        }, options));
    }
  }

  it('is refused by the rule of order that it breaks, where one does', () =>
    isolated(
      async ({ Mutex: Lock, lockdep }) => {
        const lock = new Lock({ class: 'own' });
        const scope = lock.runExclusive(() => lock.runExclusive(() => undefined));
        assert.deepEqual(await ends([scope]), ['ERR_LOCKDEP_RECURSIVE_LOCKING']);
        assert.deepEqual(
          lockdep.reports().map(({ kind }) => kind),
          ['recursive-locking'],
        );
      },
      { ...WATCHED, mode: 'enforce' },
    ));
});
