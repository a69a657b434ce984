/** Locks that merely come from one place: when they stand in for each other, and when each is known by itself. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Completion, type Mutex, type RWSemaphore, type Semaphore } from '../../src/index.js';
import { isolated, seen, settle } from '../support/harness.js';

type Make<L> = () => L;

const MODES = ['warn', 'enforce'] as const;

function isolatedIn(mode: (typeof MODES)[number], fn: (instance: IsolatedLockdep) => Promise<void>): Promise<void> {
  return isolated(fn, { mode });
}

/** A factory of locks, as most programs have one: all of its locks are born at one place. */
function factory(instance: IsolatedLockdep): Make<Mutex> {
  return () => new instance.Mutex();
}

async function nested(...locks: (Mutex | Semaphore)[]): Promise<void> {
  const [lock, ...inner] = locks;
  if (lock !== undefined) await lock.runExclusive(() => nested(...inner));
}

/** The same by calls, released in the order of a `finally`. */
async function nestedByCalls(...locks: Mutex[]): Promise<void> {
  const [lock, ...inner] = locks;
  if (lock === undefined) return;
  const release = await lock.acquire();
  try {
    await nestedByCalls(...inner);
  } finally {
    release();
  }
}

function strict({ lockdep }: IsolatedLockdep): string[] {
  return lockdep.reports().flatMap(({ kind, tier }) => (tier === 'strict' ? [kind] : []));
}

/** Runs the work as a job of somebody who knows nothing of the locks that the caller has. */
function elsewhere({ lockdep }: IsolatedLockdep, work: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    lockdep.detached(() => setImmediate(() => void work().then(resolve, reject)));
  });
}

class Box {
  readonly #lock: Mutex;
  readonly key: number;

  constructor(instance: IsolatedLockdep, key: number) {
    this.#lock = new instance.Mutex();
    this.key = key;
  }

  run(fn: () => Promise<void>): Promise<void> {
    return this.#lock.runExclusive(fn);
  }
}

class Layer {
  readonly #lock: Mutex;
  readonly #below: Layer | undefined;

  constructor(instance: IsolatedLockdep, below?: Layer) {
    this.#lock = new instance.Mutex();
    this.#below = below;
  }

  write(): Promise<void> {
    return this.#lock.runExclusive(() => this.#below?.write());
  }
}

class Pool {
  readonly permits: Semaphore;

  constructor(instance: IsolatedLockdep, size: number) {
    this.permits = new instance.Semaphore(size);
  }
}

