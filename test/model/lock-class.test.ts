import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLockdep, runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, lockClass, type LockClassOptions, type Mutex, type Report } from '../../src/index.js';
import { CLASSES_PER_PLACE } from '../../src/validator/class-growth.js';
import { isolated, seen } from '../support/harness.js';

let names = 0;

/** Class names are counted in the whole process: each test has its own. */
function fresh(name: string): string {
  names += 1;
  return `${name} ${names}`;
}

async function nest(...locks: Mutex[]): Promise<void> {
  const [outer, ...inner] = locks;
  if (outer !== undefined) await outer.runExclusive(() => nest(...inner));
}

function mutexes(instance: IsolatedLockdep, count: number, options?: LockClassOptions): Mutex[] {
  return Array.from({ length: count }, () => new instance.Mutex({ class: new LockClass(fresh('of one'), options) }));
}

describe('names', () => {
  it('a name that is taken is printed with a number', () => {
    const name = fresh('session');
    const printed = [new LockClass(name), lockClass(name), new LockClass(name)].map((made) => made.name);
    assert.deepEqual(printed, [name, `${name}#2`, `${name}#3`]);
  });

  it('a name is printed as plain text; the class is found, and forgotten, by the name as it was given', () => {
    const [name, lookalike] = [fresh('a\nb\u202e'), fresh('a\\u000ab\\u202e')];
    const made = lockClass(name);
    assert.match(made.name, /^a\\u000ab\\u202e \d+$/);
    assert.equal(lockClass(name), made);
    assert.notEqual(lockClass(lookalike), made);
    assert.match(made.subclass('in\rner').name, /\/in\\u000dner$/);
    made.dispose();
    assert.notEqual(lockClass(name), made);
  });

  it('a class that is printed with a number is forgotten too when it is disposed of', () => {
    const name = fresh('numbered');
    new LockClass(name);
    const made = lockClass(name);
    assert.equal(made.name, `${name}#2`);
    made.dispose();
    assert.notEqual(lockClass(name), made);
  });

  it('subclasses are printed behind their base, one object per level', () => {
    const base = new LockClass(fresh('mmap'));
    assert.equal(base.subclass(1).name, `${base.name}/1`);
    assert.equal(base.subclass('i915').name, `${base.name}/i915`);
    assert.equal(base.subclass('i915').subclass(2).name, `${base.name}/i915/2`);
    assert.equal(base.subclass('i915'), base.subclass('i915'));
    assert.equal(base.subclass(0), base);
    assert.notEqual(base.subclass(1), base.subclass('1'));
  });

  it('reports print them', async () => {
    await isolated(async (instance) => {
      const name = fresh('twin');
      const locks = [new LockClass(name), new LockClass(name), new LockClass(name).subclass('inner')].map(
        (made) => new instance.Mutex({ class: made }),
      ) as [Mutex, Mutex, Mutex];
      await nest(...locks);
      await nest(locks[2], locks[0]);
      assert.deepEqual(
        instance.lockdep.reports().map(({ id }) => id),
        [`circular-dependency:${name} -> ${name}#3/inner`],
      );
    });
  });
});

