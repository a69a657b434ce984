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

/** What hangs for ever, and is certain as soon as it does: scopes make the circle. */
export const CERTAIN: Readonly<Record<string, Shape>> = {
  'two flows with scopes': ring(2, 'scope'),
  'three flows': ring(3, 'scope'),
  'a flow that takes its lock again in its scope': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void lock.runExclusive(() => lock.runExclusive(() => undefined));
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
  'five flows with scopes, who want the next lock by a call': async ({ Mutex }) => {
    const locks = Array.from({ length: 5 }, (_, at) => new Mutex({ class: `table ${at}` }));
    const met = barrier(5);
    for (let at = 0; at < 5; at++)
      void locks[at]!.runExclusive(async () => {
        await met();
        await locks[(at + 1) % 5]!.acquire();
      });
    await settle();
  },
  'two flows whose orders are known by now': async ({ Mutex }) => {
    const [one, two] = [new Mutex({ class: 'known one' }), new Mutex({ class: 'known two' })];
    const nest = (outer: typeof one, inner: typeof one, met: () => Promise<void>): Promise<void> =>
      outer.runExclusive(async () => {
        await met();
        await inner.runExclusive(() => undefined);
      });
    for (let round = 0; round < 5; round++) {
      await nest(one, two, barrier(1));
      await nest(two, one, barrier(1));
    }
    const met = barrier(2);
    void nest(one, two, met);
    void nest(two, one, met);
    await settle();
  },
  'two readers that both want to write': async ({ RWSemaphore }) => {
    const lock = new RWSemaphore({ class: 'rw' });
    const met = barrier(2);
    for (let reader = 0; reader < 2; reader++)
      void lock.runRead(async () => {
        await met();
        await lock.runWrite(() => undefined);
      });
    await settle();
  },
  'a mutex, a pool and a lock for readers that want each other': async ({ Mutex, Semaphore, RWSemaphore }) => {
    const [mutex, pool, rw] = [new Mutex({ class: 'mutex' }), new Semaphore(2, { class: 'pool' }), new RWSemaphore()];
    const met = barrier(4);
    void mutex.runExclusive(async () => {
      await met();
      await pool.runExclusive(() => undefined);
    });
    for (let flow = 0; flow < 2; flow++)
      void pool.runExclusive(async () => {
        await met();
        await rw.runRead(() => undefined);
      });
    void rw.runWrite(async () => {
      await met();
      await mutex.runExclusive(() => undefined);
    });
    await settle();
  },
  'an item that waits for its own end': async ({ WorkQueue, WorkItem }) => {
    const queue = new WorkQueue({ class: 'queue' });
    const item: { flush(): Promise<void> } = new WorkItem(async () => {
      await item.flush();
    });
    queue.enqueue(item as never);
    await settle();
  },
  'a circle that others wait behind': async ({ lockdep, Mutex }) => {
    const [one, two] = [new Mutex({ class: 'one' }), new Mutex({ class: 'two' })];
    const met = barrier(2);
    for (const [outer, inner] of [
      [one, two],
      [two, one],
    ] as const)
      void outer.runExclusive(async () => {
        await met();
        lockdep.detached(() => void inner.runExclusive(() => undefined));
        await inner.runExclusive(() => undefined);
      });
    await settle();
  },
};

