import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runtimeOf } from '../../src/api/isolated-lockdep.js';
import { LockClass } from '../../src/index.js';
import { CORE } from '../../src/locks/symbols.js';
import { NOTHING_LEFT, play, turn, type Client, type Program, type Scene } from './foreign-scene.js';

const EXHAUSTION = 'semaphore-exhaustion';
const INVERSION = 'circular-dependency';
const RECURSION = 'recursive-locking';

interface Twins {
  readonly way: string;
  /** `kind tier` of what the guilty one reports. */
  readonly verdict: string;
  readonly guilty: Program;
  readonly legal: Program;
}

/** The same program with the second request inside and after the use of the first. */
function nested(first: (scene: Scene) => Promise<Client>, use: (client: Client) => Promise<void>): Omit<Twins, 'way'> {
  return {
    verdict: `${EXHAUSTION} strict`,
    async guilty(scene) {
      const client = await first(scene);
      await use(client);
      await scene.pool.query();
      client.release();
    },
    async legal(scene) {
      const client = await first(scene);
      await use(client);
      client.release();
      await scene.pool.query();
    },
  };
}

const ways: readonly Twins[] = [
  { way: 'carry: it travels with the promise of the call', ...nested(({ pool }) => pool.connect(), turn) },
  {
    way: 'carry: a helper returns what it has got',
    ...nested(async ({ pool }) => {
      const client = await pool.connect();
      await turn();
      return client;
    }, turn),
  },
  {
    way: 'carry: a second one is connected',
    verdict: `${EXHAUSTION} strict`,
    async guilty({ pool }) {
      const first = await pool.connect();
      const second = await pool.connect();
      second.release();
      first.release();
    },
    async legal({ pool }) {
      for (let i = 0; i < 3; i++) (await pool.connect()).release();
      await Promise.all([0, 1, 2, 3, 4].map(async () => (await pool.connect()).release()));
    },
  },
  {
    way: 'use: the call takes it and gives it back',
    verdict: `${INVERSION} strict`,
    async guilty({ pool, mutex }) {
      await mutex.runExclusive(() => pool.query());
      const client = await pool.connect();
      await mutex.runExclusive(() => undefined);
      client.release();
    },
    async legal({ pool, mutex }) {
      await mutex.runExclusive(() => pool.query());
      const client = await pool.connect();
      client.release();
      await mutex.runExclusive(() => undefined);
    },
  },
  {
    way: 'use: nobody waits for the call',
    verdict: `${EXHAUSTION} strict`,
    async guilty({ pool }) {
      const client = await pool.connect();
      await Promise.all([turn(), pool.query()]);
      client.release();
    },
    async legal({ pool }) {
      const client = await pool.connect();
      const late = pool.query();
      await turn();
      client.release();
      await late;
    },
  },
  {
    way: 'scope: it belongs to a callback',
    verdict: `${INVERSION} strict`,
    async guilty(scene) {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => turn()));
      await b.run(() => a.run(() => turn()));
    },
    async legal(scene) {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => turn()));
      await b.run(() => turn());
      await a.run(() => turn());
    },
  },
  {
    way: 'scope: the inner callback is over at once',
    verdict: `${INVERSION} strict`,
    async guilty(scene) {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => undefined));
      await b.run(() => a.run(() => undefined));
    },
    async legal(scene) {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      for (let i = 0; i < 3; i++) await a.run(() => b.run(() => undefined));
    },
  },
  {
    way: 'scope: under a lock of ours that is held by a call',
    verdict: `${INVERSION} strict`,
    async guilty(scene) {
      const limiter = scene.limiter('a');
      await limiter.run(() => scene.mutex.runExclusive(() => undefined));
      const release = await scene.mutex.acquire();
      await limiter.run(() => turn());
      release();
    },
    async legal(scene) {
      const limiter = scene.limiter('a');
      await limiter.run(() => scene.mutex.runExclusive(() => undefined));
      const release = await scene.mutex.acquire();
      const late = limiter.run(() => turn());
      release();
      await late;
    },
  },
  {
    way: 'usedBy: the first function that uses it owns it',
    ...nested(
      ({ pool }) => pool.obtain(),
      (client) => client.query(),
    ),
  },
  {
    way: 'takeOver: who awaits a method of its handle goes on with it',
    ...nested(
      ({ pool }) => pool.obtain(),
      (client) => client.run(),
    ),
  },
  {
    way: 'within: a callback that is called with it gives it back when it has waited',
    verdict: `${EXHAUSTION} strict`,
    async guilty({ pool }) {
      await new Promise<void>((resolve) => {
        pool.checkout((client) => {
          void pool.query().then(() => {
            client.release();
            resolve();
          });
        });
      });
    },
    async legal({ pool }) {
      await new Promise<void>((resolve) => {
        pool.checkout((client) => {
          void pool.query();
          setTimeout(() => {
            client.release();
            resolve();
          }, 5);
        });
      });
    },
  },
];

