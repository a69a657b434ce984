/** Programs in which one flow, or one lock, has to do with very many at once. Each runs with a number of them. */
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { lockClass } from '../../src/model/find-class.js';
import type { Mutex, Releaser } from '../../src/index.js';

export type Crowd = (world: IsolatedLockdep, count: number) => Promise<unknown>;

/** Awaited for one microtask turn. */
const ready = Promise.resolve();

const order = (): number => -1;

/** Locks of one class, which may be nested in any order. */
function locksOf({ Mutex }: IsolatedLockdep, count: number, name: string): Mutex[] {
  const ordered = lockClass(name, { order });
  return Array.from({ length: count }, () => new Mutex({ class: ordered }));
}

function releaseAll(releases: Iterable<Releaser | undefined>): void {
  for (const release of releases) release?.();
}

/** One function takes all, one after the other. */
async function takeAll(locks: readonly Mutex[]): Promise<Releaser[]> {
  const releases: Releaser[] = [];
  for (const lock of locks) releases.push(await lock.acquire());
  return releases;
}

/** Taken together. */
const combined: Record<string, Crowd> = {
  'locks of one class, by Promise.all': async (world, count) =>
    releaseAll(await Promise.all(locksOf(world, count, 'crowd.one').map((lock) => lock.acquire()))),
  'locks of two classes, by Promise.all': async (world, count) => {
    const locks = [...locksOf(world, count / 2, 'crowd.a'), ...locksOf(world, count / 2, 'crowd.b')];
    releaseAll(await Promise.all(locks.map((lock) => lock.acquire())));
  },
  'locks by Promise.allSettled': async (world, count) => {
    const taken = await Promise.allSettled(locksOf(world, count, 'crowd.one').map((lock) => lock.acquire()));
    for (const result of taken) if (result.status === 'fulfilled') result.value();
  },
  'guards by Promise.all': async (world, count) => {
    for (const guard of await Promise.all(locksOf(world, count, 'crowd.one').map((lock) => lock.lock())))
      guard.release();
  },
  'locks taken with and without waiting': async (world, count) => {
    const taking = locksOf(world, count, 'crowd.one').map(async (lock, at) =>
      at % 2 === 0 ? lock.acquire() : lock.tryAcquire(),
    );
    releaseAll(await Promise.all(taking));
  },
  'locks under a lock, by Promise.all': async (world, count) => {
    const release = await new world.Mutex({ class: 'crowd.outer' }).acquire();
    releaseAll(await Promise.all(locksOf(world, count, 'crowd.one').map((lock) => lock.acquire())));
    release();
  },
  'scopes of one lock under a lock': async (world, count) => {
    const release = await new world.Mutex({ class: 'crowd.outer' }).acquire();
    const inner = new world.Mutex({ class: 'crowd.inner' });
    await Promise.all(Array.from({ length: count }, () => inner.runExclusive(() => undefined)));
    release();
  },
  'combinators in combinators': async (world, count) => {
    const locks = locksOf(world, count, 'crowd.one');
    const groups = Array.from({ length: count / 10 }, (_, at) => locks.slice(at * 10, at * 10 + 10));
    const taken = await Promise.all(groups.map((group) => Promise.all(group.map((lock) => lock.acquire()))));
    for (const releases of taken) releaseAll(releases);
  },
  'locks that helpers take': async (world, count) => {
    const take = async (lock: Mutex): Promise<Releaser> => await lock.acquire();
    releaseAll(await Promise.all(locksOf(world, count, 'crowd.one').map(take)));
  },
  'locks and their unlocks': async (world, count) => {
    const waits = locksOf(world, count, 'crowd.one').flatMap((lock) => [lock.waitForUnlock(), lock.acquire()]);
    for (const taken of await Promise.all<void | Releaser>(waits)) taken?.();
  },
  'promises of a combinator, each awaited again': async (world, count) => {
    const taking = locksOf(world, count, 'crowd.one').map((lock) => lock.acquire());
    await Promise.all(taking);
    for (const taken of taking) (await taken)();
  },
  'promises of a combinator, with a callback each': async (world, count) => {
    const taking = locksOf(world, count, 'crowd.one').map((lock) => lock.acquire());
    await Promise.all(taking);
    for (const taken of taking) {
      void taken.then((release) => release());
      await ready;
    }
  },
  'permits whose number is set again and again': async ({ Semaphore }, count) => {
    const permits = new Semaphore(count, { class: 'crowd.permits' });
    const taken = await Promise.all(Array.from({ length: count }, () => permits.acquire()));
    for (const [, release] of taken) {
      permits.setValue(1);
      release();
    }
  },
  'permits of one semaphore': async ({ Semaphore }, count) => {
    const permits = new Semaphore(count, { class: 'crowd.permits' });
    for (const [, release] of await Promise.all(Array.from({ length: count }, () => permits.acquire()))) release();
  },
  'the readers of one lock': async ({ RWSemaphore }, count) => {
    const lock = new RWSemaphore({ class: 'crowd.rw' });
    releaseAll(await Promise.all(Array.from({ length: count }, () => lock.acquireRead())));
  },
};

