import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { createLockdep } from '../../src/api/isolated-lockdep.js';
import {
  LockClass,
  lockdep,
  LockdepError,
  trackedLock,
  type ForeignLockOptions,
  type ForeignRequest,
} from '../../src/index.js';
import { captures } from '../support/harness.js';
import { NOTHING_LEFT, play, turn, type FollowedPool, type Program } from './foreign-scene.js';

const STRAY: Program = async ({ pool }) => {
  const client = await pool.connect();
  await pool.query();
  client.release();
};

/** What is warned of while `act` runs. */
async function warnings(act: () => Promise<unknown>): Promise<string[]> {
  const told: string[] = [];
  const method = mock.method(process, 'emitWarning', (message: string) => told.push(message));
  try {
    await act();
  } finally {
    method.mock.restore();
  }
  return told;
}

describe('a report about a foreign lock', () => {
  it('names the lines of the program, and none of the adapter', async () => {
    const { instance } = await play(STRAY);
    const [report] = instance.lockdep.reports();
    for (const use of [report?.acquiring, report?.held[0]]) {
      assert.match(use?.stack[0] ?? '', /^STRAY \(test\/validator\/foreign-lock\.modes\.test\.ts:\d+/);
      assert.ok(use?.stack[0]?.includes(use.site));
    }
    assert.notEqual(report?.acquiring?.site, report?.held[0]?.site);
    assert.doesNotMatch(report?.message ?? '', /FollowedPool|observer\/foreign/);
  });
  it('names the lines of the program where callbacks have the locks too', async () => {
    const { instance } = await play(async (scene) => {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => turn()));
      await b.run(() => a.run(() => turn()));
    });
    const [report] = instance.lockdep.reports();
    assert.equal(report?.count, 1);
    for (const use of [report?.acquiring, ...(report?.cycle ?? []).flatMap((link) => [link.held, link.acquiring])]) {
      assert.match(use?.site ?? '', /foreign-lock\.modes\.test\.ts/);
    }
    assert.doesNotMatch(report?.message ?? '', /Limiter\.run|observer\/foreign/);
  });
  it('names the line that made a lock without a class, by way of the function that the program called', async () => {
    const { trackedLock: track, dispose } = createLockdep();
    const makePool = (): ReturnType<typeof track> => track({ kind: 'pool', below: makePool });
    const lock = makePool();
    assert.match(lock.lockClass.name, /^pool@test\/validator\/foreign-lock\.modes\.test\.ts:\d+:18$/);
    const plain = track();
    assert.match(plain.lockClass.name, /^ForeignLock@.*foreign-lock\.modes\.test\.ts/);
    dispose();
  });
  it('names the adapter where that does not say what the program called', async () => {
    const { instance } = await play(async ({ instance: { trackedLock: track } }) => {
      const lock = track({ class: new LockClass('unsaid') });
      const outer = lock.wanted();
      await outer.carry(turn());
      await lock.wanted({ owner: 'call' }).use(turn());
      outer.released();
    });
    assert.match(instance.lockdep.reports()[0]?.acquiring?.site ?? '', /foreign-lock\.modes\.test\.ts/);
  });
});

/** Wants a second one under the first, and gives both back. Resolves with what it is refused with. */
async function nest(pool: FollowedPool): Promise<unknown> {
  const client = await pool.connect();
  try {
    const second = await pool.connect();
    second.release();
    return undefined;
  } catch (error) {
    return error;
  } finally {
    client.release();
    for (let turns = 0; turns < 4; turns++) await turn();
  }
}