describe('a foreign lock is owned', () => {
  for (const { way, verdict, guilty, legal } of ways) {
    it(`by ${way}: the guilty program is reported`, async () => {
      const { seen, left } = await play(guilty);
      assert.deepEqual(seen, [verdict]);
      assert.equal(left, NOTHING_LEFT);
    });
    it(`by ${way}: the legal one is silent`, async () => {
      const { seen, left } = await play(legal);
      assert.deepEqual(seen, []);
      assert.equal(left, NOTHING_LEFT);
    });
  }
});

describe('a resource that is given back by whoever ends its use', () => {
  it('is still proven to be held, where a function that the holder calls gives it back after a wait', async () => {
    const { seen } = await play(async ({ pool }) => {
      const client = await pool.connect();
      await pool.query();
      const commit = async (): Promise<void> => {
        await turn();
        client.release();
      };
      await commit();
    });
    assert.deepEqual(seen, [`${EXHAUSTION} strict`]);
  });
  it('is proven nothing of, where a lock that its holder gives back was handed on so', async () => {
    const { seen } = await play(async ({ instance, mutex }) => {
      const slots = instance.trackedLock({ class: new LockClass('slots'), capacity: 2 });
      await mutex.runExclusive(async () => {
        const inner = slots.wanted();
        await inner.carry(turn());
        inner.released();
      });
      const outer = slots.wanted();
      await outer.carry(turn());
      await mutex.runExclusive(turn);
      const end = async (): Promise<void> => {
        await turn();
        outer.released();
      };
      await end();
    });
    assert.deepEqual(seen, [`${INVERSION} advisory`]);
  });
  it('tells of a hang that has come, at the first burst', async () => {
    const { seen, left } = await play(async ({ pool }) => {
      const flow = async (): Promise<void> => {
        const client = await pool.connect();
        await turn();
        await pool.query();
        client.release();
      };
      for (let i = 0; i < 4; i++) void flow();
      for (let i = 0; i < 8; i++) await turn();
    });
    assert.deepEqual(seen, [`${EXHAUSTION} advisory`]);
    assert.notEqual(left, NOTHING_LEFT);
  });
  const loop =
    (jobs: number, turnsOf: (job: number) => number, wait: (running: Promise<void>[]) => unknown): Program =>
    async ({ pool }) => {
      const running: Promise<void>[] = [];
      const job = async (client: Client, turns: number): Promise<void> => {
        for (let i = 0; i < turns; i++) await turn();
        client.release();
      };
      for (let i = 0; i < jobs; i++) {
        const client = await pool.connect();
        running.push(job(client, turnsOf(i)));
      }
      await wait(running);
    };
  const all = (running: Promise<void>[]): unknown => Promise.all(running);
  it('is proven nothing of, where a loop hands each one to a job', async () => {
    for (const jobs of [2, 3, 4, 9]) assert.deepEqual((await play(loop(jobs, () => 6, all))).seen, [], `${jobs}`);
    assert.deepEqual((await play(loop(9, (i) => 30 - 4 * (i % 4), all))).seen, []);
  });
  it('is no more than suspected, where each job of a loop is over before the one before it', async () => {
    const eachAlone = async (): Promise<void> => {
      for (let turns = 0; turns < 40; turns++) await turn();
    };
    const { seen } = await play(loop(3, (i) => 30 - 6 * i, eachAlone));
    assert.deepEqual(seen, [`${EXHAUSTION} advisory`]);
  });
  it('tells nothing beforehand, where there is enough for the flow that asks', async () => {
    const { seen } = await play(async ({ pool }) => {
      void (async (): Promise<void> => {
        await pool.connect();
        await pool.connect();
        await new Promise(() => undefined);
      })();
      for (let i = 0; i < 8; i++) await turn();
    });
    assert.deepEqual(seen, []);
  });
  it('is said to be what its adapter calls it, with the number of flows that it takes', async () => {
    const { instance } = await play(async ({ pool }) => {
      const client = await pool.connect();
      await pool.query();
      client.release();
    });
    const [report] = instance.lockdep.reports();
    assert.equal(report?.exhaustion?.flows, 4);
    assert.match(report?.message ?? '', /holds 1 of 4 permits and wants 1 more of the same pool/);
    assert.match(report?.message.replaceAll(/\s+/g, ' ') ?? '', /Do it with what the flow has of pool\S* already/);
  });
});