/** What hangs for ever, though nobody can be certain of that while something else still runs: a timer may have what was given. */
export const LASTING: Readonly<Record<string, Shape>> = {
  'work of a queue that waits for what only other work of it brings': async ({ Completion, WorkQueue }) => {
    const queue = new WorkQueue({ class: 'queue', concurrency: 2 });
    const parent = (met: () => Promise<void>): Promise<void> =>
      queue.run(async () => {
        await met();
        const token = new Completion({ class: 'token' });
        void queue.run(() => token.completeAll());
        await token.wait();
      });
    await parent(barrier(1));
    const met = barrier(2);
    void parent(met);
    void parent(met);
    await settle();
  },
  'a lock that was taken by a call, and a scope under it': async ({ Mutex }) => {
    const [accounts, ledger] = [new Mutex({ class: 'accounts' }), new Mutex({ class: 'ledger' })];
    const met = barrier(2);
    const pay = async (): Promise<void> => {
      const release = await accounts.acquire();
      await met();
      await ledger.runExclusive(() => undefined);
      release();
    };
    const book = async (): Promise<void> => {
      const release = await ledger.acquire();
      await met();
      await accounts.runExclusive(() => undefined);
      release();
    };
    void pay();
    void book();
    await settle();
  },
  'a flow that catches the failure of its wait': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void lock.runExclusive(async () => {
      await lock.acquire().catch(() => undefined);
    });
    await settle();
  },
  'a flow that takes its lock again in its scope, and returns what it waits for': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void lock.runExclusive(async () => lock.runExclusive(() => undefined));
    await settle();
  },
  'two flows with calls': ring(2, 'call'),
  'five philosophers': ring(5, 'call'),
  'a flow that takes its lock again by a call': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'own' });
    void (async () => {
      await lock.acquire();
      await lock.acquire();
    })();
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
  'sections that holders begin and do not wait for': async ({ Mutex }) => {
    const [accounts, ledger] = [new Mutex({ class: 'accounts' }), new Mutex({ class: 'ledger' })];
    const { opened, open } = gate();
    const met = barrier(2);
    const work = async (own: typeof accounts, other: typeof accounts): Promise<void> => {
      const release = await own.acquire();
      await met();
      void other.runExclusive(() => undefined);
      await opened;
      release();
    };
    void work(accounts, ledger);
    void work(ledger, accounts);
    await settle();
    return open;
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
  'a wait that its author has parked, in a circle': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'parked' });
    void lock.runExclusive(() => lock.acquire({ parked: true })).catch(() => undefined);
    await settle();
    return () => lock.cancel();
  },
  'two flows that hand a lock to each other': async ({ Mutex }) => {
    const [ping, pong] = [new Mutex({ class: 'ping' }), new Mutex({ class: 'pong' })];
    await pong.acquire();
    void (async () => {
      for (let round = 0; round < 3; round++) {
        await ping.acquire();
        pong.release();
      }
    })();
    void (async () => {
      for (let round = 0; round < 2; round++) {
        await pong.acquire();
        ping.release();
      }
    })();
    await settle();
    return () => pong.release();
  },
  'an event that work of a busy queue was not alone to bring': async ({ Completion, WorkQueue }) => {
    const queue = new WorkQueue({ class: 'queue', concurrency: 2 });
    const tokens: { completeAll(): void }[] = [];
    const parent = (isBrought: boolean): Promise<void> =>
      queue.run(async () => {
        const token = new Completion({ class: 'token' });
        tokens.push(token);
        if (isBrought) void queue.run(() => token.completeAll());
        await token.wait();
      });
    await parent(true);
    const other = parent(false);
    await settle();
    tokens[1]!.completeAll();
    await other;
    void parent(false);
    void parent(false);
    await settle();
    return () => {
      for (const token of tokens) token.completeAll();
    };
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

/** A promise, and what resolves it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** A flow that has `lock` by a scope and does with it what `use` says, beside something that lets it go on: `goOn`. */
const waitInScope =
  (use: (want: () => Promise<unknown>, opened: Promise<void>) => unknown) =>
  async ({ Mutex }: IsolatedLockdep): Promise<() => void> => {
    const lock = new Mutex({ class: 'raced' });
    const { opened, open } = gate();
    void lock.runExclusive(() => use(() => lock.runExclusive(() => undefined), opened));
    await settle();
    return open;
  };

/**
 * What nobody but its author can tell from a deadlock, and goes on all the same: it may be suspected when it lasts, and is never said
 * to have happened.
 */
export const LOOKS_STUCK: Readonly<Record<string, (instance: IsolatedLockdep) => Promise<() => void>>> = {
  'a wait in a race with a timer': waitInScope(async (want, opened) => {
    await Promise.race([want(), opened]);
  }),
  'a race that the callback returns': waitInScope((want, opened) => Promise.race([want(), opened])),
  'a race that an async callback returns': waitInScope(async (want, opened) => Promise.race([want(), opened])),
  'a race of another function of the program': waitInScope(async (want, opened) => {
    const work = async (): Promise<void> => {
      await want();
    };
    await Promise.race([work(), opened]);
  }),
  'a race, which the callback returns, of a function that has no name either': waitInScope(async (want, opened) =>
    Promise.race([
      (async () => {
        await want();
      })(),
      opened,
    ]),
  ),
  'a race that a plain callback returns, of an async function': waitInScope((want, opened) => {
    const work = async (): Promise<void> => {
      await want();
    };
    return Promise.race([work(), opened]);
  }),
  'a promise of the program that something else resolves too': waitInScope(async (want, opened) => {
    await new Promise<unknown>((resolve, reject) => {
      want().then(resolve, reject);
      void opened.then(resolve);
    });
  }),
  'the first of several that comes to something': waitInScope(async (want, opened) => {
    await Promise.any([want(), opened]);
  }),
  'one of several, of which another one fails': waitInScope(async (want, opened) => {
    const failing = opened.then(() => Promise.reject(new Error('too late')));
    await Promise.all([want(), failing]).catch(() => undefined);
  }),
  'a race of an async function that returns what it waits for': waitInScope(async (want, opened) => {
    const work = async (): Promise<unknown> => want();
    await Promise.race([work(), opened]);
  }),
  'a race with a wait whose failure is caught': waitInScope(async (want, opened) => {
    await Promise.race([want().catch(() => undefined), opened]);
  }),
  'a bounded buffer whose consumer is slow': async ({ Mutex, Semaphore }) => {
    const [slots, items] = [new Semaphore(2, { class: 'slots' }), new Semaphore(0, { class: 'items' })];
    const buffer = new Mutex({ class: 'buffer' });
    void (async () => {
      for (let item = 0; item < 4; item++) {
        await slots.acquire();
        await buffer.runExclusive(() => undefined);
        items.release();
      }
    })();
    await settle();
    return () => {
      for (let item = 0; item < 4; item++) slots.release();
    };
  },
  'a lease of its own, which a timer ends': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'lease' });
    const release = await lock.acquire();
    void (async () => (await lock.acquire())())();
    await settle();
    return release;
  },
  'two leases that want each other': async ({ Mutex }) => {
    const [one, two] = [new Mutex({ class: 'one' }), new Mutex({ class: 'two' })];
    const met = barrier(2);
    const releases: (() => void)[] = [];
    const nest = async (outer: typeof one, inner: typeof one): Promise<void> => {
      releases.push(await outer.acquire());
      await met();
      (await inner.acquire())();
    };
    void nest(one, two);
    void nest(two, one);
    await settle();
    return () => releases[0]!();
  },
  'a circle with a lock that names an error for its cancel()': async ({ Mutex }) => {
    const lock = new Mutex({ class: 'cancelled', cancelError: new Error('shut down') });
    void lock.runExclusive(() => lock.runExclusive(() => undefined)).catch(() => undefined);
    await settle();
    return () => lock.cancel();
  },
  'a circle of a class whose waits somebody cancels': async ({ Mutex }) => {
    const [before, lock] = [new Mutex({ class: 'cancelled' }), new Mutex({ class: 'cancelled' })];
    const release = await before.acquire();
    const waits = before.acquire().catch(() => undefined);
    before.cancel();
    release();
    await waits;
    void lock.runExclusive(() => lock.acquire()).catch(() => undefined);
    await settle();
    return () => lock.cancel();
  },
  'a circle of a class whose scopes somebody releases from outside': async ({ Mutex }) => {
    const [before, lock] = [new Mutex({ class: 'freed' }), new Mutex({ class: 'freed' })];
    const { opened, open } = gate();
    const scope = before.runExclusive(() => opened);
    await settle(1);
    before.release();
    open();
    await scope;
    void lock.runExclusive(() => lock.runExclusive(() => undefined));
    await settle();
    return () => lock.release();
  },
  'permits that somebody adds': async ({ Semaphore }) => {
    const permits = new Semaphore(1, { class: 'growing' });
    permits.release();
    permits.setValue(1);
    void permits.runExclusive(() => permits.runExclusive(() => undefined));
    await settle();
    return () => permits.release();
  },
};