describe('options of a class', () => {
  it('order: the comparator decides, for every pair anew', async () => {
    await isolated(async (instance) => {
      const ranks = new Map<unknown, number>();
      const order = (a: Mutex, b: Mutex): number => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0);
      const accounts = new LockClass(fresh('account'), { order });
      const [one, two, three] = [1, 2, 3].map((rank) => {
        const lock = new instance.Mutex({ class: accounts });
        ranks.set(lock, rank);
        return lock;
      }) as [Mutex, Mutex, Mutex];
      for (let i = 0; i < 20; i++) await nest(one, two, three);
      assert.deepEqual(seen(instance), []);
      await nest(three, two);
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    });
  });

  it('order: equal is not in order', async () => {
    await isolated(async (instance) => {
      const accounts = new LockClass(fresh('account'), { order: () => 0 });
      await nest(new instance.Mutex({ class: accounts }), new instance.Mutex({ class: accounts }));
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
    });
  });

  it('order: a subclass obeys that of its base', async () => {
    await isolated(async (instance) => {
      const [first, then] = mutexes(instance, 2, { order: () => -1 }) as [Mutex, Mutex];
      then.setClass(first.lockClass);
      for (const [a, b] of [
        [first, then],
        [then, first],
      ] as const) {
        await a.runExclusive(() => b.runExclusive(() => undefined, { subclass: 'leaf' }), { subclass: 'leaf' });
      }
      assert.deepEqual(seen(instance), []);
    });
  });

  it('no option makes it legal to take an instance again: not reentrant, which is gone, and not an order', async () => {
    await isolated(async (instance) => {
      const tree = new LockClass(fresh('tree'), { reentrant: true, order: () => -1 } as LockClassOptions);
      const [lock, other] = [new instance.Mutex({ class: tree }), new instance.Mutex({ class: tree })];
      await nest(lock, other);
      assert.deepEqual(seen(instance), []);
      await lock.runExclusive(() => lock.might());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      const { message } = instance.lockdep.reports()[0] as Report;
      const advice = message.replaceAll(/\s+/g, ' ');
      assert.match(advice, /a public function that takes tree \d+ and an inner one that does not/);
      assert.match(advice, /a Completion/);
      assert.doesNotMatch(advice, /reentrant/);
    });
  });

  it('validate: false is listed as held, never checked, and leaves others checked', async () => {
    await isolated(async (instance) => {
      const [silent] = mutexes(instance, 1, { validate: false }) as [Mutex];
      const [a, b] = mutexes(instance, 2) as [Mutex, Mutex];
      await silent.runExclusive(async () => {
        assert.deepEqual(
          instance.lockdep.held().map((held) => held.lock),
          [silent],
        );
        silent.might();
        await a.runExclusive(() => undefined);
      });
      await nest(a, silent);
      assert.deepEqual(seen(instance), []);
      await nest(a, silent, b);
      await nest(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('track: false is not known at all, and hides nothing of others', async () => {
    await isolated(async (instance) => {
      const [hidden] = mutexes(instance, 1, { track: false }) as [Mutex];
      const [a, b] = mutexes(instance, 2) as [Mutex, Mutex];
      await hidden.runExclusive(async () => {
        assert.deepEqual(instance.lockdep.held(), []);
        assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
        await nest(a, b);
      });
      await hidden.runExclusive(() => nest(b, a));
      assert.deepEqual(seen(instance), ['circular-dependency strict x1'], 'it is no gate either');
    });
  });
});

describe('dispose', () => {
  it('forgets the orders of the class and of its subclasses, and no others', async () => {
    await isolated(async (instance) => {
      const [a, b, c] = mutexes(instance, 3) as [Mutex, Mutex, Mutex];
      await nest(a, b, c);
      await b.runExclusive(() => a.might(), { subclass: 1 });
      b.lockClass.dispose();
      await nest(b, a);
      assert.deepEqual(seen(instance), []);
      await nest(c, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('forgets nestings that were known: they are learned anew', async () => {
    await isolated(async (instance) => {
      const [a, b] = mutexes(instance, 2) as [Mutex, Mutex];
      for (let i = 0; i < 20; i++) await nest(a, b);
      a.lockClass.dispose();
      await nest(a, b);
      await nest(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('a gate that was disposed of is the same gate when it is taken again', async () => {
    await isolated(async (instance) => {
      const [gate, a, b] = mutexes(instance, 3) as [Mutex, Mutex, Mutex];
      await nest(gate, a, b);
      gate.lockClass.dispose();
      await nest(gate, b, a);
      assert.deepEqual(seen(instance), []);
      await nest(b, a);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('so is one that a loaded order had named before', async () => {
    await isolated(async (instance) => {
      const gateName = fresh('gate');
      const [a, b] = mutexes(instance, 2) as [Mutex, Mutex];
      instance.lockdep.load({
        version: 1,
        classes: [{ name: gateName }],
        edges: [
          {
            from: gateName,
            to: 'elsewhere',
            kinds: ['EN'],
            tier: 'strict',
            count: 1,
            sites: [['x.js:1:1', 'x.js:2:1']],
          },
        ],
      });
      const gate = new instance.Mutex({ class: lockClass(gateName) });
      await nest(gate, a, b);
      gate.lockClass.dispose();
      await nest(gate, b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('takes its orders out of snapshots, and a new class of the name inherits none', async () => {
    await isolated(async (instance) => {
      const name = fresh('order');
      const a = new instance.Mutex({ class: name });
      const [b] = mutexes(instance, 1) as [Mutex];
      await nest(a, b);
      a.lockClass.dispose();
      assert.deepEqual(instance.lockdep.snapshot().edges, []);
      const again = new instance.Mutex({ class: name });
      assert.notEqual(again.lockClass, a.lockClass);
      assert.equal(again.lockClass.name, `${name}#2`);
      await nest(b, again);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('ids are never used again', () => {
    const ids = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const made = lockClass(fresh('short-lived'));
      ids.add(made.id);
      made.dispose();
    }
    assert.equal(ids.size, 100);
  });

  it('keeps the order right while many classes come and go', async () => {
    await isolated(async (instance) => {
      const [lasting] = mutexes(instance, 1) as [Mutex];
      for (let i = 0; i < 50; i++) {
        const [passing] = mutexes(instance, 1) as [Mutex];
        await nest(...(i % 2 === 0 ? [lasting, passing] : [passing, lasting]));
        passing.lockClass.dispose();
      }
      runtimeOf(instance).validator.dependencies.checkInvariants();
      assert.deepEqual(seen(instance), []);
      assert.deepEqual(instance.lockdep.snapshot().edges, []);
    });
  });
});

describe('a class for every lock', () => {
  const ways: Readonly<Record<string, (instance: IsolatedLockdep, name: string) => unknown>> = {
    'new LockClass()': (instance, name) => new instance.Mutex({ class: new LockClass(name) }),
    'a name': (instance, name) => new instance.Mutex({ class: `${name} ${fresh('no.')}` }),
    'a subclass': (instance, name) => new instance.RWSemaphore({ class: lockClass(name).subclass(fresh('no.')) }),
    'setClass()': (instance) => new instance.Semaphore(2).setClass(new LockClass('set')),
  };
  for (const [way, make] of Object.entries(ways)) {
    it(`by ${way} says so once, with the place and the count`, async () => {
      await isolated((instance) => {
        const name = fresh('session');
        for (let i = 1; i < CLASSES_PER_PLACE; i++) make(instance, name);
        assert.deepEqual(seen(instance), []);
        for (let i = 0; i < 300; i++) make(instance, name);
        assert.deepEqual(seen(instance), ['limit advisory x1']);
        const [report] = instance.lockdep.reports();
        assert.match(report?.message ?? '', new RegExp(`^${CLASSES_PER_PLACE} classes with one lock each`, 'm'));
        assert.match(report?.acquiring?.site ?? '', /lock-class\.test\.ts:\d+:\d+$/);
      });
    });
  }

  const twins: Readonly<Record<string, (instance: IsolatedLockdep) => void>> = {
    'many locks of one class': (instance) => {
      for (let i = 0; i < 1000; i++) new instance.Mutex({ class: 'one for all' });
    },
    'keyed locks with one class': (instance) => {
      const keyed = new LockClass('keyed');
      const locks = new Map<number, Mutex>();
      for (let key = 0; key < 1000; key++) locks.set(key, new instance.Mutex({ class: keyed, name: String(key) }));
      assert.equal(locks.size, 1000);
    },
    'the place of construction as the class': (instance) => {
      for (let i = 0; i < 1000; i++) new instance.Mutex();
    },
    'a few dozen classes from one place': (instance) => {
      for (let i = 0; i < 60; i++) new instance.Mutex({ class: new LockClass('table') });
    },
    'many classes with two locks each': (instance) => {
      for (let i = 0; i < 300; i++) {
        const pair = new LockClass('pair');
        for (let j = 0; j < 2; j++) new instance.Mutex({ class: pair });
      }
    },
    'classes that are disposed of': (instance) => {
      for (let i = 0; i < 1000; i++) new instance.Mutex({ class: new LockClass('request') }).lockClass.dispose();
    },
  };
  for (const [name, program] of Object.entries(twins)) {
    it(`is not: ${name}`, async () => {
      await isolated((instance) => {
        program(instance);
        assert.deepEqual(seen(instance), []);
      });
    });
  }

  it('costs nothing and says nothing while lockdep is off', async () => {
    await isolated(
      (instance) => {
        for (let i = 0; i < 300; i++) new instance.Mutex({ class: new LockClass('off') });
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'off' },
    );
  });
});

describe('a class that is found again', () => {
  /** `lockClass(name, first)`, then `lockClass(name, then)`, twice. */
  async function found(first: LockClassOptions | undefined, then: LockClassOptions | undefined): Promise<string[]> {
    const instance = createLockdep();
    try {
      const name = fresh('found');
      const made = lockClass(name, first);
      for (let i = 0; i < 2; i++) assert.equal(lockClass(name, then), made);
      const [report] = instance.lockdep.reports();
      if (report !== undefined) assert.match(report.acquiring?.site ?? '', /lock-class\.test\.ts:\d+:\d+$/);
      return instance.lockdep.reports().map(({ kind, tier, message }) => {
        return `${kind} ${tier}: ${/keeps them: (.*?) differs?/.exec(message.replaceAll(/\s+/g, ' '))?.[1]}`;
      });
    } finally {
      instance.dispose();
    }
  }

  const byId = { order: (a: { id: number }, b: { id: number }): number => a.id - b.id } as LockClassOptions;
  const downwards = { order: (a: { id: number }, b: { id: number }): number => b.id - a.id } as LockClassOptions;

  it('with the same options, or none, or defaults, is silent', async () => {
    assert.deepEqual(await found(byId, byId), []);
    assert.deepEqual(await found(byId, undefined), []);
    assert.deepEqual(await found(byId, {}), []);
    assert.deepEqual(await found(undefined, { validate: true, track: true }), []);
    const nest = (): LockClassOptions => ({ nest: { depth: 2, holders: 3 } });
    assert.deepEqual(await found(nest(), nest()), []);
    const inline = (): LockClassOptions => ({ order: (a: never, b: never) => Number(a) - Number(b) });
    assert.deepEqual(await found(inline(), inline()), [], 'the same line run twice');
  });

  it('with others is said once, and names them', async () => {
    assert.deepEqual(await found(byId, downwards), ['class-conflict strict: order']);
    assert.deepEqual(await found(undefined, byId), ['class-conflict strict: order']);
    assert.deepEqual(await found({ validate: false }, { validate: true, track: false }), [
      'class-conflict strict: validate, track',
    ]);
    assert.deepEqual(await found({ nest: { depth: 2, holders: 3 } }, { nest: { depth: 3, holders: 3 } }), [
      'class-conflict strict: nest',
    ]);
  });

  it('with an option that is none is no conflict: it is ignored', async () => {
    assert.deepEqual(await found(undefined, { reentrant: true } as LockClassOptions), []);
  });

  it('is checked all the same', () => {
    const name = fresh('checked');
    lockClass(name);
    assert.throws(
      () => lockClass(name, { validate: 1 as never }),
      new TypeError('lock class option validate must be a boolean, got 1'),
    );
  });
});
