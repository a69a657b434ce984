/** A promise that brings a lock, awaited by one who only waits and by one who goes on with the lock: who holds it? */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Mutex, type Releaser } from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

type Open = (lock: Mutex) => Promise<unknown>;

/** Opened in one place, released in another. */
class Session {
  release: Releaser = () => undefined;

  async open(lock: Mutex): Promise<void> {
    await nextTurn();
    this.release = await lock.acquire();
  }
}

interface Locks {
  readonly a: Mutex;
  readonly b: Mutex;
}

/** b -> a is known, and b is busy for a while. */
async function scene(instance: IsolatedLockdep): Promise<Locks> {
  const [first, second] = [new LockClass('kept.a'), new LockClass('kept.b')];
  const [a, b] = [new instance.Mutex({ class: first }), new instance.Mutex({ class: second })];
  const [otherA, otherB] = [new instance.Mutex({ class: first }), new instance.Mutex({ class: second })];
  await otherB.runExclusive(() => otherA.runExclusive(() => undefined));
  const release = await b.acquire();
  void settle(8).then(release);
  return { a, b };
}

const KEPT: Readonly<Record<string, (session: Session) => Open>> = {
  'the promise of acquire()': (session) => (lock) => lock.acquire().then((release) => (session.release = release)),
  'that of a helper': (session) => (lock) => session.open(lock),
  'that of a combinator': (session) => (lock) => Promise.all([Promise.resolve(), session.open(lock)]),
};

/** As in a program that has run for long. */
async function wearOut(): Promise<void> {
  for (let i = 0; i < 11_000; i++) await Promise.resolve();
}

for (const isWorn of [false, true]) {
  describe(`a promise that is kept, ${isWorn ? 'in a program that has run for long' : 'in a fresh program'}`, () => {
    for (const [name, make] of Object.entries(KEPT)) {
      for (const gap of [0, 1, 4]) {
        it(`legal: ${name}; who waits for b only waits for it, ${gap} turns before the holder does`, () =>
          isolated(async (instance) => {
            if (isWorn) await wearOut();
            const { a, b } = await scene(instance);
            const session = new Session();
            const opened = make(session)(a);
            await settle(gap);
            const waiter = (async () => {
              await opened;
              (await b.acquire())();
            })();
            await settle(gap);
            await opened;
            await settle(12);
            session.release();
            await waiter;
            assert.deepEqual(
              instance.lockdep.reports().filter(({ tier }) => tier === 'strict'),
              [],
            );
          }));
      }
      it(`guilty: ${name}; who holds waits for b`, () =>
        isolated(async (instance) => {
          if (isWorn) await wearOut();
          const { a, b } = await scene(instance);
          const session = new Session();
          await make(session)(a);
          (await b.acquire())();
          session.release();
          assert.match(seen(instance).join(), /^circular-dependency/);
        }));
    }
  });
}
