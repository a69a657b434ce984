import type { Contestants, Locks, MethodLocks, Release, ReleaserLocks } from './contenders.js';

/*
 * What is measured. Nothing here is random: every batch makes the same calls in the same order. A batch is long enough
 * that what the measuring itself costs does not show in the time of one operation.
 */

/** Makes `operations` operations. */
export type Batch = () => Promise<void>;

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** Operations in one batch. */
  readonly operations: number;
  /** Undefined where the contender has no such thing. May be called once per process. */
  readonly prepare: (contestants: Contestants) => Batch | undefined | Promise<Batch | undefined>;
}

const OPERATIONS = 5_000;
const RESOLVED: Promise<void> = Promise.resolve();
const NOTHING: unknown = null;

/** Where the floor puts the closure that an acquisition cannot do without, so that the compiler cannot drop it. */
let kept: Release = () => undefined;
let runs = 0;
const callback = async (): Promise<void> => void runs++;

/** What every lock has to do: an awaited promise and one closure. */
async function leastAcquire(): Promise<void> {
  await RESOLVED;
  leastRelease();
}

function leastRelease(): void {
  let called = false;
  kept = () => void (called = !called);
  kept();
}

async function leastRun(inside: () => Promise<void>): Promise<void> {
  await RESOLVED;
  try {
    await inside();
  } finally {
    kept = () => undefined;
  }
}

function repeated(operation: () => Promise<unknown>, times = OPERATIONS): Batch {
  return async () => {
    for (let i = 0; i < times; i++) await operation();
  };
}

function uncontended(locks: Locks): Batch {
  if (locks.style === 'floor') {
    return async () => {
      for (let i = 0; i < OPERATIONS; i++) {
        await RESOLVED;
        leastRelease();
      }
    };
  }
  if (locks.style === 'method') {
    const lock = locks.mutex();
    return async () => {
      for (let i = 0; i < OPERATIONS; i++) {
        await lock.acquire();
        lock.release();
      }
    };
  }
  const mutex = new locks.Mutex();
  return async () => {
    for (let i = 0; i < OPERATIONS; i++) {
      const release = await mutex.acquire();
      release();
    }
  };
}

function runExclusive(locks: Locks): Batch | undefined {
  if (locks.style === 'floor') return repeated(() => leastRun(callback));
  if (locks.style === 'method') return undefined;
  const mutex = new locks.Mutex();
  return repeated(() => mutex.runExclusive(callback));
}

/** `count` flows that all ask for the same lock while it is held, `rounds` times over. */
function waiters(count: number, rounds: number): (locks: Locks) => Batch {
  return (locks) => {
    if (locks.style === 'floor') return queue(count, rounds, leastAcquire);
    if (locks.style === 'method') return queue(count, rounds, methodFlow(locks.mutex()));
    const mutex = new locks.Mutex();
    const acquireAndRelease = async (): Promise<void> => {
      const release = await mutex.acquire();
      release();
    };
    return queue(count, rounds, acquireAndRelease, () => mutex.acquire());
  };
}

function methodFlow(lock: { acquire(): Promise<unknown>; release(): void }): () => Promise<void> {
  return async () => {
    await lock.acquire();
    lock.release();
  };
}

/** The first of the flows holds what the others wait for, since each lets go no sooner than a turn later. */
function queue(count: number, rounds: number, flow: () => Promise<void>, hold?: () => Promise<Release>): Batch {
  return async () => {
    for (let round = 0; round < rounds; round++) {
      const release = await hold?.();
      const flows: Promise<void>[] = [];
      for (let i = 0; i < count; i++) flows.push(flow());
      release?.();
      await Promise.all(flows);
    }
  };
}

const PERMITS = 10;

function semaphore(locks: Locks): Batch | undefined {
  const count = 100;
  const rounds = OPERATIONS / count;
  if (locks.style === 'floor') return queue(count, rounds, leastAcquire);
  if (locks.style === 'method') return locks.semaphore && queue(count, rounds, methodFlow(locks.semaphore(PERMITS)));
  const permits = new locks.Semaphore(PERMITS);
  return queue(count, rounds, async () => {
    const [, release] = await permits.acquire();
    release();
  });
}

/** Both sides of a reader/writer lock; where there is none, what would stand in for it: a mutex. */
function sides(locks: ReleaserLocks): { read(): Promise<Release>; write(): Promise<Release> } {
  if (locks.RWSemaphore === undefined) {
    const mutex = new locks.Mutex();
    return { read: () => mutex.acquire(), write: () => mutex.acquire() };
  }
  const lock = new locks.RWSemaphore();
  return { read: () => lock.acquireRead(), write: () => lock.acquireWrite() };
}

function reading(locks: Locks): Batch | undefined {
  if (locks.style === 'method') return undefined;
  if (locks.style === 'floor') return uncontended(locks);
  const { read } = sides(locks);
  return repeated(async () => {
    const release = await read();
    release();
  });
}

/** Ten readers, then a writer, and so on, all at once. */
function readersAndWriters(locks: Locks): Batch | undefined {
  const [flows, rounds] = [110, 50];
  if (locks.style === 'method') return undefined;
  if (locks.style === 'floor') return queue(flows, rounds, leastAcquire);
  const { read, write } = sides(locks);
  let next = 0;
  const flow = async (): Promise<void> => {
    const release = await (next++ % 11 === 10 ? write() : read());
    release();
  };
  return queue(flows, rounds, flow, write);
}

