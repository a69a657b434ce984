import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type LockClassOptions, type Mutex, type Report, type Semaphore } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { CORE } from '../../src/locks/symbols.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

type Take = readonly [pool: Semaphore, weight: number];

/** One flow that takes these one after the other, each under all before it. */
async function nested(...takes: Take[]): Promise<void> {
  const [take, ...rest] = takes;
  if (take !== undefined) await take[0].runExclusive(() => nested(...rest), take[1]);
}

function poolOf(instance: IsolatedLockdep, permits: number, options?: LockClassOptions): Semaphore {
  return new instance.Semaphore(permits, { class: new LockClass('pool', options) });
}

function only(instance: IsolatedLockdep): Report {
  const [report, ...others] = instance.lockdep.reports();
  assert.ok(report !== undefined && others.length === 0, 'one report');
  return report;
}

/** The table of a report, without what is around it. */
function scenarioOf({ message }: Report): string[] {
  const lines = message.split('\n').map((line) => line.trim());
  const from = lines.indexOf('What can happen:') + 2;
  return lines.slice(from, lines.indexOf('*** DEADLOCK ***') - 1);
}

/** The text of a report, as if it were not wrapped. */
function unwrapped({ message }: Report): string {
  return message.replaceAll(/\s+/g, ' ');
}

describe('permits under permits of one semaphore', () => {
  const cases: readonly (readonly [permits: number, held: number, wanted: number, flows: number])[] = [
    [3, 1, 1, 3],
    [4, 2, 2, 2],
    [5, 2, 1, 3],
    [5, 1, 3, 3],
    [10, 4, 5, 2],
    [3, 1, 0.5, 3],
    [2, 0.5, 1, 3],
  ];
  for (const [permits, held, wanted, flows] of cases) {
    it(`${held} held and ${wanted} wanted of ${permits}: ${flows} flows hang`, async () => {
      await isolated(async (instance) => {
        const pool = poolOf(instance, permits);
        await nested([pool, held], [pool, wanted]);
        const report = only(instance);
        assert.equal(report.kind, 'semaphore-exhaustion');
        assert.equal(report.tier, 'strict');
        const { name } = pool.lockClass;
        assert.deepEqual(report.exhaustion, { capacity: permits, held, wanted, flows, opposite: 0, highest: 1 });
        assert.deepEqual(report.acquiring?.permits, { count: wanted, of: permits });
        const title = `each of flows 1 to ${flows} (this is 1)`;
        assert.deepEqual(scenarioOf(report), [
          title,
          '-'.repeat(title.length),
          `lock(${name}: ${held} of ${permits})`,
          `lock(${name}: ${wanted} of ${permits})`,
        ]);
      });
    });

    it(`so they do: ${held} held and ${wanted} wanted of ${permits}, by ${flows} flows, and not by one fewer`, async () => {
      for (const [count, stuck] of [
        [flows, true],
        [flows - 1, false],
      ] as const) {
        await isolated(async (instance) => {
          const pool = poolOf(instance, permits);
          let done = 0;
          const flow = async (): Promise<void> => {
            const [, first] = await pool.acquire(held);
            await nextTurn();
            const [, second] = await pool.acquire(wanted);
            second();
            first();
            done += 1;
          };
          void Promise.all(Array.from({ length: count }, flow)).catch(() => undefined);
          await settle(2 * flows + 4);
          assert.equal(done === count, !stuck, `${done} of ${count} flows are done`);
          pool.cancel();
        });
      }
    });
  }

  it('the most flows that have held it at once are told, however many permits each has', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 9);
      await Promise.all([1, 2, 1, 3].map((weight) => pool.runExclusive(nextTurn, weight)));
      await pool.runExclusive(() => undefined);
      await nested([pool, 1], [pool, 1]);
      assert.equal(only(instance).exhaustion?.highest, 4);
      assert.match(unwrapped(only(instance)), /at most 4 flows have held any of it at once so far/);
    });
  });

  it('a flow that nests counts once', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 9);
      await nested([pool, 1], [pool, 1], [pool, 1]);
      await nested([pool, 1], [pool, 1]);
      assert.equal(only(instance).exhaustion?.highest, 1);
    });
  });

  it('a path that may take a permit is no holder', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 9);
      for (let i = 0; i < 3; i++) pool.might();
      await pool.runExclusive(() => pool.might());
      assert.equal(only(instance).exhaustion?.highest, 1);
      pool[CORE].checkInvariants();
    });
  });

  it('of a queue the tasks that had slots at once are told', async () => {
    await isolated(async (instance) => {
      const queue = new instance.WorkQueue({ class: new LockClass('queue'), concurrency: 3 });
      await Promise.all([queue.run(nextTurn), queue.run(nextTurn)]);
      await queue.run(() => queue.run(() => undefined));
      assert.match(unwrapped(only(instance)), /at most 2 flows have held any of it at once so far/);
    });
  });

  it('more than there is beside its own permits: the flow waits for itself', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 3);
      await pool.runExclusive(async () => assert.rejects(pool.lock({ weight: 2, timeout: 5 })), 2);
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      assert.equal(scenarioOf(only(instance))[0], 'this flow');
    });
  });

  it('a semaphore that has got more permits than at its start is judged by those', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 2);
      pool.setValue(10);
      await nested([pool, 2], [pool, 1]);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
      assert.equal(only(instance).exhaustion?.capacity, 10);
    });
  });

  it('one that was closed and opened again has no more than before', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 2);
      await pool.runExclusive(() => pool.setValue(0));
      pool.setValue(2);
      await nested([pool, 1], [pool, 1]);
      assert.equal(only(instance).exhaustion?.capacity, 2);
    });
  });

  it('one of a single permit that has got more keeps nobody out any more', async () => {
    await isolated(async (instance) => {
      const gate = new instance.Semaphore(1, { class: new LockClass('gate') });
      const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
      const both = (outer: Mutex, inner: Mutex): Promise<void> =>
        gate.runExclusive(() => outer.runExclusive(() => inner.runExclusive(() => undefined)));
      await both(a, b);
      await both(b, a);
      assert.deepEqual(seen(instance), []);
      gate.setValue(2);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('one of a single permit that `release` has given more keeps nobody out any more', async () => {
    await isolated(async (instance) => {
      const gate = new instance.Semaphore(1, { class: new LockClass('gate') });
      const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
      const both = (outer: Mutex, inner: Mutex): Promise<void> =>
        gate.runExclusive(() => outer.runExclusive(() => inner.runExclusive(() => undefined)));
      await both(a, b);
      await both(b, a);
      assert.deepEqual(seen(instance), []);
      gate.release(3);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      await nested([gate, 1], [gate, 1]);
      assert.equal(instance.lockdep.reports().at(-1)?.exhaustion?.capacity, 4);
    });
  });

  it('permits that `release` gives back are no more than before, and a signal stays one', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 3);
      await pool.acquire(2);
      pool.release(1);
      pool.setValue(2);
      pool.release(1);
      await nested([pool, 1], [pool, 1]);
      assert.equal(only(instance).exhaustion?.capacity, 3);
      const signal = new instance.Semaphore(0, { class: new LockClass('signal') });
      signal.release(2);
      assert.equal(signal[CORE].capacity, 0);
    });
  });

  it('unlimited permits never run out', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, Infinity);
      await nested([pool, 1], [pool, 1]);
      assert.deepEqual(seen(instance), []);
    });
  });
});

