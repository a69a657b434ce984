import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { E_TIMEOUT, LockTimeoutError, Mutex, withTimeout } from '../../src/index.js';
import { createLockdep, type Clock, type IsolatedLockdep } from '../../src/testing.js';
import { settle } from '../support/harness.js';
import { StillClock } from '../support/still-clock.js';

async function timed(fn: (instance: IsolatedLockdep, clock: StillClock) => Promise<void>): Promise<void> {
  const clock = new StillClock(1_000_000);
  const instance = createLockdep({ clock });
  try {
    await fn(instance, clock);
  } finally {
    instance.dispose();
  }
}

/** Says what has become of the promise by then. */
function watched(promise: Promise<unknown>): () => unknown {
  let outcome: unknown = 'pending';
  promise.then(
    () => (outcome = 'done'),
    (error: unknown) => (outcome = error),
  );
  return () => outcome;
}

type Wait = (instance: IsolatedLockdep, timeout: number) => Promise<unknown>;

const BOUNDED: readonly [string, Wait][] = [
  [
    'an acquisition',
    async ({ Mutex }, timeout) => {
      const mutex = new Mutex();
      await mutex.acquire();
      await mutex.acquire({ timeout });
    },
  ],
  ['a completion', ({ Completion }, timeout) => new Completion().wait({ timeout })],
  [
    'an idle queue',
    ({ WorkQueue }, timeout) => {
      const queue = new WorkQueue();
      void queue.run(() => new Promise(() => undefined));
      return queue.drain({ timeout });
    },
  ],
  [
    'a flushed queue',
    ({ WorkQueue }, timeout) => {
      const queue = new WorkQueue();
      void queue.run(() => new Promise(() => undefined));
      return queue.flush({ timeout });
    },
  ],
];

describe('an injected clock', () => {
  for (const [what, wait] of BOUNDED) {
    it(`ends the wait for ${what} when it says so, and not before`, () =>
      timed(async (instance, clock) => {
        const seen = watched(wait(instance, 50));
        await settle(1);
        await clock.advance(49);
        assert.equal(seen(), 'pending');
        await clock.advance(1);
        assert.ok(seen() instanceof LockTimeoutError);
        assert.equal(clock.pending, 0);
      }));
  }

  it('ends waits that withTimeout bounds, for the lock and for its unlock', () =>
    timed(async ({ Mutex }, clock) => {
      const mutex = new Mutex();
      await mutex.acquire();
      const bounded = withTimeout(mutex, 50);
      const [lock, unlock] = [watched(bounded.acquire()), watched(bounded.waitForUnlock())];
      await clock.advance(49);
      assert.deepEqual([lock(), unlock()], ['pending', 'pending']);
      await clock.advance(1);
      assert.deepEqual([lock(), unlock()], [E_TIMEOUT, E_TIMEOUT]);
    }));

  it('ends them also where a spy stands in for the method', () =>
    timed(async ({ Mutex }, clock) => {
      const mutex = new Mutex();
      await mutex.acquire();
      mutex.acquire = mutex.acquire.bind(mutex);
      const seen = watched(withTimeout(mutex, 50).acquire());
      await clock.advance(50);
      assert.equal(seen(), E_TIMEOUT);
    }));

  it('begins delayed work', () =>
    timed(async ({ WorkQueue }, clock) => {
      const seen = watched(new WorkQueue().run(() => undefined, { delay: 20 }));
      await clock.advance(19);
      assert.equal(seen(), 'pending');
      await clock.advance(1);
      assert.equal(seen(), 'done');
    }));

  it('has no timer left of a wait that is over, and none of the validator', () =>
    timed(async ({ Mutex }, clock) => {
      const mutex = new Mutex();
      const release = await mutex.acquire();
      const next = mutex.acquire({ timeout: 50 });
      assert.equal(clock.pending, 1);
      release();
      (await next)();
      assert.equal(clock.pending, 0);
    }));

  it('is what ages are counted by, to the millisecond', () =>
    timed(async ({ lockdep, Mutex }, clock) => {
      const mutex = new Mutex({ class: 'aged' });
      await clock.advance(7);
      await mutex.acquire();
      await clock.advance(5_000);
      void mutex.acquire();
      await clock.advance(234);
      const ages = lockdep.showAllLocks().match(/for \d+ ms/g);
      assert.deepEqual(ages, ['for 5234 ms', 'for 234 ms']);
    }));

  it('dates reports', () =>
    timed(async ({ lockdep, Mutex }, clock) => {
      await clock.advance(5);
      new Mutex().release();
      assert.deepEqual(
        lockdep.reports().map(({ firstSeen }) => firstSeen),
        [1_000_005],
      );
    }));

  const other = { now: () => 0, setTimeout: () => undefined, clearTimeout: () => undefined };
  const bad: readonly [string, unknown, string, string][] = [
    ['no object', 5, 'TypeError', 'option clock must be an object, got 5'],
    ['null', null, 'TypeError', 'option clock must be an object, got null'],
    ['one whose time is a number', { ...other, now: 5 }, 'TypeError', 'option clock.now must be a function, got 5'],
    ['one without timers', { now: () => 0 }, 'TypeError', 'option clock.setTimeout must be a function, got undefined'],
    [
      'one that stops no timer',
      { ...other, clearTimeout: {} },
      'TypeError',
      'option clock.clearTimeout must be a function, got an object',
    ],
    [
      'one that says a date',
      { ...other, now: () => new Date(0) },
      'TypeError',
      'option clock.now must return a number, got an object',
    ],
    [
      'one that says no time',
      { ...other, now: () => Number.NaN },
      'RangeError',
      'option clock.now must return a finite number, got NaN',
    ],
  ];
  for (const [what, clock, name, message] of bad) {
    it(`that is ${what} is refused by name`, () => {
      assert.throws(() => createLockdep({ clock: clock as Clock }), { name, message });
    });
  }
});

