import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockClass, type Completion, type Mutex } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';

function scene(instance: IsolatedLockdep): { done: Completion; lock: Mutex } {
  return {
    done: new instance.Completion({ class: new LockClass('done') }),
    lock: new instance.Mutex({ class: new LockClass('lock') }),
  };
}

/** The way to complete(): the lock is needed. */
async function raise(done: Completion, lock: Mutex): Promise<void> {
  await done.signalling(async () => {
    await lock.runExclusive(() => undefined);
    done.complete();
  });
}

/** The ways to wait under the lock: all of them wait. */
const WAITS: Readonly<Record<string, (done: Completion, lock: Mutex) => Promise<void>>> = {
  'in the callback of runExclusive': (done, lock) => lock.runExclusive(() => done.wait()),
  'in an awaited helper': (done, lock) => {
    const helper = async (): Promise<void> => {
      await done.wait();
    };
    return lock.runExclusive(async () => {
      await helper();
    });
  },
  'in a later helper': (done, lock) => {
    const helper = async (): Promise<void> => {
      await nextTurn();
      await done.wait();
    };
    return lock.runExclusive(helper);
  },
  'between acquire and release': async (done, lock) => {
    const release = await lock.acquire();
    await done.wait();
    release();
  },
  'in a helper between acquire and release': async (done, lock) => {
    const helper = async (): Promise<void> => {
      await done.wait();
    };
    const release = await lock.acquire();
    await helper();
    release();
  },
  'in a helper that returns the promise': async (done, lock) => {
    const release = await lock.acquire();
    await (async () => done.wait())();
    release();
  },
  'in a Promise.all': async (done, lock) => {
    const release = await lock.acquire();
    await Promise.all([done.wait(), Promise.resolve()]);
    release();
  },
  'begun first and awaited later': (done, lock) =>
    lock.runExclusive(async () => {
      const waiting = done.wait();
      await nextTurn();
      await waiting;
    }),
};

describe('waiting for a completion under a lock that is needed on the way to it', () => {
  for (const [way, wait] of Object.entries(WAITS)) {
    for (const passes of ['it has come already', 'it comes meanwhile'] as const) {
      it(`${way}, ${passes}: reported, whichever order is seen first`, async () => {
        for (const waitFirst of [true, false]) {
          await isolated(async (instance) => {
            const { done, lock } = scene(instance);
            const waits = async (): Promise<void> => {
              if (passes === 'it has come already') done.complete();
              const waiting = wait(done, lock);
              await settle();
              if (passes === 'it comes meanwhile') done.complete();
              await waiting;
            };
            if (waitFirst) await waits();
            await raise(done, lock);
            done.reinit();
            assert.deepEqual(seen(instance), waitFirst ? ['circular-dependency strict x1'] : []);
            if (!waitFirst) await waits();
            assert.equal(
              seen(instance).some((line) => line.startsWith('circular-dependency strict')),
              true,
            );
            assert.equal(instance.lockdep.reports().length, 1);
          });
        }
      });

      it(`${way}, ${passes}: silent when the lock is not needed on that way`, () =>
        isolated(async (instance) => {
          const { done, lock } = scene(instance);
          for (let i = 0; i < 8; i++) {
            if (passes === 'it has come already') done.complete();
            const waiting = wait(done, lock);
            await settle(3);
            if (passes === 'it comes meanwhile') done.signalling(() => done.complete());
            await waiting;
          }
          assert.deepEqual(seen(instance), []);
        }));
    }
  }

  it('in enforce the wait is refused before it waits, and takes no complete() with it', () =>
    isolated(
      async (instance) => {
        const { done, lock } = scene(instance);
        await raise(done, lock);
        for (let i = 0; i < 8; i++) {
          await assert.rejects(
            lock.runExclusive(() => done.wait()),
            { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' },
          );
          assert.equal(done.done, true);
        }
        done.reinit();
        await assert.rejects(
          lock.runExclusive(() => done.wait()),
          { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' },
        );
        assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
      },
      { mode: 'enforce' },
    ));

  it('a real deadlock is reported while it lasts', () =>
    isolated(async (instance) => {
      const { done, lock } = scene(instance);
      await raise(done, lock);
      done.reinit();
      const stuck = lock.runExclusive(() => done.wait());
      await settle();
      assert.deepEqual(seen(instance), ['circular-dependency strict x1']);
      done.complete();
      await stuck;
    }));
});

describe('a wait that nobody waits for', () => {
  it('teaches nothing, strict or advisory', () =>
    isolated(
      async (instance) => {
        const { done, lock } = scene(instance);
        await raise(done, lock);
        done.reinit();
        await lock.runExclusive(async () => {
          void done.wait();
          void done.wait().catch(() => undefined);
          await nextTurn();
          done.complete();
          done.complete();
          await nextTurn();
        });
        const release = await lock.acquire();
        void done.wait();
        await nextTurn();
        done.complete();
        await nextTurn();
        release();
        assert.deepEqual(seen(instance), []);
      },
      { mode: 'enforce' },
    ));

  it('of a child that outlives the lock teaches nothing', () =>
    isolated(async (instance) => {
      const { done, lock } = scene(instance);
      await raise(done, lock);
      done.reinit();
      let child: Promise<void> | undefined;
      await lock.runExclusive(() => {
        child = done.wait();
      });
      await nextTurn();
      done.complete();
      await child;
      assert.deepEqual(seen(instance), []);
    }));
});

describe('classes of completions', () => {
  it('a wait in a section on the way to the same completion is reported as waiting for itself', () =>
    isolated(async (instance) => {
      const { done } = scene(instance);
      done.complete();
      await done.signalling(() => done.wait());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      assert.match(instance.lockdep.reports()[0]!.message, /waits for the end of what it is itself a part of/);
    }));

  it('stacked devices of one class are reported, and the report names a finer class; with one each they are silent', () =>
    isolated(async (instance) => {
      const stacked = async (upper: Completion, lower: Completion): Promise<void> => {
        lower.complete();
        await upper.signalling(async () => {
          await lower.wait();
          upper.complete();
        });
      };
      const make = (): Completion => new instance.Completion({ class: 'stacked device' });
      await stacked(make(), make());
      assert.deepEqual(seen(instance), ['recursive-locking strict x1']);
      assert.match(instance.lockdep.reports()[0]!.message, /give what is waited for\s+here a class of its own/);
      instance.lockdep.reset();
      await stacked(
        new instance.Completion({ class: new LockClass('upper') }),
        new instance.Completion({ class: new LockClass('lower') }),
      );
      assert.deepEqual(seen(instance), []);
    }));

  it('the advice of a cycle through a completion names a finer class as well', () =>
    isolated(async (instance) => {
      const { done, lock } = scene(instance);
      await raise(done, lock);
      await lock.runExclusive(() => done.wait());
      assert.match(instance.lockdep.reports()[0]!.message, /Advice: Wait for done\S* where nothing is held/);
    }));

  it('sections on the way to one completion overlap and nest', () =>
    isolated(async (instance) => {
      const { done } = scene(instance);
      const section = done.beginSignalling();
      await Promise.all([done.signalling(() => nextTurn()), done.signalling(() => done.signalling(() => nextTurn()))]);
      section[Symbol.dispose]();
      assert.deepEqual(seen(instance), []);
    }));
});