describe('in enforce a foreign request', () => {
  const options = { mode: 'enforce' } as const;
  it('that can be given back rejects once it is certain, and what the package grants goes back', async () => {
    const { left } = await play(async ({ pool }) => {
      assert.equal(await nest(pool), undefined, 'who has a lock is certain when it is released');
      for (let i = 0; i < 3; i++) {
        const refusal = await nest(pool);
        assert.ok(refusal instanceof LockdepError);
        assert.equal(refusal.code, 'ERR_LOCKDEP_SEMAPHORE_EXHAUSTION');
        assert.equal(pool.pool.used, 0);
      }
    }, options);
    assert.equal(left, NOTHING_LEFT);
  });
  it('that can be given back rejects though the package would let it hang, which frees the way', async () => {
    await play(async ({ pool }) => {
      await nest(pool);
      const refusals = await Promise.all([0, 1, 2, 3].map(() => nest(pool)));
      assert.ok(refusals.every((refusal) => refusal instanceof LockdepError));
      assert.equal(pool.pool.used, 0);
      (await pool.connect()).release();
    }, options);
  });
  it('that can not be given back is only reported', async () => {
    const { seen, left } = await play(async ({ instance }) => {
      const lock = instance.trackedLock({ class: new LockClass('kept'), capacity: 2, releasedBy: 'user' });
      for (let i = 0; i < 3; i++) {
        const [outer, inner] = [lock.wanted(), lock.wanted()];
        await outer.carry(turn());
        const nested = lock.wanted();
        assert.equal(await nested.carry(Promise.resolve('granted')), 'granted');
        nested.released();
        outer.released();
        inner.failed();
      }
    }, options);
    assert.deepEqual(seen, ['semaphore-exhaustion strict']);
    assert.equal(left, NOTHING_LEFT);
  });
  it('of a call or a callback is only reported', async () => {
    const { seen } = await play(async (scene) => {
      await STRAY(scene);
      await STRAY(scene);
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => turn()));
      for (let i = 0; i < 2; i++) await b.run(() => a.run(() => turn()));
    }, options);
    assert.deepEqual(seen, ['semaphore-exhaustion strict', 'circular-dependency strict']);
  });
  it('that was refused, and that the package fails to grant later, is nothing to give back', async () => {
    const told = await warnings(() =>
      play(async ({ instance, pool }) => {
        await nest(pool);
        const holders = await Promise.all([0, 1, 2].map(() => pool.connect()));
        const late = async (): Promise<unknown> => {
          const client = await pool.connect();
          try {
            return await pool.connect(5);
          } catch (error) {
            assert.equal(
              instance.lockdep.showAllLocks({ group: false }).split('\n').length,
              4,
              'it is not awaited any more',
            );
            await new Promise((resolve) => setTimeout(resolve, 20));
            return error;
          } finally {
            client.release();
          }
        };
        assert.ok((await late()) instanceof LockdepError);
        for (const holder of holders) holder.release();
      }, options),
    );
    assert.deepEqual(told, []);
  });
  it('that fails to be given back is shown, and ends nothing', async () => {
    const told = await warnings(() =>
      play(async ({ instance }) => {
        const lock = instance.trackedLock({ class: new LockClass('lost'), capacity: 2, releasedBy: 'user' });
        const lose = (): never => {
          throw new Error('lost');
        };
        for (let i = 0; i < 2; i++) {
          const [outer, refused] = [lock.wanted(), i > 0];
          await outer.carry(turn());
          const inner = lock.wanted();
          try {
            await inner.carry(Promise.resolve(), lose);
            assert.equal(refused, false);
          } catch (error) {
            assert.ok(refused && error instanceof LockdepError);
          }
          if (!refused) inner.released();
          await turn();
          outer.released();
        }
      }, options),
    );
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /giving back what was refused has failed: Error: lost/);
  });
});

describe('while the validator is off a foreign lock', () => {
  it('gives back what it is given, and captures no stack', async (t) => {
    // The validator of the process looks at the stacks of its first awaits.
    const { mode } = lockdep;
    lockdep.configure({ mode: 'off' });
    t.after(() => lockdep.configure({ mode }));
    const { seen, left } = await play(
      async ({ instance }) => {
        const count = await captures(async () => {
          const lock = instance.trackedLock({ kind: 'pool', capacity: 2 });
          const promise = turn();
          assert.equal(lock.isFollowed, false);
          for (const owner of ['flow', 'callback', 'call'] as const) {
            const attempt = lock.wanted({ owner });
            attempt.granted();
            assert.equal(attempt.carry(promise), promise);
            assert.equal(attempt.use(promise), promise);
            assert.equal(attempt.takeOver(promise), promise);
            assert.equal(
              attempt.scope(() => 1),
              1,
            );
            assert.equal(
              attempt.within(() => 2),
              2,
            );
            attempt.usedBy();
            attempt.failed();
            attempt.released();
          }
          assert.equal(lock.wanted(), lock.wanted({ shared: true }), 'nothing is made for a request');
          lock.capacity = 3;
          await promise;
        });
        assert.equal(count, 0);
      },
      { mode: 'off' },
    );
    assert.deepEqual(seen, []);
    assert.match(left, /^lockdep is off/);
  });
  it('lets a program run as with it', async () => {
    for (const mode of ['off', 'warn'] as const) {
      const order: string[] = [];
      await play(
        async (scene) => {
          const limiter = scene.limiter('a');
          const job = async (name: string): Promise<void> => {
            order.push(`${name} begins`);
            await scene.pool.query();
            order.push(`${name} ends`);
          };
          await Promise.all(['a', 'b', 'c'].map((name) => limiter.run(() => job(name))));
        },
        { mode },
      );
      assert.deepEqual(
        order,
        ['a', 'b', 'c'].flatMap((name) => [`${name} begins`, `${name} ends`]),
      );
    }
  });
  it('ends what began before, and does not know what began meanwhile', async () => {
    const { left } = await play(async ({ instance, pool }) => {
      const early = await pool.connect();
      const waiting = pool.connect();
      instance.lockdep.configure({ mode: 'off' });
      early.release();
      const late = await pool.connect();
      (await waiting).release();
      instance.lockdep.configure({ mode: 'warn' });
      assert.equal(instance.lockdep.showAllLocks(), NOTHING_LEFT);
      assert.equal(instance.lockdep.isHeld(pool.lock), undefined);
      late.release();
    });
    assert.equal(left, NOTHING_LEFT);
  });
});