describe('without one', () => {
  it('fake timers of a test end the waits of locks, as in async-mutex, and age nothing', async () => {
    const instance = createLockdep();
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
    try {
      const mutex = new instance.Mutex();
      await mutex.acquire();
      const seen = [watched(mutex.acquire({ timeout: 60_000 })), watched(withTimeout(mutex, 60_000).acquire())];
      mock.timers.tick(60_000);
      await settle(1);
      assert.ok(seen[0]?.() instanceof LockTimeoutError);
      assert.equal(seen[1]?.(), E_TIMEOUT);
      const age = Number(/for (-?\d+) ms/.exec(instance.lockdep.showAllLocks())?.[1]);
      assert.ok(age >= 0 && age < 30_000, String(age));
    } finally {
      mock.timers.reset();
      instance.dispose();
    }
  });

  it('fake timers that end before a wait does leave its real end in place', async () => {
    const { Mutex, dispose } = createLockdep();
    mock.timers.enable({ apis: ['setTimeout'] });
    const mutex = new Mutex();
    const release = await mutex.acquire();
    const next = mutex.acquire({ timeout: 60_000 });
    mock.timers.reset();
    release();
    (await next)();
    assert.equal(mutex.isLocked(), false);
    dispose();
  });
});

it('a stub that has nothing of a lock but its prototype can be bounded', async () => {
  const stub = Object.create(Mutex.prototype) as Mutex;
  let released = 0;
  stub.acquire = (() => Promise.resolve(() => void (released += 1))) as never;
  (await withTimeout(stub, 50).acquire())();
  assert.equal(released, 1);
});

it('what is no options is refused by name', () => {
  for (const [given, shown] of [
    [null, 'null'],
    ['warn', '"warn"'],
  ] as const) {
    assert.throws(() => createLockdep(given as never), {
      name: 'TypeError',
      message: `options must be an object, got ${shown}`,
    });
  }
});

it('a clock is for isolated instances: to the validator of the process it is an unknown option', () => {
  const warnings = mock.method(process, 'emitWarning', () => undefined);
  const { lockdep, dispose } = createLockdep();
  lockdep.configure({ clock: new StillClock(0) } as object);
  assert.deepEqual(
    warnings.mock.calls.map(({ arguments: [message] }: { arguments: unknown[] }) => message),
    ['unknown option "clock" of lockdep.configure is ignored'],
  );
  warnings.mock.restore();
  dispose();
});
