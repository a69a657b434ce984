import { MODES, asyncMutexCommonJs, asyncMutexEsm, lockdepIn, type Library, type Subject } from './subjects.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countingTurns, turns } from './turns.js';

type Turn = () => number;
type Release = () => void;

/** Turns between a call and what it leads to, with no other lock held. */
const OPERATIONS: Record<string, (library: Library, turn: Turn) => Promise<number>> = {
  'mutex.acquire, free': (library, turn) => free(() => new library.Mutex().acquire(), turn),
  'mutex.acquire, handed over': (library, turn) => {
    const mutex = new library.Mutex();
    return handedOver(() => mutex.acquire(), turn);
  },
  'semaphore.acquire, free': (library, turn) => free(() => new library.Semaphore(1).acquire(), turn),
  'semaphore.acquire, handed over': (library, turn) => {
    const semaphore = new library.Semaphore(1);
    return handedOver(async () => (await semaphore.acquire())[1], turn);
  },
  'withTimeout(mutex).acquire, free': (library, turn) =>
    free(() => library.withTimeout(new library.Mutex(), 50).acquire(), turn),
  'withTimeout(semaphore).acquire, free': (library, turn) =>
    free(() => library.withTimeout(new library.Semaphore(1), 50).acquire(), turn),
  'withTimeout(mutex).acquire, handed over': (library, turn) => {
    const mutex = library.withTimeout(new library.Mutex(), 50);
    return handedOver(() => mutex.acquire(), turn);
  },
  'tryAcquire(mutex).acquire, free': (library, turn) =>
    free(() => library.tryAcquire(new library.Mutex()).acquire(), turn),
  'mutex.runExclusive, callback starts': (library, turn) =>
    starts((callback) => new library.Mutex().runExclusive(callback), turn),
  'mutex.runExclusive, callback starts after a hand-over': (library, turn) => {
    const mutex = new library.Mutex();
    return startsAfterHandOver(
      () => mutex.acquire(),
      (callback) => mutex.runExclusive(callback),
      turn,
    );
  },
  'mutex.runExclusive of a synchronous callback': (library, turn) =>
    free(() => new library.Mutex().runExclusive(() => 1), turn),
  'mutex.runExclusive of an async callback': (library, turn) =>
    free(() => new library.Mutex().runExclusive(async () => 1), turn),
  'mutex.runExclusive of a throwing callback': (library, turn) =>
    free(() => new library.Mutex().runExclusive(() => assert.fail('thrown by the callback')), turn),
  'semaphore.runExclusive, callback starts': (library, turn) =>
    starts((callback) => new library.Semaphore(1).runExclusive(callback), turn),
  'semaphore.runExclusive of a synchronous callback': (library, turn) =>
    free(() => new library.Semaphore(1).runExclusive(() => 1), turn),
  'semaphore.runExclusive of an async callback': (library, turn) =>
    free(() => new library.Semaphore(1).runExclusive(async () => 1), turn),
  'tryAcquire(mutex).runExclusive, callback starts': (library, turn) =>
    starts((callback) => library.tryAcquire(new library.Mutex()).runExclusive(callback), turn),
  'withTimeout(semaphore).runExclusive of an async callback': (library, turn) =>
    free(() => library.withTimeout(new library.Semaphore(1), 50).runExclusive(async () => 1), turn),
  'mutex.waitForUnlock, free': (library, turn) => free(() => new library.Mutex().waitForUnlock(), turn),
  'mutex.waitForUnlock, released': (library, turn) => {
    const mutex = new library.Mutex();
    return afterRelease(
      () => mutex.acquire(),
      () => mutex.waitForUnlock(),
      turn,
    );
  },
  'semaphore.waitForUnlock, free': (library, turn) => free(() => new library.Semaphore(2).waitForUnlock(2), turn),
  'semaphore.waitForUnlock, released': (library, turn) => {
    const semaphore = new library.Semaphore(1);
    return afterRelease(
      async () => (await semaphore.acquire())[1],
      () => semaphore.waitForUnlock(),
      turn,
    );
  },
  'withTimeout(mutex).waitForUnlock, free': (library, turn) =>
    free(() => library.withTimeout(new library.Mutex(), 50).waitForUnlock(), turn),
  'withTimeout(mutex).waitForUnlock, released': (library, turn) => {
    const mutex = library.withTimeout(new library.Mutex(), 50);
    return afterRelease(
      () => mutex.acquire(),
      () => mutex.waitForUnlock(),
      turn,
    );
  },
  'mutex.acquire, cancelled': (library, turn) => {
    const mutex = new library.Mutex();
    return cancelled(
      () => mutex.acquire(),
      () => mutex.acquire(),
      () => mutex.cancel(),
      turn,
    );
  },
  'semaphore.acquire, cancelled': (library, turn) => {
    const semaphore = new library.Semaphore(1);
    return cancelled(
      async () => (await semaphore.acquire())[1],
      () => semaphore.acquire(),
      () => semaphore.cancel(),
      turn,
    );
  },
  'mutex.runExclusive, cancelled': (library, turn) => {
    const mutex = new library.Mutex();
    return cancelled(
      () => mutex.acquire(),
      () => mutex.runExclusive(() => 1),
      () => mutex.cancel(),
      turn,
    );
  },
};