for (const mode of MODES) {
  describe(`legal nestings of locks of one place are suspicions, and pass (${mode})`, () => {
    it('two locks of a factory, always in one order', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [messages, retries] = [make(), make()];
        for (let i = 0; i < 20; i++) await nested(messages, retries);
        assert.deepEqual(seen(instance), ['recursive-locking advisory x20']);
      }));

    it('two locks of a factory by calls, always in one order', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [messages, retries] = [make(), make()];
        for (let i = 0; i < 20; i++) await nestedByCalls(messages, retries);
        assert.deepEqual(strict(instance), []);
      }));

    it('the keys of a map, sorted before they are locked', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const locks = new Map('abcdef'.split('').map((key) => [key, make()]));
        const withKeys = (keys: string): Promise<void> => {
          return nestedByCalls(
            ...keys
              .split('')
              .sort()
              .map((key) => locks.get(key) as Mutex),
          );
        };
        for (const keys of ['ab', 'ba', 'cab', 'fed', 'dfa', 'bca', 'ec', 'fa']) await withKeys(keys);
        assert.deepEqual(strict(instance), []);
        assert.equal(instance.lockdep.reports().length, 1);
      }));

    it('boxes with a lock each, sorted by their keys', () =>
      isolatedIn(mode, async (instance) => {
        const boxes = [3, 1, 2].map((key) => new Box(instance, key));
        const move = async (one: Box, other: Box): Promise<void> => {
          const [low, high] = one.key < other.key ? [one, other] : [other, one];
          await low.run(() => high.run(async () => undefined));
        };
        for (const from of boxes) for (const to of boxes) if (from !== to) await move(from, to);
        assert.deepEqual(strict(instance), []);
      }));

    it('layers that call down', () =>
      isolatedIn(mode, async (instance) => {
        const top = new Layer(instance, new Layer(instance, new Layer(instance)));
        for (let i = 0; i < 3; i++) await top.write();
        assert.deepEqual(strict(instance), []);
      }));

    it('two pools of one class of the program, one always before the other', () =>
      isolatedIn(mode, async (instance) => {
        const [locks, queries] = [new Pool(instance, 2), new Pool(instance, 2)];
        for (let i = 0; i < 3; i++) await nested(locks.permits, queries.permits);
        assert.deepEqual(seen(instance), ['semaphore-exhaustion advisory x3']);
      }));

    it('hand over hand along a list', () =>
      isolatedIn(mode, async (instance) => {
        const list = Array.from({ length: 6 }, factory(instance));
        let release = await (list[0] as Mutex).acquire();
        for (const next of list.slice(1)) {
          const taken = await next.acquire();
          release();
          release = taken;
        }
        release();
        assert.deepEqual(strict(instance), []);
      }));

    it('a chain of completions, each signalled by a flow that waits for the next', () =>
      isolatedIn(mode, async (instance) => {
        const make: Make<Completion> = () => new instance.Completion();
        const [upper, lower] = [make(), make()];
        lower.complete();
        await upper.signalling(async () => {
          await lower.wait();
          upper.complete();
        });
        assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
      }));

    it('two locks of a factory with a lock of another class between them, once each way round', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const other = new instance.Mutex({ class: new LockClass('other') });
        const [outer, inner] = [make(), make()];
        await nested(outer, other, inner);
        await nested(outer, other, inner);
        await nested(other, inner);
        await nested(outer, other);
        assert.deepEqual(strict(instance), []);
      }));

    it('two locks that jobs of a worker take, under a lock of a factory that whoever waits for the job has', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [gate, other] = [make(), make()];
        const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
        await nested(gate, other);
        for (let i = 0; i < 3; i++) {
          await gate.runExclusive(() => elsewhere(instance, () => nested(a, b)));
          await gate.runExclusive(() => elsewhere(instance, () => nested(b, a)));
        }
        assert.deepEqual(strict(instance), []);
      }));

    it('the same under a lock that was handed over, and had before the first two were nested', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [gate, other] = [make(), make()];
        const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
        const first = await gate.lock();
        await nested(other, make());
        first.transfer();
        await nested(a, b);
        first.release();
        const second = await gate.lock();
        second.transfer();
        await nested(b, a);
        second.release();
        assert.deepEqual(strict(instance), []);
      }));

    it('pairs of a factory that jobs of a worker take, several under one hold of whoever waits for them', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const gate = new instance.Mutex({ class: new LockClass('gate') });
        const [x, y, a, b] = [make(), make(), make(), make()];
        for (const [outer, inner] of [
          [a, b],
          [b, a],
        ] as const) {
          await gate.runExclusive(async () => {
            await elsewhere(instance, () => nested(x, y));
            await elsewhere(instance, () => nested(outer, inner));
          });
        }
        assert.deepEqual(strict(instance), []);
      }));

    it('two locks under a third one that keeps them apart, all from one factory', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [gate, a, b] = [make(), make(), make()];
        for (let i = 0; i < 3; i++) {
          await nested(gate, a, b);
          await nested(gate, b, a);
        }
        assert.deepEqual(strict(instance), []);
      }));
  });

  describe(`the very locks close the cycle: strict (${mode})`, () => {
    it('the same two, both ways round', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [history, drafts] = [make(), make()];
        await nested(drafts, history);
        const second = nested(history, drafts);
        if (mode === 'enforce') await assert.rejects(second, { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
        else await second;
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));

    it('the same two by calls, both ways round, in one run of each', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [history, drafts] = [make(), make()];
        await nestedByCalls(drafts, history);
        await nestedByCalls(history, drafts);
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));

    it('the same two by jobs, both ways round under one hold of whoever waits for them', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const gate = new instance.Mutex({ class: new LockClass('gate') });
        const [a, b] = [make(), make()];
        const run = gate.runExclusive(async () => {
          await elsewhere(instance, () => nested(a, b));
          await elsewhere(instance, () => nested(b, a));
        });
        await run.catch(() => undefined);
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));

    it('three of them in a ring', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const [a, b, c] = [make(), make(), make()];
        await nested(a, b);
        await nested(b, c);
        assert.deepEqual(strict(instance), []);
        await nested(c, a).catch(() => undefined);
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));

    it('by way of another class, known before and after two of them were nested', () =>
      isolatedIn(mode, async (instance) => {
        const make = factory(instance);
        const other = new instance.Mutex({ class: new LockClass('other') });
        const [a, b, c] = [make(), make(), make()];
        await nested(other, a);
        await nested(a, b);
        await nested(b, other).catch(() => undefined);
        assert.deepEqual(strict(instance), ['circular-dependency']);
        instance.lockdep.reset({ graph: true });
        await nested(a, b);
        for (let i = 0; i < 9; i++) await nested(other, b);
        await nested(c, other);
        assert.deepEqual(strict(instance), [], 'it is another lock that is held here');
        await nested(other, c).catch(() => undefined);
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));

    it('two pools, both ways round', () =>
      isolatedIn(mode, async (instance) => {
        const [one, other] = [new Pool(instance, 2), new Pool(instance, 2)];
        await nested(one.permits, other.permits);
        await nested(other.permits, one.permits).catch(() => undefined);
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));

    it('one pool, taken twice by a flow: it stands in for nothing', () =>
      isolatedIn(mode, async (instance) => {
        const { permits } = new Pool(instance, 2);
        await nested(permits, permits).catch(() => undefined);
        assert.deepEqual(strict(instance), ['semaphore-exhaustion']);
      }));

    it('a reader and a writer of two, where the readers pass waiting writers', () =>
      isolatedIn(mode, async (instance) => {
        const make: Make<RWSemaphore> = () => new instance.RWSemaphore({ fairness: 'reader-preferring' });
        const [one, other] = [make(), make()];
        await one.runRead(() => other.runRead(() => undefined));
        await other.runRead(() => one.runRead(() => undefined));
        assert.deepEqual(strict(instance), [], 'readers beside readers');
        await other.runWrite(() => one.runWrite(() => undefined)).catch(() => undefined);
        assert.deepEqual(strict(instance), ['circular-dependency']);
      }));
  });
}