describe('a client that all requests share', () => {
  const serve = async (scene: Scene, requests: number, before: () => unknown = turn): Promise<void> => {
    let shared: Client | undefined;
    scene.pool.checkout((client) => {
      shared = client;
    });
    await turn();
    await turn();
    const request = async (): Promise<void> => {
      await before();
      await shared?.query();
      await scene.pool.query();
    };
    for (let i = 0; i < requests; i++) {
      setImmediate(() => void request());
      for (let turns = 0; turns < 8; turns++) await turn();
    }
    shared?.release();
  };
  it('is that of no request, once a second one uses it after the first', async () => {
    for (const before of [turn, () => undefined]) {
      const { seen, left } = await play((scene) => serve(scene, 3, before));
      assert.deepEqual(seen, []);
      assert.equal(left, NOTHING_LEFT);
    }
  });
  it('hides nothing that another one shows', async () => {
    const { seen } = await play(async (scene) => {
      for (let i = 0; i < 8; i++) await serve(scene, 2);
      assert.deepEqual(scene.seen, []);
      const client = await scene.pool.obtain();
      await client.query();
      await scene.pool.query();
      client.release();
    });
    assert.deepEqual(seen, [`${EXHAUSTION} strict`]);
  });
  it('is taken for that of the only request', async () => {
    assert.equal((await play((scene) => serve(scene, 1))).seen.length, 1);
  });
  it('stays with the function that had it first, while others use it under that one', async () => {
    const { seen } = await play(async ({ pool }) => {
      const client = await pool.obtain();
      await client.query();
      await Promise.all([client.query(), client.query()]);
      await pool.query();
      client.release();
    });
    assert.deepEqual(seen, [`${EXHAUSTION} strict`]);
  });
  it('is not taken from its holder by a call of its handle that nobody awaits', async () => {
    const { seen } = await play(async ({ instance, pool }) => {
      const client = await pool.connect();
      void client.run();
      for (let turns = 0; turns < 3; turns++) await turn();
      assert.equal(instance.lockdep.isHeld(pool.lock), true);
      await pool.query();
      client.release();
    });
    assert.deepEqual(seen, [`${EXHAUSTION} strict`]);
  });
  it('stays with the callback that had it first', async () => {
    const { seen } = await play(async ({ pool }) => {
      await new Promise<void>((resolve) => {
        pool.checkout((client) => {
          void client.query();
          void client.query();
          void pool.query().then(() => {
            client.release();
            resolve();
          });
        });
      });
    });
    assert.deepEqual(seen, [`${EXHAUSTION} strict`]);
  });
  it('is not adopted at all where it came by a promise', async () => {
    const { seen } = await play(async ({ pool }) => {
      const dedicated = await pool.connect();
      const request = async (): Promise<void> => {
        await dedicated.query();
        await pool.query();
      };
      setImmediate(() => void request());
      for (let turns = 0; turns < 8; turns++) await turn();
      dedicated.release();
    });
    assert.deepEqual(seen, []);
  });
});

