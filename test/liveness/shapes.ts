/** Programs that hang, by construction, and programs that look alike and go on. */
import type { IsolatedLockdep } from '../../src/testing.js';
import { settle } from '../support/harness.js';

/** Starts flows, none of which is awaited, and lets them run until they wait. */
export type Shape = (instance: IsolatedLockdep) => Promise<void>;

/** `count` parties meet: each call resolves when all have come. */
function barrier(count: number): () => Promise<void> {
  let missing = count;
  let open!: () => void;
  const all = new Promise<void>((resolve) => (open = resolve));
  return () => {
    missing -= 1;
    if (missing === 0) open();
    return all;
  };
}

/** Each of so many flows takes one lock and, when all have theirs, wants the next one's. */
const ring =
  (count: number, take: 'scope' | 'call'): Shape =>
  async ({ Mutex }) => {
    const locks = Array.from({ length: count }, (_, at) => new Mutex({ class: `ring ${at}` }));
    const met = barrier(count);
    const scope = (at: number): Promise<unknown> =>
      (locks[at] as (typeof locks)[0])!.runExclusive(async () => {
        await met();
        await locks[(at + 1) % count]!.runExclusive(() => undefined);
      });
    const call = async (at: number): Promise<void> => {
      const release = await locks[at]!.acquire();
      await met();
      (await locks[(at + 1) % count]!.acquire())();
      release();
    };
    for (let at = 0; at < count; at++) void (take === 'scope' ? scope(at) : call(at));
    await settle();
  };

/** What hangs for ever, by what it is told as while something else still runs. */
export const STUCK: Readonly<Record<string, Shape>> = {
  'two flows with scopes': ring(2, 'scope'),
  'two flows with calls': ring(2, 'call'),
  'three flows': ring(3, 'scope'),
  'five philosophers': ring(5, 'call'),
  'a flow that takes its lock again by a call': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void (async () => {
      await lock.acquire();
      await lock.acquire();
    })();
    await settle();
  },
  'a flow that takes its lock again in its scope': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void lock.runExclusive(() => lock.runExclusive(() => undefined));
    await settle();
  },
  'a flow that takes the lock of its call again in a scope, after a turn': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void (async () => {
      await lock.acquire();
      await settle(1);
      await lock.runExclusive(() => undefined);
    })();
    await settle();
  },
  'two flows of one helper that takes by a call and runs what it is given': async ({ Mutex }) => {
    const [one, two] = [new Mutex({ class: 'one' }), new Mutex({ class: 'two' })];
    const met = barrier(2);
    const withLock = async (lock: typeof one, work: () => unknown): Promise<void> => {
      const release = await lock.acquire();
      await work();
      release();
    };
    const both = (outer: typeof one, inner: typeof one): Promise<void> =>
      withLock(outer, async () => {
        await met();
        await withLock(inner, () => undefined);
      });
    void both(one, two);
    void both(two, one);
    await settle();
  },
  'a call that calls itself and waits for the unlock of what it has taken': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    const request = async (again: boolean): Promise<void> => {
      await lock.waitForUnlock();
      if (!again) return;
      const release = await lock.acquire();
      await settle(1);
      await request(true);
      release();
    };
    void request(true);
    await settle();
  },
  'a reader that wants to write': async ({ RWSemaphore }) => {
    const lock = new RWSemaphore({ class: 'rw' });
    void lock.runRead(() => lock.runWrite(() => undefined));
    await settle();
  },
  'a reader that reads again behind a writer': async ({ RWSemaphore }) => {
    const lock = new RWSemaphore({ class: 'rw' });
    const met = barrier(2);
    void lock.runRead(async () => {
      await met();
      await lock.runRead(() => undefined);
    });
    await settle();
    void lock.runWrite(() => undefined);
    await settle();
    void met();
    await settle();
  },
  'a flow that waits for the unlock of its lock': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void lock.runExclusive(() => lock.waitForUnlock());
    await settle();
  },
  'flows that nest permits of one semaphore': async ({ Semaphore }) => {
    const permits = new Semaphore(2, { class: 'permits' });
    const met = barrier(2);
    for (let flow = 0; flow < 2; flow++)
      void permits.runExclusive(async () => {
        await met();
        await permits.runExclusive(() => undefined);
      });
    await settle();
  },
  'flows that nest two pools both ways': async ({ Semaphore }) => {
    const pools = [new Semaphore(2, { class: 'one' }), new Semaphore(2, { class: 'two' })] as const;
    const met = barrier(4);
    for (let flow = 0; flow < 4; flow++) {
      const [outer, inner] = flow % 2 === 0 ? pools : [pools[1], pools[0]];
      void outer.runExclusive(async () => {
        await met();
        await inner.runExclusive(() => undefined);
      });
    }
    await settle();
  },
  'an item that flushes its own queue': async ({ WorkQueue }) => {
    const queue = new WorkQueue({ class: 'queue' });
    void queue.run(() => queue.flush());
    await settle();
  },
  'a lock and an item of a queue that want each other': async ({ Mutex, WorkQueue }) => {
    const [lock, queue] = [new Mutex({ class: 'lock' }), new WorkQueue({ class: 'queue' })];
    const met = barrier(2);
    void lock.runExclusive(async () => {
      await met();
      await queue.run(() => undefined);
    });
    void queue.run(async () => {
      await met();
      await lock.runExclusive(() => undefined);
    });
    await settle();
  },
};

