/**
 * A lock that is had at once by a function which another one has called: who goes on with it? All that the caller starts next
 * lists it too.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { LockClass, type Mutex, type Releaser } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, settle } from '../support/harness.js';

interface World {
  readonly instance: IsolatedLockdep;
  /** Wanted while `b` is held, or beside it. */
  readonly a: Mutex;
  readonly b: Mutex;
  /** Tries for `b`, and holds it for some turns. */
  readonly cleaner: () => Promise<void>;
  /** Wants `a`, and nothing else. */
  readonly worker: () => Promise<void>;
}

type Run = (world: World) => unknown;

async function rest(): Promise<void> {
  await settle(2);
}

const use = (lock: Mutex): Promise<void> => lock.runExclusive(() => undefined);

async function useLate(lock: Mutex): Promise<void> {
  await Promise.resolve();
  await use(lock);
}

/** Nobody who has `b` waits for `a`. */
const LEGAL: Readonly<Record<string, Run>> = {
  'two workers that are mapped over': ({ cleaner, worker }) => Promise.all([cleaner, worker].map((start) => start())),
  'a loop': async ({ cleaner, worker }) => {
    const all: Promise<void>[] = [];
    for (const start of [cleaner, worker]) all.push(start());
    await Promise.allSettled(all);
  },
  forEach: async ({ cleaner, worker }) => {
    const all: Promise<void>[] = [];
    [cleaner, worker].forEach((start) => all.push(start()));
    await Promise.all(all);
  },
  'a function that starts both': async ({ cleaner, worker }) => {
    const start = (): Promise<void>[] => [cleaner(), worker()];
    await Promise.all(start());
  },
  'one after the other, both awaited later': async ({ cleaner, worker }) => {
    await Promise.resolve();
    const clean = cleaner();
    await worker();
    await clean;
  },
  'one that is left alone, the other one some turns later': async ({ cleaner, worker }) => {
    void cleaner();
    await Promise.resolve();
    await worker();
    await settle(4);
  },
  'the callback of an immediate': ({ cleaner, worker }) =>
    new Promise((resolve) => {
      setImmediate(() => resolve(Promise.all([cleaner(), worker()])));
    }),
  'a microtask': ({ cleaner, worker }) =>
    new Promise((resolve) => {
      queueMicrotask(() => resolve(Promise.all([cleaner(), worker()])));
    }),
  'a callback of then': ({ cleaner, worker }) => Promise.resolve().then(() => Promise.all([cleaner(), worker()])),
  'two listeners': async ({ cleaner, worker }) => {
    const emitter = new EventEmitter();
    const all: Promise<void>[] = [];
    for (const start of [cleaner, worker]) emitter.on('go', () => all.push(start()));
    emitter.emit('go');
    await Promise.all(all);
  },
  'two listeners of an event of a later turn': async ({ cleaner, worker }) => {
    const emitter = new EventEmitter();
    const all: Promise<void>[] = [];
    for (const start of [cleaner, worker]) emitter.on('go', () => all.push(start()));
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        emitter.emit('go');
        resolve();
      });
    });
    await Promise.all(all);
  },
  'a guard': ({ b, worker }) => {
    const clean = async (): Promise<void> => {
      const guard = b.tryLock();
      await rest();
      guard?.release();
    };
    return Promise.all([clean(), worker()]);
  },
  'a try in a helper of the first': ({ b, worker }) => {
    const take = (): Releaser | undefined => b.tryAcquire();
    const clean = async (): Promise<void> => {
      const release = take();
      await rest();
      release?.();
    };
    return Promise.all([clean(), worker()]);
  },
  'a first one that calls others before it waits': ({ b, worker }) => {
    const clean = async (): Promise<void> => {
      const release = b.tryAcquire();
      const others = [rest(), nextTurn()];
      await Promise.all(others);
      release?.();
    };
    return Promise.all([clean(), worker()]);
  },
  'a plain function that leaves the release to a timer': async ({ b, worker }) => {
    const kick = (): void => {
      const release = b.tryAcquire();
      setImmediate(() => setImmediate(() => setImmediate(() => release?.())));
    };
    kick();
    await worker();
    await settle(4);
  },
  'a plain function that starts what releases': async ({ b, worker }) => {
    const kick = (): void => {
      const release = b.tryAcquire();
      void rest().finally(() => release?.());
    };
    kick();
    await worker();
    await settle(4);
  },
  'an object whose method runs on': async ({ b, worker }) => {
    class Job {
      #release: Releaser | undefined;
      async run(): Promise<void> {
        this.#release = b.tryAcquire();
        await rest();
        this.#release?.();
      }
    }
    const running = new Job().run();
    await worker();
    await running;
  },
  'a first one that tries for another lock too, and gives that back first': ({ instance, b, worker }) => {
    const inner = new instance.Mutex({ class: new LockClass('inner') });
    const clean = async (): Promise<void> => {
      const release = b.tryAcquire();
      const releaseInner = inner.tryAcquire();
      await rest();
      releaseInner?.();
      await rest();
      release?.();
    };
    return Promise.all([clean(), worker()]);
  },
  'a first one that tries for two other locks, and gives them back in any order': ({ instance, b, worker }) => {
    const others = ['one', 'two'].map((name) => new instance.Mutex({ class: new LockClass(name) }));
    const clean = async (): Promise<void> => {
      const release = b.tryAcquire();
      const releases = others.map((lock) => lock.tryAcquire());
      await rest();
      for (const other of releases) {
        other?.();
        await Promise.resolve();
      }
      release?.();
    };
    return Promise.all([clean(), worker()]);
  },
  'a worker that acquires': ({ a, cleaner }) => {
    const work = async (): Promise<void> => {
      const release = await a.acquire();
      await nextTurn();
      release();
    };
    return Promise.all([cleaner(), work(), work()]);
  },
  'several that try, of which one succeeds': ({ cleaner, worker }) =>
    Promise.all([cleaner, cleaner, worker, cleaner, worker].map((start) => start())),
  'the end of one task and the start of the next': async ({ instance, cleaner, worker }) => {
    const { task } = instance.lockdep;
    await Promise.all([
      task.call(instance.lockdep, 'clean', cleaner) as Promise<void>,
      task.call(instance.lockdep, 'work', worker) as Promise<void>,
    ]);
  },
};