/** Held by one flow at once. */
const deep: Record<string, Crowd> = {
  'locks one after the other': async (world, count) => releaseAll(await takeAll(locksOf(world, count, 'crowd.one'))),
  'promises of locks, awaited one after the other': async (world, count) => {
    const taking = locksOf(world, count, 'crowd.one').map((lock) => lock.acquire());
    const releases: Releaser[] = [];
    for (const taken of taking) releases.push(await taken);
    releaseAll(releases);
  },
  'locks released one by one, between awaits': async (world, count) => {
    for (const release of await takeAll(locksOf(world, count, 'crowd.one'))) {
      release();
      await ready;
    }
  },
  'locks released by release()': async (world, count) => {
    const locks = locksOf(world, count, 'crowd.one');
    await takeAll(locks);
    for (const lock of locks) lock.release();
  },
  'locks without waiting': async (world, count) => {
    const releases: (Releaser | undefined)[] = [];
    for (const lock of locksOf(world, count, 'crowd.one')) {
      releases.push(lock.tryAcquire());
      await ready;
    }
    releaseAll(releases);
  },
  'semaphores one after the other': async ({ Semaphore }, count) => {
    const releases: Releaser[] = [];
    for (let i = 0; i < count; i++) {
      const [, release] = await new Semaphore(2, { class: lockClass('crowd.pool', { order }) }).acquire();
      releases.push(release);
    }
    releaseAll(releases);
  },
  'locks, and then as many awaits and scopes': async (world, count) => {
    const releases = await takeAll(locksOf(world, count, 'crowd.one'));
    const inner = new world.Mutex({ class: 'crowd.inner' });
    for (let i = 0; i < count; i++) await inner.runExclusive(() => undefined);
    releaseAll(releases);
  },
  'locks under the lock that serialises them': async (world, count) => {
    const nestLock = new world.Mutex({ class: 'crowd.nest' });
    const release = await nestLock.acquire();
    const releases: Releaser[] = [];
    for (const lock of locksOf(world, count, 'crowd.one')) releases.push(await lock.acquire({ nestLock }));
    releaseAll(releases);
    release();
  },
  'locks that are asked for': async (world, count) => {
    const releases: Releaser[] = [];
    for (const lock of locksOf(world, count, 'crowd.one')) {
      releases.push(await lock.acquire());
      world.lockdep.assertHeld(lock);
    }
    releaseAll(releases);
  },
  'locks, and as many completions': async (world, count) => {
    const releases = await takeAll(locksOf(world, count, 'crowd.one'));
    const done = new world.Completion({ class: 'crowd.done' });
    for (let i = 0; i < count; i++) done.complete();
    releaseAll(releases);
  },
  'scopes in scopes': async (world, count) => {
    const locks = locksOf(world, count, 'crowd.one');
    const enter = async (at: number): Promise<void> => {
      await ready;
      await locks[at]?.runExclusive(() => enter(at + 1));
    };
    await enter(0);
  },
  'locks that tasks leave behind': async (world, count) => {
    for (const lock of locksOf(world, count, 'crowd.one')) {
      await world.lockdep.task('leaving', async () => {
        await lock.acquire();
      });
    }
  },
};

/** Many that wait for one. */
const waiting: Record<string, Crowd> = {
  'waiters of one lock': async ({ Mutex }, count) => {
    const lock = new Mutex({ class: 'crowd.lock' });
    const release = await lock.acquire();
    const waits = Array.from({ length: count }, () => lock.acquire().then((own) => own()));
    release();
    await Promise.all(waits);
  },
  'waiters of one lock, with a timeout': async ({ Mutex }, count) => {
    const lock = new Mutex({ class: 'crowd.lock' });
    const release = await lock.acquire();
    const waits = Array.from({ length: count }, () => lock.acquire({ timeout: 60_000 }).then((own) => own()));
    release();
    await Promise.all(waits);
  },
  'scopes of one lock': async ({ Mutex }, count) => {
    const lock = new Mutex({ class: 'crowd.lock' });
    const release = await lock.acquire();
    const waits = Array.from({ length: count }, () => lock.runExclusive(() => undefined));
    release();
    await Promise.all(waits);
  },
  'waiters of one lock that each hold another': async ({ Mutex }, count) => {
    const lock = new Mutex({ class: 'crowd.lock' });
    const release = await lock.acquire();
    const waits = Array.from({ length: count }, async () => {
      const own = await new Mutex({ class: 'crowd.own' }).acquire();
      (await lock.acquire())();
      own();
    });
    release();
    await Promise.all(waits);
  },
  'work of one queue': async ({ WorkQueue }, count) => {
    const queue = new WorkQueue({ class: 'crowd.queue' });
    await Promise.all(Array.from({ length: count }, () => queue.run(() => undefined)));
  },
};

export const CROWDS: Readonly<Record<string, Crowd>> = { ...combined, ...deep, ...waiting };
