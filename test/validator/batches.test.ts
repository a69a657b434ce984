/** Locks that one flow requests in one turn: orders both ways, with the batch as a common gate. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Mutex } from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

type Pair = readonly [a: Mutex, b: Mutex];

function pairOf(instance: IsolatedLockdep): Pair {
  return [
    new instance.Mutex({ class: new LockClass('batch a') }),
    new instance.Mutex({ class: new LockClass('batch b') }),
  ];
}

async function batch(...locks: Mutex[]): Promise<void> {
  const releasers = await Promise.all(locks.map((lock) => lock.acquire()));
  for (const release of releasers) release();
}

async function nest(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(() => undefined));
}

function edges(instance: IsolatedLockdep): string[] {
  return instance.lockdep.snapshot().edges.map(({ from, to, gates }) => {
    const short = (name: string): string => name.replaceAll(/batch |#\d+/g, '');
    return `${short(from)} ${short(to)} ${JSON.stringify(gates ?? [])}`;
  });
}

const LEARNED: Readonly<Record<string, (locks: Pair) => Promise<void>>> = {
  'Promise.all of acquires': ([a, b]) => batch(a, b),
  guards: async ([a, b]) => {
    const guards = await Promise.all([a.lock(), b.lock()]);
    for (const guard of guards) guard.release();
  },
  'something else among them, that is there first': async ([a, b]) => {
    const [first, , second] = await Promise.all([a.acquire(), Promise.resolve(1), b.acquire()]);
    first();
    second();
  },
  'requested before the combinator is called': async ([a, b]) => {
    const requests = [a.acquire(), b.acquire()];
    const releasers = await Promise.all(requests);
    for (const release of releasers) release();
  },
  'in the callback of a timer': async ([a, b]) => {
    await new Promise<void>((resolve) => {
      setTimeout(() => void batch(a, b).then(resolve), 1);
    });
  },
  'while one of them is held by somebody else': async ([a, b]) => {
    const holder = b.runExclusive(() => settle(2));
    await batch(a, b);
    await holder;
  },
};

const NOTHING: Readonly<Record<string, (locks: Pair) => Promise<void>>> = {
  'siblings, each of which holds one lock for itself': async ([a, b]) => {
    const run = async (lock: Mutex): Promise<void> => {
      const release = await lock.acquire();
      await nextTurn();
      release();
    };
    await Promise.all([run(a), run(b)]);
  },
  'siblings that hand out what they took': async ([a, b]) => {
    const take = async (lock: Mutex): Promise<() => void> => lock.acquire();
    for (const release of await Promise.all([take(a), take(b)])) release();
  },
  'a callback in between': async ([a, b]) => {
    const done = await Promise.all([a.acquire().then((release) => release), b.acquire().then((release) => release)]);
    for (const release of done) release();
  },
  'a callback in between that releases': async ([a, b]) => {
    await Promise.all([a.acquire().then((release) => release()), b.acquire().then((release) => release())]);
  },
  'a lock that was requested in an earlier turn': async ([a, b]) => {
    const early = a.acquire();
    await nextTurn();
    for (const release of await Promise.all([early, b.acquire()])) release();
  },
  'a lock that was requested in an earlier callback': async ([a, b]) => {
    let early: Promise<() => void> | undefined;
    setTimeout(() => {
      early = a.acquire();
    }, 1);
    await new Promise<void>((resolve, reject) => {
      setTimeout(() => {
        void Promise.all([early, b.acquire()]).then((releasers) => {
          for (const release of releasers) release?.();
          resolve();
        }, reject);
      }, 2);
    });
  },
  'a promise that somebody else awaits too': async ([a, b]) => {
    const [first, second] = [a.acquire(), b.acquire()];
    void first.then((release) => release());
    for (const release of await Promise.all([first, second])) release();
  },
  'the first of them that is had': async ([a, b]) => {
    const requests = [a.acquire(), b.acquire()];
    const first = await Promise.race(requests);
    first();
    for (const request of requests) (await request)();
  },
  'any of them': async ([a, b]) => {
    const requests = [a.acquire(), b.acquire()];
    (await Promise.any(requests))();
    for (const request of requests) (await request)();
  },
  'something else among them, that is there last: then it is not seen who gets them': async ([a, b]) => {
    const [first, , second] = await Promise.all([a.acquire(), nextTurn(), b.acquire()]);
    first();
    second();
  },
  priorities: async ([a, b]) => {
    for (const release of await Promise.all([a.acquire(1), b.acquire(0)])) release();
  },
  'a try': async ([a, b]) => {
    for (const release of await Promise.all([a.acquire({ timeout: 0 }), b.acquire({ timeout: 0 })])) release();
  },
};

describe('a batch', () => {
  for (const [name, take] of Object.entries(LEARNED)) {
    it(`teaches both ways, under a gate of its own: ${name}`, async () => {
      await isolated(async (instance) => {
        const locks = pairOf(instance);
        for (let i = 0; i < 3; i++) await take(locks);
        assert.deepEqual(edges(instance), ['a b [[""]]', 'b a [[""]]']);
        assert.deepEqual(seen(instance), []);
      });
    });
  }

  for (const [name, take] of Object.entries(NOTHING)) {
    it(`is not: ${name}`, async () => {
      await isolated(async (instance) => {
        const locks = pairOf(instance);
        for (let i = 0; i < 3; i++) await take(locks);
        assert.deepEqual(edges(instance), []);
        await nest(...locks);
        assert.deepEqual(seen(instance), []);
      });
    });
  }

  it('is not: reads that pass waiting writers, which may deadlock in batches too', async () => {
    await isolated(async (instance) => {
      const [x, y] = ['x', 'y'].map((name) => {
        return new instance.RWSemaphore({ class: new LockClass(`batch ${name}`), fairness: 'reader-preferring' });
      });
      for (const release of await Promise.all([x?.acquireRead(), y?.acquireRead()])) release?.();
      assert.deepEqual(edges(instance), []);
    });
  });

  it('and another batch in the other order are silent', async () => {
    await isolated(async (instance) => {
      const [a, b] = pairOf(instance);
      await Promise.all([batch(a, b), batch(b, a)]);
      await batch(b, a);
      assert.deepEqual(seen(instance), []);
    });
  });

  for (const [name, first, then] of [
    ['after it', batch, nest],
    ['before it', nest, batch],
  ] as const) {
    it(`against a nesting ${name}: reported, with what is requested together`, async () => {
      await isolated(async (instance) => {
        const [a, b] = pairOf(instance);
        await first(a, b);
        await then(a, b);
        assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
        const [report] = instance.lockdep.reports();
        assert.match(report?.message ?? '', /\(batch a(#\d+)?\): requested together with batch b/);
        assert.match(
          (report?.message ?? '').replaceAll(/\s+/g, ' '),
          /Advice: Request batch .* all at once everywhere, as at /,
        );
        assert.deepEqual(report?.cycle?.map(({ together }) => together).toSorted(), [true, undefined]);
        for (const { held, acquiring } of report?.cycle ?? []) {
          assert.match(held.site, /batches\.test\.ts/);
          assert.match(acquiring.site, /batches\.test\.ts/);
        }
      });
    });
  }

  it('so it is: a batch and a nesting wait for each other', async () => {
    await isolated(async (instance) => {
      const [a, b] = pairOf(instance);
      let done = 0;
      const outer = a.runExclusive(async () => {
        await nextTurn();
        await b.runExclusive(() => undefined);
        done += 1;
      });
      const other = batch(b, a).then(() => (done += 1));
      await settle(8);
      assert.equal(done, 0);
      for (const lock of [a, b]) lock.cancel();
      await Promise.allSettled([outer, other]);
    });
  });

  it('under a lock that the nesting is taken under too is kept apart from it', async () => {
    await isolated(async (instance) => {
      const [a, b] = pairOf(instance);
      const gate = new instance.Mutex({ class: new LockClass('batch gate') });
      await gate.runExclusive(() => batch(a, b));
      await gate.runExclusive(() => nest(a, b));
      assert.deepEqual(seen(instance), []);
      await nest(a, b);
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
    });
  });

  it('of three teaches all pairs', async () => {
    await isolated(async (instance) => {
      const [a, b] = pairOf(instance);
      await batch(a, b, new instance.Mutex({ class: new LockClass('batch c') }));
      assert.equal(edges(instance).length, 6);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('of two locks of one class teaches nothing', async () => {
    await isolated(async (instance) => {
      const lockClass = new LockClass('batch twins');
      await batch(new instance.Mutex({ class: lockClass }), new instance.Mutex({ class: lockClass }));
      assert.deepEqual(edges(instance), []);
      assert.deepEqual(seen(instance), []);
    });
  });

  it('teaches nothing in light tracking', async () => {
    await isolated(
      async (instance) => {
        const locks = pairOf(instance);
        await batch(...locks);
        assert.deepEqual(edges(instance), []);
      },
      { tracking: 'light' },
    );
  });
});