describe('permits of two semaphores of one class', () => {
  it('both directions are counted, and drawn', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('two pools');
      const [a, b] = [
        new instance.Semaphore(3, { class: lockClass, name: 'a' }),
        new instance.Semaphore(2, { class: lockClass, name: 'b' }),
      ];
      await nested([a, 1], [b, 1]);
      const report = only(instance);
      assert.deepEqual(report.exhaustion, { capacity: 2, held: 1, wanted: 1, flows: 5, opposite: 2, highest: 1 });
      assert.deepEqual(
        scenarioOf(report).filter((line) => !line.startsWith('-')),
        [
          'each of flows 1 to 3 (this is 1)   each of flows 4 to 5',
          'lock(two pools "a": 1 of 3)        lock(two pools "b": 1 of 2)',
          'lock(two pools "b": 1 of 2)        lock(two pools "a": 1 of 3)',
        ],
      );
    });
  });

  it('in the order of a comparator they are legal, against it they are not', async () => {
    await isolated(async (instance) => {
      const order = (one: Semaphore, other: Semaphore): number => ranks.indexOf(one) - ranks.indexOf(other);
      const lockClass = new LockClass('ranked pools', { order });
      const ranks = [2, 3].map((permits) => new instance.Semaphore(permits, { class: lockClass }));
      const [low, high] = ranks as [Semaphore, Semaphore];
      await nested([low, 1], [high, 1]);
      assert.deepEqual(seen(instance), []);
      await nested([high, 1], [low, 1]);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    });
  });

  it('pools of two classes, always nested one way, are silent', async () => {
    await isolated(async (instance) => {
      const [workers, connections] = [2, 4].map((permits) => poolOf(instance, permits)) as [Semaphore, Semaphore];
      for (let i = 0; i < 8; i++) await nested([workers, 1], [connections, 2]);
      assert.deepEqual(seen(instance), []);
    });
  });
});