/** What looks the same for a while, and goes on when somebody does what `goOn` stands for. */
export const GOES_ON: Readonly<Record<string, (instance: IsolatedLockdep) => Promise<() => void>>> = {
  'a wait for a holder that is busy': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'busy' });
    const release = await lock.acquire();
    void lock.runExclusive(() => undefined);
    await settle();
    return release;
  },
  'a lease that a timer takes back': async ({ lockdep, Mutex }) => {
    const lock = new Mutex({ class: 'lease' });
    let take!: () => void;
    lockdep.detached(() => void lock.acquire().then((release) => (take = release)));
    await settle();
    lockdep.detached(() => void lock.runExclusive(() => undefined));
    await settle();
    return () => take();
  },
  'a hand-off to another flow': async ({ Mutex }) => {
    const [one, two] = [new Mutex({ class: 'one' }), new Mutex({ class: 'two' })];
    const guard = await one.lock();
    guard.transfer();
    const release = await two.acquire();
    void one.runExclusive(() => undefined);
    await settle();
    return () => {
      guard.release();
      release();
    };
  },
  'a circle with a wait that has a timeout': async ({ Mutex }) => {
    const [one, two] = [new Mutex({ class: 'one' }), new Mutex({ class: 'two' })];
    const met = barrier(2);
    const end = new AbortController();
    void one
      .runExclusive(async () => {
        await met();
        await two.runExclusive(() => undefined, { signal: end.signal });
      })
      .catch(() => undefined);
    void two.runExclusive(async () => {
      await met();
      await one.runExclusive(() => undefined);
    });
    await settle();
    return () => end.abort();
  },
  'an idle consumer': async ({ Semaphore, Completion }) => {
    const [items, done] = [new Semaphore(0, { class: 'items' }), new Completion({ class: 'done' })];
    void items.acquire();
    void done.wait();
    await settle();
    return () => {
      items.release();
      done.complete();
    };
  },
  'a pool of which one holder is not stuck': async ({ Semaphore }) => {
    const pool = new Semaphore(2, { class: 'pool' });
    const [, release] = await pool.acquire();
    void pool.runExclusive(() => pool.runExclusive(() => undefined));
    await settle();
    return release;
  },
  'a child that nobody waits for': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'outer' });
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    void lock.runExclusive(async () => {
      void (async () => {
        await settle(1);
        await lock.acquire();
      })();
      await gate;
    });
    await settle();
    return open;
  },
  'a call of the holder that nobody waits for, by a call and by a scope': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'outer' });
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const byCall = async (): Promise<void> => (await lock.acquire())();
    const byScope = async (): Promise<void> => lock.runExclusive(() => undefined);
    void (async () => {
      const release = await lock.acquire();
      void byCall();
      void byScope();
      await gate;
      release();
    })();
    await settle();
    return open;
  },
  'a reader beside readers': async ({ RWSemaphore }) => {
    const lock = new RWSemaphore({ class: 'rw', fairness: 'reader-preferring' });
    const release = await lock.acquireRead();
    void lock.runWrite(() => undefined);
    void lock.runRead(() => lock.runRead(() => undefined));
    await settle();
    return release;
  },
};
