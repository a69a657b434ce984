import { asyncMutexEsm, lockdepIn, MODES } from './subjects.js';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Actor, Watched } from './actor.js';
import { DEVIATIONS } from './deviations.js';
import { FakeClock, settled } from './fake-clock.js';
import type { Library } from './subjects.js';

type Row = (typeof DEVIATIONS)[number]['id'];
type Demonstration = (library: Library, clock: FakeClock) => Promise<unknown>;

/** For each row of the table: what the two libraries make of the same program. */
const DEMONSTRATIONS: Record<
  Row,
  { readonly show: Demonstration; readonly asyncMutex: unknown; readonly ours: unknown }
> = {
  'more than a thousand ghosts in a row': {
    show: async (library, clock) => {
      const semaphore = new library.Semaphore(0);
      const decorated = library.withTimeout(semaphore, 1);
      for (let i = 0; i < 1500; i++) decorated.acquire().catch(() => undefined);
      await clock.advance(1);
      semaphore.setValue(1600);
      const atOnce = semaphore.getValue();
      await settled();
      return [atOnce, semaphore.getValue()];
    },
    asyncMutex: [100, 1600],
    ours: [600, 1600],
  },
  'the timer of a lock that is free': {
    show: async (library, clock) => {
      const acquired = library.withTimeout(new library.Mutex(), 10).acquire();
      const armed = clock.liveTimers;
      await acquired;
      return [armed, clock.liveTimers];
    },
    asyncMutex: [1, 0],
    ours: [0, 0],
  },
  'NaN weight, priority or value': {
    show: async (library) => {
      const semaphore = new library.Semaphore(1);
      const mutex = new library.Mutex();
      const fates = [
        await fate(() => semaphore.acquire(Number.NaN)),
        await fate(() => semaphore.runExclusive(() => 1, Number.NaN)),
        await fate(() => semaphore.acquire(1, Number.NaN)),
        await fate(() => mutex.acquire(Number.NaN)),
        await fate(async () => semaphore.setValue(Number.NaN)),
      ];
      return { fates, locks: [semaphore.getValue(), mutex.isLocked()] };
    },
    asyncMutex: { fates: ['pending', 'pending', 'fulfilled', 'fulfilled', 'fulfilled'], locks: [Number.NaN, true] },
    ours: { fates: ['RangeError', 'RangeError', 'RangeError', 'RangeError', 'RangeError'], locks: [1, false] },
  },
  'arguments of the wrong type': {
    show: async (library) => {
      const semaphore = new library.Semaphore(3);
      const mutex = new library.Mutex();
      const fates = [
        await fate(() => semaphore.acquire('2' as never)),
        await fate(() => mutex.acquire('high' as never)),
        await fate(async () => semaphore.release('2' as never)),
      ];
      return { fates, locks: [semaphore.getValue(), mutex.isLocked()] };
    },
    asyncMutex: { fates: ['fulfilled', 'fulfilled', 'fulfilled'], locks: ['12', true] },
    ours: { fates: ['TypeError', 'TypeError', 'TypeError'], locks: [3, false] },
  },
  'unlock waiters and fractions': {
    show: async (library) => {
      const semaphore = new library.Semaphore(0);
      const whole = new Watched(new Actor().do(() => semaphore.waitForUnlock(1)));
      const fraction = new Watched(new Actor().do(() => semaphore.waitForUnlock(0.5)));
      await settled();
      semaphore.setValue(1.75);
      await settled();
      return [whole.state, fraction.state];
    },
    asyncMutex: ['pending', 'pending'],
    ours: ['fulfilled', 'fulfilled'],
  },
};

async function fate(call: () => Promise<unknown>): Promise<string> {
  const watched = new Watched(new Actor().do(call));
  await settled();
  return nameOf(watched);
}

/** Where a call stands; if it failed, with what kind of error. */
function nameOf({ state, error }: Watched<unknown>): string {
  return state === 'rejected' ? (error as Error).constructor.name : state;
}

for (const { id, ours, asyncMutex } of DEVIATIONS) {
  describe(id, () => {
    const demonstration = DEMONSTRATIONS[id];
    const show = async (library: Library): Promise<unknown> => {
      const clock = new FakeClock();
      clock.install();
      try {
        return await demonstration.show(library, clock);
      } finally {
        clock.uninstall();
      }
    };
    test(`async-mutex: ${asyncMutex}`, async () => {
      assert.deepEqual(await show(asyncMutexEsm.library), demonstration.asyncMutex);
    });
    for (const mode of MODES) {
      test(`lockdep in mode ${mode}: ${ours}`, async () => {
        const subject = lockdepIn(mode);
        subject.enter();
        assert.deepEqual(await show(subject.library), demonstration.ours);
      });
    }
  });
}
