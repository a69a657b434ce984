/** Whatever else is held or awaited in the process, and however much of it: the verdict on two locks is the same. */
import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { LockClass, type Mutex } from '../../src/index.js';
import { runtimeOf, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { MAX_POSSIBLE_GATES } from '../../src/validator/possible-gates.js';
import { MAX_GATES_APART, MAX_READERS_LOOKED_AT } from '../../src/flow/held-gates.js';
import { isolated } from '../support/harness.js';

interface Load {
  readonly instance: IsolatedLockdep;
  /** How much of it. */
  readonly count: number;
  /** Until the load is to end. */
  readonly end: Promise<void>;
}

/** Begins what lasts until the end; returns what is over then. */
type Begin = (load: Load) => Promise<unknown>[];

function mutex(instance: IsolatedLockdep, name: string): Mutex {
  return new instance.Mutex({ class: new LockClass(name) });
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

async function holdUntil(end: Promise<void>, acquire: () => Promise<() => void>): Promise<void> {
  const release = await acquire();
  await end;
  release();
}

/** Takes the locks one inside the other. */
async function nest(...[first, ...rest]: readonly Mutex[]): Promise<void> {
  await first?.runExclusive(() => nest(...rest));
}

const LOADS: Readonly<Record<string, Begin>> = {
  'waits for one lock that nobody gives back': ({ instance, count }) => {
    const busy = mutex(instance, 'busy');
    for (let i = 0; i < count; i++) void busy.acquire().catch(() => undefined);
    return [];
  },
  'scopes that wait for one lock': ({ instance, count, end }) => {
    const busy = mutex(instance, 'busy');
    return times(count, () => busy.runExclusive(() => end));
  },
  'locks of one class that nobody gives back': ({ instance, count }) => {
    const busy = new LockClass('busy');
    for (let i = 0; i < count; i++) void new instance.Mutex({ class: busy }).acquire();
    return [];
  },
  'scopes of locks of one class': ({ instance, count, end }) => {
    const busy = new LockClass('busy');
    return times(count, () => new instance.Mutex({ class: busy }).runExclusive(() => end));
  },
  'locks of one class that functions have': ({ instance, count, end }) => {
    const busy = new LockClass('busy');
    return times(count, () => {
      const lock = new instance.Mutex({ class: busy });
      return holdUntil(end, () => lock.acquire());
    });
  },
  'locks of a class each that functions have': ({ instance, count, end }) =>
    times(count, (i) => {
      const lock = mutex(instance, `busy ${i}`);
      return holdUntil(end, () => lock.acquire());
    }),
  'scopes of locks of a class each': ({ instance, count, end }) =>
    times(count, (i) => mutex(instance, `busy ${i}`).runExclusive(() => end)),
  'locks of a class each that nobody gives back': ({ instance, count }) => {
    for (let i = 0; i < count; i++) void mutex(instance, `busy ${i}`).acquire();
    return [];
  },
  'locks of a class each that were given away': ({ instance, count }) => {
    for (let i = 0; i < count; i++) {
      const guard = mutex(instance, `busy ${i}`).tryLock();
      guard?.transfer();
    }
    return [];
  },
  'readers in scopes of one lock': ({ instance, count, end }) => {
    const busy = new instance.RWSemaphore({ class: new LockClass('busy') });
    return times(count, () => busy.runRead(() => end));
  },
  'readers of one lock that functions are': ({ instance, count, end }) => {
    const busy = new instance.RWSemaphore({ class: new LockClass('busy') });
    return times(count, () => holdUntil(end, () => busy.acquireRead()));
  },
  'readers that nobody is, and a writer behind them': ({ instance, count }) => {
    const busy = new instance.RWSemaphore({ class: new LockClass('busy') });
    for (let i = 0; i < count; i++) void busy.acquireRead();
    void busy.acquireWrite();
    return [];
  },
  'permits of one semaphore': ({ instance, count, end }) => {
    const busy = new instance.Semaphore(Math.max(2, count), { class: new LockClass('busy') });
    return times(count, () => busy.runExclusive(() => end));
  },
  'tasks of one queue': ({ instance, count, end }) => {
    const busy = new instance.WorkQueue({ class: new LockClass('busy') });
    return times(count, () => busy.run(() => end));
  },
};

/** What comes of both orders of two locks under this load. */
async function verdict(begin: Begin, count: number, gate: boolean): Promise<string[]> {
  let found: string[] = [];
  await isolated(async (instance) => {
    const [a, b, g] = [mutex(instance, 'a'), mutex(instance, 'b'), mutex(instance, 'g')];
    let over!: () => void;
    const end = new Promise<void>((resolve) => (over = resolve));
    const { lockdep } = instance;
    const load = await lockdep.detached(() => Promise.resolve([begin({ instance, count, end })]));
    await nextTurn();
    for (const pair of [
      [a, b],
      [b, a],
    ] as const) {
      // A callback of the event loop, so that the gate is not listed.
      const later = (): Promise<void> =>
        new Promise((resolve, reject) => {
          setImmediate(() => {
            nest(...pair).then(resolve, reject);
          });
        });
      await lockdep.detached(() => (gate ? g.runExclusive(later) : later()));
    }
    found = lockdep
      .reports()
      // Some loads are leaks indeed, and are told to be once they are collected.
      .filter(({ kind, id }) => kind !== 'leaked-lock' && (kind !== 'limit' || id.includes('POSSIBLE')))
      .map(({ kind, tier }) => `${kind} ${tier}`);
    runtimeOf(instance).validator.dependencies.checkInvariants();
    runtimeOf(instance).validator.tracker.checkInvariants();
    over();
    await Promise.all(load.flat());
  });
  return found;
}

/** Scopes of locks of one place, of which a flow has held two. */
const locksApart: Begin = ({ instance, count, end }) => {
  const make = (): Mutex => new instance.Mutex();
  return [nest(make(), make()), ...times(count, () => make().runExclusive(() => end))];
};

const FEW = 3;
const MANY = 2_500;

describe('a cycle of two locks', () => {
  for (const [what, begin] of Object.entries(LOADS)) {
    for (const count of [FEW, MANY]) {
      it(`beside ${count} ${what}: strict`, async () => {
        assert.deepEqual(await verdict(begin, count, false), ['circular-dependency strict']);
      });
      it(`beside ${count} ${what}: not strict under a lock that may keep them apart`, async () => {
        assert.deepEqual(await verdict(begin, count, true), ['circular-dependency advisory']);
      });
    }
  }
});

describe('the bounds of possible gates', () => {
  for (const count of [FEW, MAX_GATES_APART - 2, MAX_GATES_APART + 1, 2 * MAX_GATES_APART]) {
    it(`beside ${count} locks of one place that are told apart a cycle is strict`, async () => {
      assert.deepEqual(await verdict(locksApart, count, false), [
        'recursive-locking advisory',
        'circular-dependency strict',
      ]);
    });
  }

  it('with more of them than are kept no new cycle is strict, and that is said once', async () => {
    const begin = LOADS['scopes of locks of a class each'] as Begin;
    const bound = MAX_POSSIBLE_GATES + 1;
    assert.deepEqual(await verdict(begin, bound, false), ['limit advisory', 'circular-dependency advisory']);
  });

  it('of more readers than are looked at one is taken for a gate', async () => {
    const begin = LOADS['readers of one lock that functions are'] as Begin;
    assert.deepEqual(await verdict(begin, MAX_READERS_LOOKED_AT + 1, false), ['circular-dependency strict']);
  });
});