describe('what a request comes to', () => {
  it('leaves nothing held where it times out', async () => {
    const { seen, left } = await play(
      async ({ instance, pool }) => {
        const client = await pool.connect();
        const others = instance.lockdep.detached(() => Promise.allSettled([pool.connect(1), pool.query(1)]));
        await new Promise((resolve) => setTimeout(resolve, 10));
        client.release();
        assert.deepEqual(
          (await others).map(({ status }) => status),
          ['rejected', 'rejected'],
        );
        await pool.query();
      },
      { size: 1 },
    );
    assert.deepEqual(seen, []);
    assert.equal(left, NOTHING_LEFT);
  });
  it('rejects with the very error of the package', async () => {
    const failure = new Error('refused');
    await play(async ({ instance }) => {
      const lock = instance.trackedLock();
      const refused = async (): Promise<never> => {
        await turn();
        throw failure;
      };
      for (const promise of [
        lock.wanted().carry(refused()),
        lock.wanted({ owner: 'call' }).use(refused()),
        lock.wanted({ owner: 'callback' }).use(refused()),
        lock.wanted().takeOver(refused()),
      ]) {
        await assert.rejects(promise, (error) => error === failure);
      }
      const scope = lock.wanted({ owner: 'callback' });
      assert.throws(
        () =>
          scope.scope(() => {
            throw failure;
          }),
        (error) => error === failure,
      );
    });
  });
  it('leaves nothing held where a callback throws or never runs', async () => {
    const { left } = await play(async (scene) => {
      const limiter = scene.limiter('a');
      await assert.rejects(
        limiter.run(() => Promise.reject(new Error('failed'))),
        /failed/,
      );
      const busy = limiter.run(() => new Promise((resolve) => setTimeout(resolve, 10)));
      await turn();
      await assert.rejects(
        limiter.run(() => undefined, { timeout: 1 }),
        /timed out/,
      );
      await busy;
    });
    assert.equal(left, NOTHING_LEFT);
  });
  it('is over when the call is, though its callback goes on', async () => {
    const { left } = await play(async ({ instance }) => {
      const attempt = instance.trackedLock().wanted({ owner: 'callback' });
      void attempt.scope(() => new Promise(() => undefined));
      await assert.rejects(attempt.use(Promise.reject(new Error('took too long'))), /took too long/);
    });
    assert.equal(left, NOTHING_LEFT);
  });
  it("is nobody else's to handle: a rejection that nobody awaits is unhandled as ever", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown): unknown => unhandled.push(error);
    const others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note);
    try {
      const failure = new Error('nobody looks');
      await play(async ({ instance }) => {
        void instance.trackedLock().wanted().carry(Promise.reject(failure));
        void instance.trackedLock().wanted({ owner: 'call' }).use(Promise.reject(failure));
        await turn();
      });
      assert.deepEqual(unhandled, [failure, failure]);
    } finally {
      process.removeListener('unhandledRejection', note);
      for (const listener of others) process.on('unhandledRejection', listener);
    }
  });
  it('is released as usual after a reset in between', async () => {
    const { left } = await play(async ({ instance, pool }) => {
      const client = await pool.connect();
      instance.lockdep.reset();
      client.release();
      const other = pool.connect();
      instance.lockdep.reset();
      (await other).release();
      assert.equal(pool.pool.used, 0);
      assert.equal(pool.lock[CORE].heldPermits, 0);
    });
    assert.equal(left, NOTHING_LEFT);
  });
});