describe('with tracking light a foreign lock', () => {
  const options = { tracking: 'light' } as const;
  it('is strict where callbacks have it', async () => {
    const { seen } = await play(async (scene) => {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => turn()));
      await b.run(() => a.run(() => turn()));
    }, options);
    assert.deepEqual(seen, ['circular-dependency strict']);
  });
  it('is followed where the first function that uses it has it', async () => {
    const program =
      (isGuilty: boolean): Program =>
      async ({ pool }) => {
        const client = await pool.obtain();
        await client.query();
        if (isGuilty) await pool.query();
        client.release();
        if (!isGuilty) await pool.query();
      };
    assert.deepEqual((await play(program(true), options)).seen, ['semaphore-exhaustion advisory']);
    assert.deepEqual((await play(program(false), options)).seen, []);
  });
  it('is not seen to be held where a promise carries it', async () => {
    const { seen, left } = await play(STRAY, options);
    assert.deepEqual(seen, []);
    assert.equal(left, NOTHING_LEFT);
  });
});

describe('an adapter that is wrong', () => {
  const faults: Record<string, [program: Program, told: RegExp]> = {
    'grants twice': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        attempt.granted();
        attempt.granted();
        attempt.released();
      },
      /granted\(\) was called for a request that was granted/,
    ],
    'releases what was not granted': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        attempt.released();
        attempt.failed();
      },
      /released\(\) was called for a request that is wanted/,
    ],
    'releases twice': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        attempt.granted();
        attempt.released();
        attempt.released();
      },
      /released\(\) was called for a request that was released/,
    ],
    'fails what was granted': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        attempt.granted();
        attempt.failed();
        attempt.released();
      },
      /failed\(\) was called for a request that was granted/,
    ],
    'grants what has failed': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        attempt.failed();
        attempt.granted();
      },
      /granted\(\) was called for a request that has failed/,
    ],
    'runs a callback for a request of a flow': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        assert.equal(
          attempt.scope(() => 'ran'),
          'ran',
        );
        attempt.failed();
      },
      /scope\(\) was called for a request whose owner is 'flow'/,
    ],
    'runs two callbacks for one request': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted({ owner: 'callback' });
        attempt.scope(() => undefined);
        assert.equal(
          attempt.scope(() => 'ran'),
          'ran',
        );
      },
      /scope\(\) was called for a request that was released/,
    ],
    'carries what a call owns': [
      async ({ pool: { lock } }) => {
        const promise = turn();
        const attempt = lock.wanted({ owner: 'call' });
        assert.equal(attempt.carry(promise), promise);
        await attempt.use(promise);
      },
      /carry\(\) was called for a request whose owner is 'call'/,
    ],
    'uses what a flow owns': [
      async ({ pool: { lock } }) => {
        const promise = turn();
        const attempt = lock.wanted();
        assert.equal(attempt.use(promise), promise);
        attempt.failed();
      },
      /use\(\) was called for a request whose owner is 'flow'/,
    ],
    'carries no promise': [
      async ({ pool: { lock } }) => {
        const attempt = lock.wanted();
        assert.equal(attempt.carry(undefined as never), undefined);
        attempt.failed();
      },
      /carry\(\) got what is no promise/,
    ],
    'wants no permits': [
      async ({ pool: { lock } }) => {
        lock.wanted({ permits: 0 }).granted();
      },
      /wanted\(\) got a bad argument, option permits must be positive, got 0/,
    ],
    'wants an owner that is none': [
      async ({ pool: { lock } }) => {
        lock.wanted({ owner: 'toString' } as unknown as ForeignRequest).granted();
      },
      /wanted\(\) got a bad argument, option owner must be 'flow', 'callback' or 'call', got "toString"/,
    ],
    'tries what a call waits for': [
      async ({ pool: { lock } }) => {
        lock.wanted({ owner: 'call', try: true }).granted();
      },
      /wanted\(\) got a bad argument, option try is not for the owner 'call'/,
    ],
    'shares what has several permits': [
      async ({ pool: { lock } }) => {
        lock.wanted({ shared: true }).granted();
      },
      /wanted\(\) got a bad argument, option shared is for locks of capacity 1, not 4/,
    ],
  };
  for (const [fault, [program, told]] of Object.entries(faults)) {
    it(`and ${fault} is told once, and changes nothing`, async () => {
      const kind = `kind that ${fault}`;
      const follow = async (): Promise<void> => {
        const { seen, left } = await play((scene) => {
          const lock = scene.instance.trackedLock({ class: `of ${fault}`, name: 'main', kind, capacity: 4 });
          return program({ pool: { lock } } as typeof scene);
        });
        assert.deepEqual(seen, []);
        assert.equal(left, NOTHING_LEFT);
      };
      const found = await warnings(async () => {
        await follow();
        await follow();
      });
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0] ?? '', told);
      assert.ok(found[0]?.includes(`the adapter of ${kind} misuses trackedLock`), found[0]);
      assert.ok(found[0]?.includes(`of class of ${fault} "main"`), found[0]);
    });
  }
});

