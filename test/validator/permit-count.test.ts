/** Permits that there never were: wanted, or given back. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Semaphore } from '../../src/index.js';
import { isolated, seen, settle } from '../support/harness.js';

interface World {
  readonly instance: IsolatedLockdep;
  /** Of two permits. */
  readonly permits: Semaphore;
}

type Run = (world: World) => Promise<unknown>;

async function reports(run: Run, mode: 'warn' | 'enforce' | 'off' = 'warn'): Promise<string[]> {
  let found: string[] = [];
  await isolated(
    async (instance) => {
      const permits = new instance.Semaphore(2, { class: new LockClass('permits') });
      await run({ instance, permits });
      await settle(2);
      found = seen(instance);
    },
    { mode },
  );
  return found;
}

const failed = (): void => undefined;

const TOO_MANY: Readonly<Record<string, Run>> = {
  acquire: async ({ permits }) => {
    const asked = permits.acquire(3).catch(failed);
    await nextTurn();
    permits.cancel();
    await asked;
  },
  'acquire, again and again': async ({ permits }) => {
    const asked = [3, 4, 5].map((weight) => permits.acquire(weight).catch(failed));
    await nextTurn();
    permits.cancel();
    await Promise.all(asked);
  },
  runExclusive: async ({ permits }) => {
    const asked = permits.runExclusive(() => undefined, 3).catch(failed);
    await nextTurn();
    permits.cancel();
    await asked;
  },
  'lock, with a bound': async ({ permits }) => {
    await permits.lock({ weight: 3, timeout: 1 }).catch(failed);
  },
  'while some are taken': async ({ permits, instance }) => {
    const [, release] = await permits.acquire();
    const asked = instance.lockdep.detached(() => permits.acquire(3).catch(failed));
    await nextTurn();
    release();
    permits.cancel();
    await asked;
  },
  'of one that was lowered since': async ({ permits }) => {
    permits.setValue(1);
    const asked = permits.acquire(3).catch(failed);
    await nextTurn();
    permits.cancel();
    await asked;
  },
  'the unlock of so many': async ({ permits }) => {
    void permits.waitForUnlock(3);
    await nextTurn();
  },
};

const NOT_TOO_MANY: Readonly<Record<string, Run>> = {
  'all of them, while one is taken': async ({ permits, instance }) => {
    const [, release] = await permits.acquire();
    const asked = instance.lockdep.detached(() => permits.acquire(2));
    await nextTurn();
    release();
    (await asked)[1]();
  },
  'as many as it was raised to': async ({ permits }) => {
    permits.setValue(5);
    (await permits.acquire(5))[1]();
  },
  'as many as it had once, before it was lowered': async ({ permits }) => {
    permits.setValue(4);
    permits.setValue(1);
    const asked = permits.acquire(4);
    permits.setValue(4);
    (await asked)[1]();
  },
  'as many as were added by release': async ({ permits }) => {
    permits.release();
    (await permits.acquire(3))[1]();
  },
  'a try': async ({ permits }) => {
    assert.equal(permits.tryAcquire(3), undefined);
  },
  'of a signal, which starts at 0': async ({ instance }) => {
    const signal = new instance.Semaphore(0, { class: new LockClass('signal') });
    const asked = [signal.acquire(), signal.acquire(2)];
    for (let i = 0; i < 3; i++) signal.release();
    await Promise.all(asked);
  },
  'of a class that is not checked': async ({ instance }) => {
    const free = new instance.Semaphore(2, { class: new LockClass('free', { validate: false }) });
    const asked = free.acquire(3).catch(failed);
    await nextTurn();
    free.cancel();
    await asked;
  },
  'a writer of a reader/writer lock, and a mutex': async ({ instance }) => {
    const lock = new instance.RWSemaphore({ class: new LockClass('rw') });
    const mutex = new instance.Mutex({ class: new LockClass('mutex') });
    await Promise.all([1, 2].map(() => lock.runWrite(() => nextTurn())));
    await Promise.all([1, 2].map(() => mutex.runExclusive(() => nextTurn())));
  },
};

describe('more permits are wanted than there ever were', () => {
  for (const [how, run] of Object.entries(TOO_MANY)) {
    it(`${how}: told once as a suspicion, since the value may be raised`, async () => {
      const found = await reports(run);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? '', /^semaphore-exhaustion advisory/);
      assert.deepEqual(await reports(run, 'enforce'), found);
      assert.deepEqual(await reports(run, 'off'), []);
    });
  }
  for (const [what, run] of Object.entries(NOT_TOO_MANY)) {
    it(`${what}: silent`, async () => {
      assert.deepEqual(await reports(run), []);
    });
  }

  it('the report says how many there were, where they are wanted, and what grants them', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(2, { class: new LockClass('permits') });
      const asked = permits.acquire(3).catch(failed);
      const [report] = instance.lockdep.reports();
      assert.match(report?.message ?? '', /3 permits are wanted of a semaphore that never had more than 2/);
      assert.match(report?.message ?? '', /setValue\(\)/);
      assert.match(report?.acquiring?.stack?.[0] ?? '', /permit-count/);
      permits.cancel();
      await asked;
    }));
});