describe('a declared nesting', () => {
  const nest = { depth: 2, holders: 3 };

  it('that the permits cover is silent', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 4, { nest });
      for (let i = 0; i < 8; i++) await nested([pool, 1], [pool, 1]);
      const flow = (): Promise<void> =>
        pool.runExclusive(async () => {
          await nextTurn();
          await pool.runExclusive(nextTurn);
        });
      await Promise.all([flow(), flow(), flow()]);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('that they do not cover is reported, with what it takes', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 3, { nest });
      await nested([pool, 1], [pool, 1]);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
      assert.match(unwrapped(only(instance)), /which takes 4 permits, and the semaphore has 3\. As it is,/);
    });
  });

  it('that a flow exceeds is reported, by permits and not by calls', async () => {
    for (const takes of [
      [1, 1, 1],
      [2, 1],
      [1, 2],
    ]) {
      await isolated(async (instance) => {
        const pool = poolOf(instance, 20, { nest });
        await nested(...takes.map((weight): Take => [pool, weight]));
        assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1'], takes.join(' '));
        assert.match(unwrapped(only(instance)), /permits deep, and this one goes 3 deep/);
      });
    }
  });

  it('by more flows at once than declared is reported', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 20, { nest });
      const flow = (): Promise<void> => pool.runExclusive(() => pool.runExclusive(() => settle(3)));
      await Promise.all([flow(), flow(), flow()]);
      assert.deepEqual(seen(instance), []);
      await Promise.all([flow(), flow(), flow(), flow()]);
      assert.equal(only(instance).tier, 'advisory');
      assert.match(unwrapped(only(instance)), /at most 3 flows nest up to 2 permits deep, and 4 flows nest at once/);
    });
  });

  it('leaves flows alone that hold permits and nest none', async () => {
    await isolated(async (instance) => {
      const pool = poolOf(instance, 20, { nest });
      await Promise.all(Array.from({ length: 12 }, () => pool.runExclusive(() => settle(3))));
      assert.deepEqual(seen(instance), []);
    });
  });

  it('says nothing of locks with one permit, nor of readers and writers', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('nested', { nest });
      const rw = new instance.RWSemaphore({ class: lockClass });
      await rw.runRead(() => rw.runRead(() => undefined));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    });
  });

  it('is checked when it is declared', () => {
    const make = (value: unknown) => (): LockClass => new LockClass('bad', { nest: value as never });
    assert.throws(make(3), new TypeError('lock class option nest must be an object, got 3'));
    assert.throws(make(null), new TypeError('lock class option nest must be an object, got null'));
    assert.throws(make({ depth: 2 }), new TypeError('lock class option nest.holders must be a number, got undefined'));
    assert.throws(
      make({ depth: 1, holders: 2 }),
      new RangeError('lock class option nest.depth must be an integer of at least 2, got 1'),
    );
    assert.throws(
      make({ depth: 2, holders: 0.5 }),
      new RangeError('lock class option nest.holders must be an integer of at least 1, got 0.5'),
    );
  });
});

describe('a cycle through a semaphore', () => {
  const taken = async (first: () => Promise<unknown>, then: () => Promise<unknown>): Promise<void> => {
    await first();
    await then();
  };

  it('names how many holders it takes, by the permits of each', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('account') });
      const pool = new instance.Semaphore(5, { class: new LockClass('sockets') });
      await taken(
        () => a.runExclusive(() => pool.runExclusive(() => undefined, 2)),
        () => pool.runExclusive(() => a.runExclusive(() => undefined)),
      );
      const report = only(instance);
      assert.equal(report.kind, 'circular-dependency');
      assert.equal(report.tier, 'strict');
      assert.match(
        unwrapped(report),
        /sockets has 5 permits, of which 2 are wanted here: it takes 4 flows that hold 1 each\./,
      );
      assert.deepEqual(
        scenarioOf(report).filter((line) => !line.startsWith('-')),
        [
          'each of flows 1 to 4 (this is 1)   flow 5',
          'lock(sockets: 1 of 5)              lock(account)',
          'lock(account)                      lock(sockets: 2 of 5)',
        ],
      );
    });
  });

  it('the other way round the folded column is that of the other flows', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('ledger') });
      const pool = new instance.Semaphore(3, { class: new LockClass('slots') });
      await taken(
        () => pool.runExclusive(() => a.runExclusive(() => undefined)),
        () => a.runExclusive(() => pool.runExclusive(() => undefined)),
      );
      assert.deepEqual(scenarioOf(only(instance))[0]?.split(/ {3,}/), ['flow 1 (this)', 'each of flows 2 to 4']);
    });
  });

  it('one holder of all permits is no more than one flow, and needs no word', async () => {
    await isolated(async (instance) => {
      const a = new instance.Mutex({ class: new LockClass('table') });
      const pool = new instance.Semaphore(2, { class: new LockClass('seats') });
      await taken(
        () => pool.runExclusive(() => a.runExclusive(() => undefined), 2),
        () => a.runExclusive(() => pool.runExclusive(() => undefined)),
      );
      assert.deepEqual(scenarioOf(only(instance))[0]?.split(/ {3,}/), ['flow 1 (this)', 'flow 2']);
      assert.doesNotMatch(unwrapped(only(instance)), /it takes/);
    });
  });
});