/** From the call to the continuation of whoever awaits it, fulfilled or rejected. Leaves nothing held. */
async function free(call: () => Promise<unknown>, turn: Turn): Promise<number> {
  const start = turn();
  let result: unknown;
  try {
    result = await call();
  } catch {
    // Rejections take turns as well.
  }
  const taken = turn() - start;
  releaseWhatWas(result);
  return taken;
}

function releaseWhatWas(granted: unknown): void {
  const release: unknown = Array.isArray(granted) ? granted[1] : granted;
  if (typeof release === 'function') (release as Release)();
}

async function starts(run: (callback: () => void) => Promise<unknown>, turn: Turn): Promise<number> {
  const start = turn();
  let started = start;
  await run(() => void (started = turn()));
  return started - start;
}

async function afterRelease(
  acquire: () => Promise<Release>,
  wait: () => Promise<unknown>,
  turn: Turn,
): Promise<number> {
  let released = 0;
  const holder = async (): Promise<void> => {
    const release = await acquire();
    await turns(10);
    released = turn();
    release();
  };
  const waiter = async (): Promise<number> => {
    await turns(5);
    const granted = await wait();
    const taken = turn() - released;
    releaseWhatWas(granted);
    return taken;
  };
  const [, waited] = await Promise.all([holder(), waiter()]);
  return waited;
}

function handedOver(acquire: () => Promise<Release>, turn: Turn): Promise<number> {
  return afterRelease(acquire, acquire, turn);
}

async function startsAfterHandOver(
  acquire: () => Promise<Release>,
  run: (callback: () => void) => Promise<void>,
  turn: Turn,
): Promise<number> {
  let started = 0;
  let settledAfter = 0;
  const release = await afterRelease(
    acquire,
    async () => run(() => void (started = turn())).then(() => (settledAfter = turn())),
    turn,
  );
  return release - (settledAfter - started);
}

async function cancelled(
  acquire: () => Promise<Release>,
  wait: () => Promise<unknown>,
  cancel: () => void,
  turn: Turn,
): Promise<number> {
  let calledAt = 0;
  const holder = async (): Promise<void> => {
    const release = await acquire();
    await turns(10);
    calledAt = turn();
    cancel();
    await turns(10);
    release();
  };
  const waiter = async (): Promise<number> => {
    await turns(5);
    await assert.rejects(async () => wait().catch((error: unknown) => Promise.reject(error as Error)));
    return turn() - calledAt;
  };
  const [, waited] = await Promise.all([holder(), waiter()]);
  return waited;
}

async function measure(subject: Subject, operation: string): Promise<number> {
  const taken = await countingTurns((turn) => OPERATIONS[operation]!(subject.library, turn));
  assert.ok(taken !== undefined, `${operation} with ${subject.name} never settled`);
  return taken;
}

/** baseline: what callers of async-mutex 0.5 have come to see, whichever build they load. */
const KNOWN: Record<string, number> = {
  'mutex.acquire, free': 2,
  'mutex.acquire, handed over': 2,
  'semaphore.acquire, free': 1,
  'mutex.runExclusive, callback starts': 1,
  'mutex.runExclusive of a synchronous callback': 3,
  'tryAcquire(mutex).acquire, free': 3,
};

test('async-mutex takes the turns that are known of it', async () => {
  for (const [operation, expected] of Object.entries(KNOWN)) {
    for (const subject of [asyncMutexEsm, asyncMutexCommonJs]) {
      assert.equal(await measure(subject, operation), expected, `${operation} with ${subject.name}`);
    }
  }
});

for (const mode of MODES) {
  const subject = lockdepIn(mode);

  for (const operation of Object.keys(OPERATIONS)) {
    test(`${operation}: no more turns in mode ${mode} than async-mutex takes`, async () => {
      const limit = Math.min(await measure(asyncMutexEsm, operation), await measure(asyncMutexCommonJs, operation));
      subject.enter();
      for (let repetition = 1; repetition <= 3; repetition++) {
        const taken = await measure(subject, operation);
        assert.ok(taken <= limit, `takes ${taken} turns (repetition ${repetition}), async-mutex takes ${limit}`);
      }
    });
  }

  test(`in mode ${mode} a callback of runExclusive never starts synchronously`, async () => {
    subject.enter();
    const { Mutex, Semaphore, withTimeout, tryAcquire } = subject.library;
    const locks = [new Mutex(), new Semaphore(2), withTimeout(new Mutex(), 50), tryAcquire(new Semaphore(1))];
    for (const lock of locks) {
      let started = false;
      const done = lock.runExclusive(() => void (started = true));
      assert.equal(started, false);
      await done;
      assert.equal(started, true);
    }
  });
}