describe('the rules of a foreign lock', () => {
  const TWICE: Program = async ({ pool }) => {
    const first = await pool.connect();
    await pool.query(5).catch(() => undefined);
    first.release();
  };
  it('are those of a mutex where its capacity is 1', async () => {
    assert.deepEqual((await play(TWICE, { size: 1 })).seen, [`${RECURSION} strict`]);
  });
  it('count with the capacity that it has when it is wanted', async () => {
    const { instance } = await play(async (scene) => {
      scene.pool.lock.capacity = 7;
      await TWICE(scene);
    });
    assert.equal(instance.lockdep.reports()[0]?.exhaustion?.flows, 7);
  });
  it('are others once it lets in more than one, for what is known already too', async () => {
    const { seen } = await play(
      async (scene) => {
        for (let i = 0; i < 6; i++) await TWICE(scene);
        scene.pool.pool.max = 3;
        scene.pool.lock.capacity = 3;
        await TWICE(scene);
      },
      { size: 1 },
    );
    assert.deepEqual(seen, [`${RECURSION} strict`, `${EXHAUSTION} strict`]);
  });
  it('count what is held while the capacity changes', async () => {
    const { left } = await play(
      async ({ instance, pool }) => {
        const counts: number[] = [];
        const resize = (capacity: number): void => {
          pool.pool.max = pool.lock.capacity = capacity;
          runtimeOf(instance).validator.tracker.checkInvariants();
          counts.push(pool.lock[CORE].heldPermits);
        };
        const clients = [await pool.connect(), await pool.connect()];
        resize(1);
        resize(3);
        clients.push(await pool.connect());
        resize(2);
        for (const client of clients) client.release();
        assert.deepEqual([...counts, pool.lock[CORE].heldPermits], [0, 2, 3, 0]);
      },
      { size: 3 },
    );
    assert.equal(left, NOTHING_LEFT);
  });
  it('make a gate of it while it lets in one, and of what it hid a report when it lets in more', async () => {
    const { seen } = await play(
      async ({ instance, pool, mutex }) => {
        const other = new instance.Mutex({ class: new LockClass('other') });
        const nest = async (outer: typeof mutex, inner: typeof mutex): Promise<void> => {
          const client = await pool.connect();
          await outer.runExclusive(() => inner.runExclusive(() => undefined));
          client.release();
        };
        await nest(mutex, other);
        await nest(other, mutex);
        assert.deepEqual(instance.lockdep.reports(), []);
        pool.lock.capacity = 2;
      },
      { size: 1 },
    );
    assert.deepEqual(seen, [`${INVERSION} strict`]);
  });
  it('do not apply where it has no bound, nor to a class that is not tracked', async () => {
    const { seen } = await play(async (scene) => {
      scene.pool.lock.capacity = Infinity;
      assert.equal(scene.pool.lock.isFollowed, false);
      await TWICE(scene);
      const untracked = scene.instance.trackedLock({ class: new LockClass('untracked', { track: false }) });
      assert.equal(untracked.isFollowed, false);
      const promise = turn();
      assert.equal(untracked.wanted().carry(promise), promise);
      await promise;
    });
    assert.deepEqual(seen, []);
  });
  it('let a class declare how deep its flows nest', async () => {
    const { seen } = await play(async ({ instance }) => {
      const lockClass = new LockClass('declared', { nest: { depth: 2, holders: 3 } });
      const lock = instance.trackedLock({ class: lockClass, capacity: 4, releasedBy: 'user' });
      const outer = lock.wanted();
      await outer.carry(turn());
      await lock.wanted({ owner: 'call' }).use(turn());
      outer.released();
    });
    assert.deepEqual(seen, []);
  });
  it('let one flow want several permits at once', async () => {
    const { instance } = await play(async ({ pool: { lock } }) => {
      const outer = lock.wanted({ permits: 2 });
      await outer.carry(turn());
      await lock.wanted({ owner: 'call', permits: 2 }).use(turn());
      outer.released();
    });
    assert.deepEqual(instance.lockdep.reports()[0]?.exhaustion, {
      ...instance.lockdep.reports()[0]?.exhaustion,
      held: 2,
      wanted: 2,
      flows: 2,
    });
  });
  it('are those of a fair reader where it is shared', async () => {
    const { instance } = await play(async (scene) => {
      const limiter = scene.limiter('data');
      await limiter.run(() => limiter.run(() => undefined, { shared: true }), { shared: true });
    });
    const [report] = instance.lockdep.reports();
    assert.deepEqual([report?.kind, report?.tier, report?.acquiring?.mode], [RECURSION, 'strict', 'shared']);
  });
  it('let readers of two locks be, in either order, until one of them writes', async () => {
    const read = { shared: true };
    const { seen } = await play(async (scene) => {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      for (let i = 0; i < 3; i++) await Promise.all([a.run(turn, read), a.run(turn, read)]);
      assert.deepEqual(scene.seen, []);
      await a.run(() => b.run(turn), read);
      await b.run(() => a.run(turn), read);
    });
    assert.deepEqual(seen, [`${INVERSION} strict`]);
  });
  it('let a callback with a slot of its own complete what another one waits for', async () => {
    const complete =
      (capacity: number): Program =>
      async ({ instance }) => {
        const [lock, completion] = [
          instance.trackedLock({ class: new LockClass('slots'), capacity }),
          new instance.Completion({ class: new LockClass('completion') }),
        ];
        const run = (fn: () => unknown): Promise<unknown> => {
          const attempt = lock.wanted({ owner: 'callback' });
          return attempt.use(Promise.resolve(attempt.scope(fn)));
        };
        await run(() => completion.complete());
        await run(() => completion.wait());
      };
    assert.deepEqual((await play(complete(1))).seen, [`${INVERSION} advisory`]);
    assert.deepEqual((await play(complete(2))).seen, []);
  });
  it('tell of a callback that wants its own turn while it hangs', async () => {
    const { seen } = await play(async (scene) => {
      const limiter = scene.limiter('a');
      void limiter.run(() => limiter.run(() => undefined));
      for (let turns = 0; turns < 6; turns++) await turn();
    });
    assert.deepEqual(seen, [`${RECURSION} strict`]);
  });
  it('suspect a callback that nobody was seen to wait for, and that is over first', async () => {
    const { seen } = await play(async (scene) => {
      const [a, b] = [scene.limiter('a'), scene.limiter('b')];
      await a.run(() => b.run(() => turn()));
      await b.run(async () => {
        void a.run(() => undefined);
        for (let turns = 0; turns < 8; turns++) await turn();
      });
    });
    assert.deepEqual(seen, [`${INVERSION} advisory`]);
  });
  it('have nothing lead into a try', async () => {
    const { seen } = await play(async ({ instance, mutex }) => {
      const lock = instance.trackedLock({ class: new LockClass('tried') });
      const outer = lock.wanted({ try: true });
      outer.granted();
      outer.usedBy();
      await mutex.runExclusive(() => undefined);
      outer.released();
      await mutex.runExclusive(async () => {
        await turn();
        const inner = lock.wanted({ try: true });
        inner.granted();
        inner.released();
      });
    });
    assert.deepEqual(seen, []);
  });
});