describe('trackedLock', () => {
  const bad: [given: unknown, error: { name: string; message: string }][] = [
    [null, { name: 'TypeError', message: 'options must be an object, got null' }],
    [{ class: 1 }, { name: 'TypeError', message: 'option class must be a LockClass or a string, got 1' }],
    [{ name: 1 }, { name: 'TypeError', message: 'option name must be a string, got 1' }],
    [{ capacity: '4' }, { name: 'TypeError', message: 'option capacity must be a number, got "4"' }],
    [{ capacity: 0 }, { name: 'RangeError', message: 'option capacity must be a positive integer or Infinity, got 0' }],
    [
      { capacity: Number.NaN },
      { name: 'RangeError', message: 'option capacity must be a positive integer or Infinity, got NaN' },
    ],
    [{ kind: 1 }, { name: 'TypeError', message: 'option kind must be a string, got 1' }],
    [{ kind: '' }, { name: 'RangeError', message: "option kind must not be empty, got ''" }],
    [
      { releasedBy: 'anybody' },
      { name: 'RangeError', message: `option releasedBy must be 'holder' or 'user', got "anybody"` },
    ],
    [{ releasedBy: 1 }, { name: 'TypeError', message: "option releasedBy must be 'holder' or 'user', got 1" }],
    [{ below: 1 }, { name: 'TypeError', message: 'option below must be a function, got 1' }],
  ];
  for (const [given, error] of bad) {
    it(`refuses ${error.message.replace(/ must.*, got/, ':')}`, () => {
      assert.throws(() => trackedLock(given as ForeignLockOptions), error);
    });
  }
  it('refuses a capacity that is none later too', () => {
    const lock = trackedLock({ class: 'refused later', capacity: 2 });
    assert.throws(() => {
      lock.capacity = 1.5;
    }, RangeError);
    assert.throws(() => {
      lock.capacity = undefined as never;
    }, TypeError);
    assert.equal(lock.capacity, 2);
  });
  it('names unknown options, and those of a request', async () => {
    const told = await warnings(async () => {
      const { trackedLock: track, dispose } = createLockdep();
      const lock = track({ capactiy: 2 } as ForeignLockOptions);
      lock.wanted({ permit: 2 } as ForeignRequest).failed();
      dispose();
    });
    assert.deepEqual(told, [
      'unknown option "capactiy" of trackedLock is ignored',
      'unknown option "permit" of a request at a tracked lock is ignored',
    ]);
  });
  it('makes a lock that the rest of the package knows', async () => {
    await play(async ({ instance: { lockdep, trackedLock: track } }) => {
      const lock = track({ class: new LockClass('known'), name: 'main', kind: 'pool' });
      assert.equal(lock.lockClass.name, 'known');
      assert.equal(lockdep.isHeld(lock), undefined, 'somebody may have it past the adapter');
      const attempt = lock.wanted({ owner: 'callback' });
      await attempt.use(
        attempt.scope(async () => {
          assert.equal(lockdep.isHeld(lock), true);
          assert.deepEqual(
            lockdep.held().map((held) => held.lock),
            [lock],
          );
          lockdep.assertHeld(lock);
          assert.match(lockdep.showAllLocks(), /known/);
        }),
      );
      lock.setClass('known otherwise');
      assert.equal(lock.lockClass.name, 'known otherwise');
    });
  });
});