describe('a class by place whose locks were never held together', () => {
  it('stands for the locks of a service that each test makes anew: strict', () =>
    isolated(async (instance) => {
      class Service {
        readonly accounts: Mutex = new instance.Mutex();
        readonly ledger: Mutex = new instance.Mutex();
      }
      const first = new Service();
      await nested(first.accounts, first.ledger);
      const second = new Service();
      await nested(second.ledger, second.accounts);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    }));

  it('does so until two are held in one flow: the same orders of other locks are suspicions from then on', () =>
    isolated(async (instance) => {
      const makeAccounts = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('ledger') });
      await nested(makeAccounts(), makeAccounts());
      await nested(makeAccounts(), ledger);
      await nested(ledger, makeAccounts());
      assert.deepEqual(strict(instance), []);
      assert.deepEqual(seen(instance), ['recursive-locking advisory x1', 'circular-dependency advisory x1']);
    }));

  it('is told by a lock that was merely tried under another one, too', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('ledger') });
      const [outer, inner] = [make(), make()];
      await outer.runExclusive(() => inner.tryAcquire()?.());
      await nested(make(), ledger);
      await nested(ledger, make());
      assert.deepEqual(seen(instance), ['circular-dependency advisory x1']);
    }));

  it('is told by locks that are requested all at once, too', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('ledger') });
      const releases = await Promise.all([make().acquire(), make().acquire()]);
      for (const release of releases) release();
      await nested(make(), ledger);
      await nested(ledger, make());
      assert.deepEqual(strict(instance), []);
    }));

  it('may be two of which two flows each have one and wait for the other: told while it lasts, as a suspicion', () =>
    isolated(async (instance) => {
      const locks = Array.from({ length: 3 }, factory(instance)) as [Mutex, Mutex, Mutex];
      for (const [at, lock] of locks.entries()) {
        void (async () => {
          const release = await lock.acquire();
          await settle(3);
          (await (locks[(at + 1) % locks.length] as Mutex).acquire())();
          release();
        })();
      }
      await settle(10);
      assert.deepEqual(seen(instance), ['circular-dependency advisory x1']);
      instance.lockdep.reset();
    }));

  it('may be many that very many flows wait for in one order: silent but for the nesting', () =>
    isolated(async (instance) => {
      const locks = Array.from({ length: 4 }, factory(instance));
      const both = async (first: Mutex, second: Mutex): Promise<void> => {
        const release = await first.acquire();
        await settle(1);
        (await second.acquire())();
        release();
      };
      const pairs = locks.flatMap((first, at) => locks.slice(at + 1).map((second) => both(first, second)));
      await Promise.all(pairs);
      assert.deepEqual(
        instance.lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`),
        ['recursive-locking advisory'],
      );
    }));

  it('lets the first cycle that takes two of them for one another pass in enforce: its flow may show that they are two', () =>
    isolatedIn('enforce', async (instance) => {
      const [bus, [outer, inner]] = [
        new instance.Mutex(),
        Array.from({ length: 2 }, factory(instance)) as [Mutex, Mutex],
      ];
      for (let round = 0; round < 3; round++) {
        await nested(bus, inner);
        await nested(outer, bus, inner);
      }
      assert.deepEqual(strict(instance), []);
      const [report] = instance.lockdep.reports();
      assert.match(report?.message ?? '', /suspected deadlock/);
    }));

  it('refuses the next one in enforce, where nothing has shown that', () =>
    isolatedIn('enforce', async (instance) => {
      const [bus, [one, other]] = [
        new instance.Mutex(),
        Array.from({ length: 2 }, factory(instance)) as [Mutex, Mutex],
      ];
      await nested(bus, one);
      await nested(other, bus);
      await assert.rejects(nested(other, bus), { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' });
    }));

  it('is a guess again after a reset with the graph', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('ledger') });
      await nested(make(), make());
      instance.lockdep.reset({ graph: true });
      await nested(make(), ledger);
      await nested(ledger, make());
      assert.deepEqual(strict(instance), ['circular-dependency']);
    }));
});

describe('a class that the program named', () => {
  it('is a promise: two of its locks, nested in one order only, are strict', () =>
    isolated(async (instance) => {
      const make: Make<Mutex> = () => new instance.Mutex({ class: 'promised' });
      await nested(make(), make());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    }));

  it('is none by a name of the single lock: that tells nothing of the others', () =>
    isolated(async (instance) => {
      const make = (name: string): Mutex => new instance.Mutex({ name });
      await nested(make('outer'), make('inner'));
      assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
    }));

  it('may be given to a lock later', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const [outer, inner] = [make(), make()];
      await nested(outer, inner);
      inner.setClass(new LockClass('inner'));
      await nested(inner, outer);
      await nested(make(), inner);
      assert.deepEqual(strict(instance), []);
    }));
});

describe('what is said of a class holds for locks that are told apart', () => {
  it('a declared order, for those of before and of later', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('ledger') });
      const first = make();
      await nested(first, make());
      instance.lockdep.declareOrder(first.lockClass, ledger.lockClass);
      await nested(ledger, make());
      assert.deepEqual(strict(instance), ['circular-dependency']);
    }));

  it('an inversion that is accepted', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('ledger') });
      const first = make();
      await nested(first, make());
      instance.lockdep.bless(first.lockClass, ledger.lockClass, 'one thread by construction');
      await nested(first, ledger);
      await nested(ledger, first);
      assert.deepEqual(seen(instance), ['recursive-locking advisory x1']);
    }));

  it('another process learns their orders as suspicions', () =>
    isolated(async (instance) => {
      const make = factory(instance);
      const ledger = new instance.Mutex({ class: new LockClass('apart-ledger') });
      await nested(make(), make());
      await nested(make(), ledger);
      const { edges } = instance.lockdep.snapshot();
      assert.deepEqual(
        edges.map(({ tier }) => tier),
        ['advisory'],
      );
    }));
});