/** Legal too, and in light not told from one function that goes on. */
const LEGAL_WHERE_FOLLOWED: Readonly<Record<string, Run>> = {
  'one function that is both workers': ({ a, b }) => {
    const job = async (index: number): Promise<void> => {
      if (index === 0) {
        const release = b.tryAcquire();
        await rest();
        release?.();
      } else await use(a);
    };
    return Promise.all([0, 1, 1].map(job));
  },
};

/** Who has `b` waits for `a`: to be learned, be it as a suspicion. */
const GUILTY: Readonly<Record<string, Run>> = {
  'the function that tries, at once': async ({ a, b }) => {
    const handler = async (): Promise<void> => {
      const release = b.tryAcquire();
      await use(a);
      release?.();
    };
    await handler();
  },
  'the function that tries, later': async ({ a, b }) => {
    const handler = async (): Promise<void> => {
      const release = b.tryAcquire();
      await rest();
      await use(a);
      release?.();
    };
    await handler();
  },
  'the function that tries for another lock too, which it gives back first': async ({ instance, a, b }) => {
    const inner = new instance.Mutex({ class: new LockClass('inner') });
    const handler = async (): Promise<void> => {
      const release = b.tryAcquire();
      const releaseInner = inner.tryAcquire();
      await rest();
      releaseInner?.();
      await useLate(a);
      release?.();
    };
    await handler();
  },
  'a function that it awaits': async ({ a, b }) => {
    const handler = async (): Promise<void> => {
      const release = b.tryAcquire();
      try {
        await useLate(a);
      } finally {
        release?.();
      }
    };
    await Promise.all([handler(), rest()]);
  },
  'one of several that it awaits': async ({ a, b }) => {
    const handler = async (): Promise<void> => {
      const release = b.tryAcquire();
      await Promise.all([rest(), useLate(a)]);
      release?.();
    };
    await handler();
  },
  'one of several runs of the function': async ({ a, b }) => {
    const job = async (index: number): Promise<void> => {
      if (index !== 1) return rest();
      const release = b.tryAcquire();
      await useLate(a);
      release?.();
    };
    await Promise.all([0, 1, 2].map(job));
  },
  'the caller of a plain helper that tries': async ({ a, b }) => {
    const take = (): Releaser | undefined => b.tryAcquire();
    const release = take();
    await use(a);
    release?.();
  },
  'the same, after a wait': async ({ a, b }) => {
    const take = (): Releaser | undefined => b.tryAcquire();
    const release = take();
    await rest();
    await useLate(a);
    release?.();
  },
  'who awaits an async function that tries': async ({ a, b }) => {
    const take = async (): Promise<Releaser | undefined> => b.tryAcquire();
    const release = await take();
    await use(a);
    release?.();
  },
  'an object between two of its methods': async ({ a, b }) => {
    class Session {
      #release: Releaser | undefined;
      open(): void {
        this.#release = b.tryAcquire();
      }
      close(): void {
        this.#release?.();
      }
    }
    const session = new Session();
    session.open();
    await useLate(a);
    session.close();
  },
  'a listener': async ({ a, b }) => {
    const emitter = new EventEmitter();
    let done: Promise<void> | undefined;
    emitter.on('go', () => {
      done = (async () => {
        const release = b.tryAcquire();
        await useLate(a);
        release?.();
      })();
    });
    emitter.emit('go');
    await done;
  },
  'the callback of an immediate': ({ a, b }) =>
    new Promise((resolve) => {
      setImmediate(async () => {
        const release = b.tryAcquire();
        await use(a);
        release?.();
        resolve(undefined);
      });
    }),
  'the function that tries, and another one that does not': async ({ a, b, worker }) => {
    const handler = async (): Promise<void> => {
      const release = b.tryAcquire();
      await Promise.all([rest(), useLate(a)]);
      release?.();
    };
    await Promise.all([handler(), worker(), worker()]);
  },
};