type Mutex = InstanceType<ReleaserLocks['Mutex']>;

/** Two locks born at different places, and so of different classes, and always taken in this order. */
function pairOf({ Mutex }: ReleaserLocks): readonly [Mutex, Mutex] {
  const outer = new Mutex();
  const inner = new Mutex();
  return [outer, inner];
}

function nesting(locks: Locks): Batch | undefined {
  if (locks.style === 'method') return undefined;
  if (locks.style === 'floor') {
    return async () => {
      for (let i = 0; i < OPERATIONS; i++) {
        await RESOLVED;
        await RESOLVED;
        leastRelease();
        leastRelease();
      }
    };
  }
  const [outer, inner] = pairOf(locks);
  return async () => {
    for (let i = 0; i < OPERATIONS; i++) {
      const releaseOuter = await outer.acquire();
      const releaseInner = await inner.acquire();
      releaseInner();
      releaseOuter();
    }
  };
}

function nestedScopes(locks: Locks): Batch | undefined {
  if (locks.style === 'method') return undefined;
  if (locks.style === 'floor') return repeated(() => leastRun(() => leastRun(callback)));
  const [outer, inner] = pairOf(locks);
  return repeated(() => outer.runExclusive(() => inner.runExclusive(callback)));
}

/** A program that has used a lock and goes on with something else. */
async function elsewhere(locks: Exclude<Locks, MethodLocks>, held: boolean): Promise<Batch> {
  const plainAwaits = async (): Promise<void> => {
    for (let i = 0; i < OPERATIONS; i++) await NOTHING;
  };
  if (locks.style === 'floor') return plainAwaits;
  const mutex = new locks.Mutex();
  (await mutex.acquire())();
  if (!held) return plainAwaits;
  return async () => {
    const release = await mutex.acquire();
    await plainAwaits();
    release();
  };
}

type Prepare<T> = (given: T) => Batch | undefined | Promise<Batch | undefined>;

/** A scenario of locks; who has only queues takes no part. */
function ofLocks(prepare: Prepare<Locks>): Prepare<Contestants> {
  return (contestants) => (contestants.style === 'queue' ? undefined : prepare(contestants));
}

const QUEUED = 100_000;

/** So many tasks are submitted in one turn, and all their results awaited. */
function queued(concurrency: number): Prepare<Contestants> {
  return ({ queue: make }) => {
    if (make === undefined) return undefined;
    const submit = make(concurrency);
    return async () => {
      const results: Promise<unknown>[] = [];
      for (let i = 0; i < QUEUED; i++) results.push(submit(callback));
      await Promise.all(results);
    };
  };
}

/** One task at a time, each awaited before the next is submitted. */
function oneByOne({ queue: make }: Contestants): Batch | undefined {
  if (make === undefined) return undefined;
  const submit = make(1);
  return repeated(() => submit(callback));
}

export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'uncontended',
    title: 'acquire and release, uncontended',
    operations: OPERATIONS,
    prepare: ofLocks(uncontended),
  },
  {
    id: 'run-exclusive',
    title: 'runExclusive, async callback',
    operations: OPERATIONS,
    prepare: ofLocks(runExclusive),
  },
  {
    id: 'waiters-100',
    title: '100 waiters on one lock',
    operations: OPERATIONS,
    prepare: ofLocks(waiters(100, OPERATIONS / 100)),
  },
  {
    id: 'waiters-10000',
    title: '10,000 waiters on one lock',
    operations: 10_000,
    prepare: ofLocks(waiters(10_000, 1)),
  },
  { id: 'semaphore-10', title: '100 flows share 10 permits', operations: OPERATIONS, prepare: ofLocks(semaphore) },
  {
    id: 'read',
    title: 'read lock, uncontended (a mutex where there is none)',
    operations: OPERATIONS,
    prepare: ofLocks(reading),
  },
  {
    id: 'read-write',
    title: '100 readers and 10 writers at once (on a mutex where there is no other)',
    operations: 5_500,
    prepare: ofLocks(readersAndWriters),
  },
  { id: 'nesting', title: 'a known nesting of two locks, acquire', operations: OPERATIONS, prepare: ofLocks(nesting) },
  {
    id: 'nested-scopes',
    title: 'a known nesting of two locks, runExclusive',
    operations: OPERATIONS,
    prepare: ofLocks(nestedScopes),
  },
  {
    id: 'await',
    title: 'a plain await elsewhere in the program',
    operations: OPERATIONS,
    prepare: ofLocks((locks) => (locks.style === 'method' ? undefined : elsewhere(locks, false))),
  },
  {
    id: 'await-held',
    title: 'a plain await while a lock is held',
    operations: OPERATIONS,
    prepare: ofLocks((locks) => (locks.style === 'method' ? undefined : elsewhere(locks, true))),
  },
  { id: 'queue-1', title: '100,000 queued tasks, concurrency 1', operations: QUEUED, prepare: queued(1) },
  { id: 'queue-10', title: '100,000 queued tasks, concurrency 10', operations: QUEUED, prepare: queued(10) },
  { id: 'queue-idle', title: 'one task at a time, awaited', operations: OPERATIONS, prepare: oneByOne },
];