const TWICE: Readonly<Record<string, Run>> = {
  'by release() and then by the releaser': async ({ permits }) => {
    const [, release] = await permits.acquire();
    permits.release();
    release();
  },
  'by the releaser and then by release()': async ({ permits }) => {
    const [, release] = await permits.acquire();
    release();
    permits.release();
  },
  'by both in one finally, beside another lock': async ({ permits, instance }) => {
    const mutex = new instance.Mutex({ class: new LockClass('mutex') });
    const [, release] = await permits.acquire();
    const unlock = await mutex.acquire();
    try {
      await nextTurn();
    } finally {
      release();
      unlock();
      permits.release();
    }
  },
  'by release() in the callback of runExclusive': async ({ permits }) => {
    await permits.runExclusive(async () => {
      await nextTurn();
      permits.release();
    });
  },
  'by release() and the end of a guard': async ({ permits }) => {
    const guard = await permits.lock();
    await nextTurn();
    permits.release();
    guard.release();
  },
  'of several at once': async ({ permits }) => {
    const [, release] = await permits.acquire(2);
    permits.release(2);
    release();
  },
  'by release() with a greater weight': async ({ permits }) => {
    await permits.acquire();
    permits.release(2);
  },
};

const ONCE: Readonly<Record<string, Run>> = {
  'by release() alone': async ({ permits }) => {
    for (let i = 0; i < 6; i++) {
      await permits.acquire();
      await nextTurn();
      permits.release();
    }
  },
  'in both styles, by two flows, the younger one by a timer': async ({ permits }) => {
    const [, release] = await permits.acquire();
    await permits.acquire();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        permits.release();
        resolve();
      });
    });
    release();
    assert.equal(permits.getValue(), 2);
  },
  'in both styles, by one flow': async ({ instance }) => {
    const nests = new LockClass('nests', { nest: { depth: 2, holders: 1 } });
    const permits = new instance.Semaphore(2, { class: nests });
    const [, first] = await permits.acquire();
    await permits.acquire();
    await nextTurn();
    permits.release();
    first();
    assert.equal(permits.getValue(), 2);
  },
  'and one is added while some are taken': async ({ permits }) => {
    const [, release] = await permits.acquire();
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        permits.release();
        resolve();
      });
    });
    release();
    assert.equal(permits.getValue(), 3);
    (await permits.acquire(3))[1]();
  },
  'and one is added while all are free': async ({ permits, instance }) => {
    const mutex = new instance.Mutex({ class: new LockClass('mutex') });
    const unlock = await mutex.acquire();
    const [, release] = await permits.acquire();
    release();
    await nextTurn();
    permits.release();
    unlock();
  },
  'and one is added before any is taken': async ({ permits }) => {
    permits.release(3);
    await permits.runExclusive(() => undefined, 5);
  },
  'and one is added by a listener that a scope calls': async ({ permits }) => {
    const grow = (): void => permits.release();
    await permits.runExclusive(() => {
      grow();
    });
    assert.equal(permits.getValue(), 3);
  },
  'and one is added by a listener that the holder calls': async ({ permits }) => {
    const grow = (): void => permits.release();
    const [, release] = await permits.acquire();
    grow();
    release();
    assert.equal(permits.getValue(), 3);
  },
  'and one is added by a listener that the last holder calls': async ({ permits }) => {
    const grow = (): void => permits.release();
    const [, release] = await permits.acquire();
    release();
    grow();
    assert.equal(permits.getValue(), 3);
  },
  'and the value is set in between': async ({ permits }) => {
    const [, release] = await permits.acquire();
    permits.setValue(4);
    release();
    await permits.runExclusive(() => undefined, 5);
  },
  'through a bounded buffer': async ({ permits, instance }) => {
    const items = new instance.Semaphore(0, { class: new LockClass('items') });
    const produce = async (): Promise<void> => {
      for (let i = 0; i < 8; i++) {
        await permits.acquire();
        await nextTurn();
        items.release();
      }
    };
    const consume = async (): Promise<void> => {
      for (let i = 0; i < 8; i++) {
        await items.acquire();
        await nextTurn();
        permits.release();
      }
    };
    await Promise.all([produce(), consume()]);
  },
};

describe('a permit is given back twice', () => {
  for (const [how, run] of Object.entries(TWICE)) {
    it(`${how}: strict, and nothing throws`, async () => {
      assert.deepEqual(await reports(run), ['bad-unlock-balance strict x1']);
      assert.deepEqual(await reports(run, 'off'), []);
    });
  }

  it('grants go on as ever', () =>
    isolated(async (instance) => {
      const permits = new instance.Semaphore(2, { class: new LockClass('permits') });
      const [, release] = await permits.acquire();
      permits.release();
      release();
      assert.equal(permits.getValue(), 3);
      const taken = await permits.acquire(3);
      assert.equal(taken[0], 3);
    }));
});

describe('a permit is given back once', () => {
  for (const [how, run] of Object.entries(ONCE)) {
    it(`${how}: silent`, async () => {
      assert.deepEqual(await reports(run), []);
    });
  }
});