/** The same, and only to be seen where promises are followed. */
const GUILTY_WHERE_FOLLOWED: Readonly<Record<string, Run>> = {
  'work whose end releases it': async ({ a, b }) => {
    const kick = (): Promise<void> => {
      const release = b.tryAcquire();
      return useLate(a).finally(() => release?.());
    };
    await kick();
  },
};

const ROUNDS = 12;

/** What is learned of `b` before `a`, and told. */
async function learned(run: Run, tracking: 'precise' | 'light'): Promise<readonly (string | undefined)[]> {
  let found: readonly (string | undefined)[] = [];
  await isolated(
    async (instance) => {
      const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
      const cleaner = async (): Promise<void> => {
        const release = b.tryAcquire();
        if (release === undefined) return;
        await rest();
        release();
      };
      const worker = (): Promise<void> => use(a);
      for (let i = 0; i < ROUNDS; i++) {
        await nextTurn();
        await run({ instance, a, b, cleaner, worker });
        await settle(3);
        await a.runExclusive(() => use(b));
      }
      const edges = [...runtimeOf(instance).validator.dependencies.edges()];
      const edge = edges.find(({ from, to }) => from === b.lockClass.name && to === a.lockClass.name);
      found = [edge?.tier, instance.lockdep.reports()[0]?.kind];
    },
    { tracking },
  );
  return found;
}

for (const tracking of ['precise', 'light'] as const) {
  const followed = tracking === 'precise';
  describe(`a lock that is tried for in a call, tracking ${tracking}`, () => {
    for (const [what, run] of Object.entries({ ...LEGAL, ...(followed ? LEGAL_WHERE_FOLLOWED : {}) })) {
      it(`${what}: what others want meanwhile is not ordered after it`, async () => {
        assert.deepEqual(await learned(run, tracking), [undefined, undefined]);
      });
    }
    for (const [what, run] of Object.entries({ ...GUILTY, ...(followed ? GUILTY_WHERE_FOLLOWED : {}) })) {
      it(`${what}: what it wants is ordered after it`, async () => {
        const [tier, kind] = await learned(run, tracking);
        assert.deepEqual([tier === undefined, kind], [false, 'circular-dependency']);
        if (!followed) assert.equal(tier, 'advisory');
      });
    }
  });
}

describe('tries of other primitives in a loop', () => {
  type Try = (instance: IsolatedLockdep) => () => Releaser | undefined;
  const primitives: Readonly<Record<string, Try>> = {
    'a reader': (instance) => {
      const lock = new instance.RWSemaphore({ class: new LockClass('tried') });
      return () => lock.tryAcquireRead();
    },
    'a writer': (instance) => {
      const lock = new instance.RWSemaphore({ class: new LockClass('tried') });
      return () => lock.tryAcquireWrite();
    },
    'a permit': (instance) => {
      const lock = new instance.Semaphore(1, { class: new LockClass('tried') });
      return () => lock.tryAcquire();
    },
    'two permits': (instance) => {
      const lock = new instance.Semaphore(3, { class: new LockClass('tried') });
      return () => lock.tryAcquire(2);
    },
    'a pseudo-lock that is entered': (instance) => {
      const lock = new instance.PseudoLock({ class: new LockClass('tried') });
      return () => {
        const section = lock.enter();
        return () => section[Symbol.dispose]();
      };
    },
    'a lock of the same class as what the others want': (instance) => {
      const lock = new instance.Mutex({ class: shared(instance) });
      return () => lock.tryAcquire();
    },
  };
  const classes = new WeakMap<IsolatedLockdep, LockClass>();
  function shared(instance: IsolatedLockdep): LockClass {
    let found = classes.get(instance);
    if (found === undefined) classes.set(instance, (found = new LockClass('wanted')));
    return found;
  }

  for (const tracking of ['precise', 'light'] as const) {
    for (const [what, prepare] of Object.entries(primitives)) {
      it(`${what}, tracking ${tracking}: silent`, () =>
        isolated(
          async (instance) => {
            const take = prepare(instance);
            const lock = new instance.Mutex({ class: shared(instance) });
            const first = async (): Promise<void> => {
              const release = take();
              await rest();
              release?.();
            };
            for (let i = 0; i < ROUNDS; i++) await Promise.all([first, () => use(lock)].map((start) => start()));
            assert.deepEqual([...runtimeOf(instance).validator.dependencies.edges()], []);
            assert.deepEqual(instance.lockdep.reports(), []);
          },
          { tracking },
        ));
    }
  }
});
