/** `waitForUnlock`: a wait for whoever holds the lock, which takes nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, tryAcquire, withTimeout } from '../../src/index.js';
import { isolated, nextTurn, seen, settle } from '../support/harness.js';
import { nest, pool, scene, start, verdicts, type Scene } from './unlock-scene.js';

const RECURSION = ['recursive-locking strict'];
const INVERSION = ['circular-dependency strict'];

describe('the unlock of a lock that the flow holds itself', () => {
  const scopes: Readonly<Record<string, (instance: IsolatedLockdep) => Promise<unknown>>> = {
    'of a mutex': (instance) => {
      const { a } = scene(instance);
      return a.runExclusive(() => a.waitForUnlock());
    },
    'in a helper, later': (instance) => {
      const { a } = scene(instance);
      const helper = async (): Promise<void> => {
        await nextTurn();
        await a.waitForUnlock();
      };
      return a.runExclusive(async () => {
        await helper();
      });
    },
    'of a mutex, by a high priority': (instance) => {
      const { a } = scene(instance);
      return a.runExclusive(() => a.waitForUnlock(9));
    },
    'of a mutex, with a bound': (instance) => {
      const { a } = scene(instance);
      const bounded = withTimeout(a, 20);
      return bounded.runExclusive(() => bounded.waitForUnlock());
    },
    'of all permits, with one held': (instance) => {
      const permits = pool(instance, 2);
      return permits.runExclusive(() => permits.waitForUnlock(2));
    },
  };
  for (const tracking of ['precise', 'light'] as const) {
    for (const [name, program] of Object.entries(scopes)) {
      it(`${name}: reported while it hangs, refused in enforce; tracking ${tracking}`, async () => {
        await isolated(
          async (instance) => {
            await start(program(instance));
            assert.deepEqual(verdicts(instance), RECURSION);
            assert.match(instance.lockdep.reports()[0]!.message, /waits for the unlock of a lock that it holds itself/);
          },
          { tracking },
        );
        await isolated(
          async (instance) => {
            const { state, code } = await start(program(instance));
            assert.deepEqual([state, code], ['rejected', 'ERR_LOCKDEP_RECURSIVE_LOCKING']);
            assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
          },
          { tracking, mode: 'enforce' },
        );
      });
    }
  }

  for (const mode of ['warn', 'enforce'] as const) {
    it(`taken by a call, of a class that its holders are known to release: a suspicion in mode ${mode}`, async () => {
      await isolated(
        async (instance) => {
          const { a, b } = scene(instance);
          const stuck = async (): Promise<void> => {
            const first = await a.acquire();
            (await b.acquire())();
            first();
            await a.acquire();
            await a.waitForUnlock();
          };
          const { code } = await start(stuck());
          assert.equal(code, undefined);
          assert.deepEqual(verdicts(instance), ['recursive-locking advisory']);
        },
        { mode },
      );
    });
  }
});

describe('the unlock of a counted lock of which the flow holds a permit', () => {
  it('is silent while there is one left', async () => {
    await isolated(async (instance) => {
      const permits = pool(instance, 2);
      for (let i = 0; i < 8; i++) await permits.runExclusive(() => permits.waitForUnlock());
      assert.deepEqual(seen(instance), []);
    });
  });

  it('is reported where none is left: so many flows hang', async () => {
    await isolated(async (instance) => {
      const permits = pool(instance, 2);
      const flow = (): Promise<void> =>
        permits.runExclusive(async () => {
          await nextTurn();
          await permits.waitForUnlock();
        });
      await start(Promise.all([flow(), flow()]));
      assert.deepEqual(verdicts(instance), ['semaphore-exhaustion strict']);
      assert.match(instance.lockdep.reports()[0]!.message, /2\s+flows that do so at once/);
    });
  });
});

describe('the unlock of a lock that is waited for under another one', () => {
  const ways: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
    'in the callback of runExclusive': ({ a, b }) => a.runExclusive(() => b.waitForUnlock()),
    'in a later helper': ({ a, b }) =>
      a.runExclusive(async () => {
        await nextTurn();
        await (async () => {
          await b.waitForUnlock();
        })();
      }),
    'between acquire and release': async ({ a, b }) => {
      const release = await a.acquire();
      await b.waitForUnlock();
      release();
    },
    'in a helper between acquire and release': async ({ a, b }) => {
      const release = await a.acquire();
      await (async () => b.waitForUnlock())();
      release();
    },
    'in a Promise.all': ({ a, b }) =>
      a.runExclusive(async () => {
        await Promise.all([Promise.resolve(), b.waitForUnlock()]);
      }),
    'with a bound': ({ a, b }) => a.runExclusive(() => withTimeout(b, 60_000).waitForUnlock()),
  };
  for (const [name, wait] of Object.entries(ways)) {
    for (const contended of [false, true]) {
      it(`${name}${contended ? ', while it is held' : ''}: an order, whichever is seen first`, async () => {
        for (const waitFirst of [true, false]) {
          await isolated(async (instance) => {
            const world = scene(instance);
            const { a, b } = world;
            const waits = async (): Promise<void> => {
              const holder = contended ? b.runExclusive(() => settle(4)) : undefined;
              await wait(world);
              await holder;
            };
            if (!waitFirst) await nest(b, a);
            await waits();
            if (waitFirst) await nest(b, a);
            assert.deepEqual(verdicts(instance), INVERSION);
            const [report] = instance.lockdep.reports();
            assert.match(report!.message.replaceAll(/\s+/g, ' '), /waited for the unlock of b/);
            assert.match(report!.message, /waitForUnlock\(b/);
          });
        }
      });
    }
  }

  it('in enforce it is refused, though the lock is free, and every time', () =>
    isolated(
      async (instance) => {
        const { a, b } = scene(instance);
        await nest(b, a);
        for (let i = 0; i < 8; i++) {
          await assert.rejects(
            a.runExclusive(() => b.waitForUnlock()),
            { code: 'ERR_LOCKDEP_CIRCULAR_DEPENDENCY' },
          );
        }
        assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
      },
      { mode: 'enforce' },
    ));

  it('with tracking light it is an order where it had to be waited for', () =>
    isolated(
      async (instance) => {
        const { a, b } = scene(instance);
        await nest(b, a);
        await a.runExclusive(() => b.waitForUnlock());
        assert.deepEqual(verdicts(instance), []);
        const holder = b.runExclusive(() => settle(4));
        await a.runExclusive(() => b.waitForUnlock());
        await holder;
        assert.deepEqual(verdicts(instance), INVERSION);
      },
      { tracking: 'light' },
    ));

  it('leads nowhere: what is wanted afterwards comes after the held lock alone', () =>
    isolated(async (instance) => {
      const { a, b } = scene(instance);
      await b.waitForUnlock();
      await a.runExclusive(() => undefined);
      await nest(a, b);
      assert.deepEqual(
        instance.lockdep.snapshot().edges.map(({ from, to }) => [from, to]),
        [[a.lockClass.name, b.lockClass.name]],
      );
      assert.deepEqual(seen(instance), []);
    }));

  it('a real deadlock is reported while it lasts', () =>
    isolated(async (instance) => {
      const { a, b } = scene(instance);
      const one = a.runExclusive(async () => {
        await nextTurn();
        await b.waitForUnlock();
      });
      const other = b.runExclusive(async () => {
        await nextTurn();
        await a.waitForUnlock();
      });
      await settle();
      assert.deepEqual(verdicts(instance), INVERSION);
      assert.match(instance.lockdep.showAllLocks(), /waiting/);
      a.release();
      b.release();
      await Promise.all([one, other]);
    }));
});

describe('a wait for an unlock that is legal', () => {
  const programs: Readonly<Record<string, (scene: Scene) => Promise<unknown>>> = {
    'under the hold of another flow': async ({ a }) => {
      const holder = a.runExclusive(() => settle(2));
      await a.waitForUnlock();
      await holder;
    },
    'with nothing held': async ({ a, b }) => {
      await nest(a, b);
      await a.waitForUnlock();
      await b.waitForUnlock();
      await a.waitForUnlock();
    },
    'that nobody awaits': async ({ a, b }) => {
      await nest(b, a);
      await a.runExclusive(async () => {
        void a.waitForUnlock();
        void b.waitForUnlock();
        await nextTurn();
      });
    },
    'that is awaited after the release': async ({ a, b }) => {
      await nest(b, a);
      const release = await a.acquire();
      const [own, other] = [a.waitForUnlock(), b.waitForUnlock()];
      await nextTurn();
      release();
      await Promise.all([own, other]);
    },
    'of a lock that the flow has handed to a job': async ({ a }) => {
      for (let i = 0; i < 6; i++) {
        await a.waitForUnlock();
        const release = await a.acquire();
        void nextTurn().then(release);
        await a.waitForUnlock();
      }
    },
    'of a permit, in a loop that hands its permits to jobs': async ({ instance }) => {
      const permits = pool(instance, 2);
      const job = async (release: () => void): Promise<void> => {
        await nextTurn();
        release();
      };
      for (let i = 0; i < 8; i++) {
        await permits.waitForUnlock();
        const [, release] = await permits.acquire();
        void job(release);
      }
      await permits.waitForUnlock(2);
    },
    'that never waits, as a try': async ({ a, b }) => {
      await nest(b, a);
      await a.runExclusive(async () => {
        await tryAcquire(b).waitForUnlock();
        await tryAcquire(a)
          .waitForUnlock()
          .catch(() => undefined);
      });
    },
    'of a signal': async ({ instance, a }) => {
      const signal = new instance.Semaphore(0);
      setImmediate(() => signal.release());
      await a.runExclusive(() => signal.waitForUnlock());
    },
    'in the same order everywhere': async ({ a, b }) => {
      for (let i = 0; i < 8; i++) {
        await nest(a, b);
        await a.runExclusive(() => b.waitForUnlock());
      }
    },
    'under a gate of both': async ({ instance, a, b }) => {
      const gate = new instance.Mutex({ class: new LockClass('gate') });
      await gate.runExclusive(() => nest(b, a));
      await gate.runExclusive(() => a.runExclusive(() => b.waitForUnlock()));
    },
    'of a detached child': async ({ instance, a, b }) => {
      await nest(b, a);
      let child: Promise<void> | undefined;
      await a.runExclusive(() => {
        child = instance.lockdep.detached(() => b.waitForUnlock());
      });
      await child;
    },
  };
  for (const tracking of ['precise', 'light'] as const) {
    for (const mode of ['warn', 'enforce'] as const) {
      for (const [name, program] of Object.entries(programs)) {
        it(`${name}: silent, tracking ${tracking}, mode ${mode}`, () =>
          isolated(
            async (instance) => {
              await program(scene(instance));
              await settle();
              assert.deepEqual(seen(instance), []);
            },
            { tracking, mode },
          ));
      }
    }
  }
});

describe('whoever waits for an unlock', () => {
  it('is not cancelled', () =>
    isolated(async (instance) => {
      const { a, b } = scene(instance);
      const release = await a.acquire();
      let told = false;
      const waiting = b.runExclusive(() => a.waitForUnlock()).then(() => (told = true));
      a.cancel();
      await settle();
      assert.equal(told, false);
      release();
      await waiting;
      assert.equal(told, true);
    }));

  it('is looked at without being handled: a bound that nobody handles ends the process as ever', () => {
    const program = `
      import { Mutex, withTimeout } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)};
      const lock = new Mutex();
      lock.runExclusive(() => {
        void withTimeout(lock, 1, new Error('too late')).waitForUnlock();
        return new Promise((resolve) => setTimeout(resolve, 100));
      });`;
    for (const LOCKDEP of ['off', 'warn', 'enforce']) {
      const env = { ...process.env, LOCKDEP };
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
        encoding: 'utf8',
        env,
      });
      assert.equal(status, 1, LOCKDEP);
      assert.match(stderr, /Error: too late/);
    }
  });

  it('leaves nothing behind', () =>
    isolated(async (instance) => {
      const { a } = scene(instance);
      const release = await a.acquire();
      const waits = [a.waitForUnlock(), withTimeout(a, 1).waitForUnlock()];
      assert.match(instance.lockdep.showAllLocks(), /waiting/);
      await assert.rejects(waits[1] as Promise<void>);
      release();
      await waits[0];
      assert.equal(instance.lockdep.showAllLocks(), 'no locks are held or awaited');
    }));
});