describe('one class twice, as a table', () => {
  it('two locks: two flows, by their labels where they have some', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('purse');
      const make = (name: string): Mutex => new instance.Mutex({ class: lockClass, name });
      const [mine, yours] = [make('mine'), make('yours')];
      await mine.runExclusive(() => yours.runExclusive(() => undefined));
      assert.deepEqual(scenarioOf(only(instance)), [
        'flow 1 (this)         flow 2',
        '-------------------   -------------------',
        'lock(purse "mine")    lock(purse "yours")',
        'lock(purse "yours")   lock(purse "mine")',
      ]);
    });
  });

  it('two locks without labels are one and the other', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('bag');
      const [one, other] = [
        new instance.RWSemaphore({ class: lockClass }),
        new instance.RWSemaphore({ class: lockClass }),
      ];
      await one.runRead(() => other.runWrite(() => undefined));
      assert.deepEqual(
        scenarioOf(only(instance)),
        [
          'flow 1 (this)      flow 2',
          '----------------   ----------------',
          'rlock(bag, one)    rlock(bag, other)',
          'lock(bag, other)   lock(bag, one)',
        ].map((line, row) => (row === 1 ? '----------------   -----------------' : line)),
      );
    });
  });

  it('a read under a read shows the writer between them', async () => {
    await isolated(async (instance) => {
      const page = new instance.RWSemaphore({ class: new LockClass('page') });
      await page.runRead(() => page.runRead(() => undefined));
      assert.deepEqual(scenarioOf(only(instance)), [
        'flow 1 (this)   flow 2',
        '-------------   ----------',
        'rlock(page)',
        '                lock(page)'.trim(),
        'rlock(page)',
      ]);
    });
  });
});

describe('permits that are nested under a gate', () => {
  const nestUnder = (gate: Mutex, pool: Semaphore): Promise<void> =>
    gate.runExclusive(() => nested([pool, 1], [pool, 1]));

  it('are silent where one lock keeps all flows that nest apart', () =>
    isolated(async (instance) => {
      const [pool, gate] = [poolOf(instance, 2), new instance.Mutex({ class: new LockClass('gate') })];
      await Promise.all([nestUnder(gate, pool), nestUnder(gate, pool), nestUnder(gate, pool)]);
      assert.deepEqual(seen(instance), []);
    }));

  it('are silent in enforce too', () =>
    isolated(
      async (instance) => {
        const [pool, gate] = [poolOf(instance, 2), new instance.Mutex({ class: new LockClass('gate') })];
        await nestUnder(gate, pool);
        await nestUnder(gate, pool);
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'enforce' },
    ));

  it('are told once as many gates were seen as it takes flows', () =>
    isolated(async (instance) => {
      const pool = poolOf(instance, 3);
      const gates = ['one', 'two', 'three'].map((name) => new instance.Mutex({ class: new LockClass(name) }));
      for (const gate of gates.slice(0, 2)) await nestUnder(gate, pool);
      assert.deepEqual(seen(instance), []);
      await nestUnder(gates[2] as Mutex, pool);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    }));

  it('are told where one flow nests without the gate', () =>
    isolated(async (instance) => {
      const [pool, gate] = [poolOf(instance, 2), new instance.Mutex({ class: new LockClass('gate') })];
      await nestUnder(gate, pool);
      await nested([pool, 1], [pool, 1]);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    }));

  it('are told where readers of the gate nest', () =>
    isolated(async (instance) => {
      const [pool, gate] = [poolOf(instance, 2), new instance.RWSemaphore({ class: new LockClass('gate') })];
      await gate.runRead(() => nested([pool, 1], [pool, 1]));
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    }));

  it('are told when the gate is not the only lock of its class any more', () =>
    isolated(async (instance) => {
      const [pool, gateClass] = [poolOf(instance, 2), new LockClass('gate')];
      const gate = new instance.Mutex({ class: gateClass });
      await nestUnder(gate, pool);
      assert.deepEqual(seen(instance), []);
      assert.ok(new instance.Mutex({ class: gateClass }) !== gate);
      await nestUnder(gate, pool);
      assert.deepEqual(seen(instance), ['semaphore-exhaustion strict x1']);
    }));
});
