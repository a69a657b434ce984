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
  'timeout gives up the place': {
    show: async (library, clock) => {
      const [holder, heavy, light] = [new Actor(), new Actor(), new Actor()];
      const semaphore = new library.Semaphore(2);
      await holder.do(() => semaphore.acquire(1));
      new Watched(heavy.do(() => library.withTimeout(semaphore, 10).acquire(2)));
      const behind = new Watched(light.do(() => semaphore.acquire(1)));
      await settled();
      await clock.advance(10);
      return [behind.state, semaphore.getValue()];
    },
    asyncMutex: ['pending', 1],
    ours: ['fulfilled', 0],
  },
  'impossible timeouts': {
    show: async (library) =>
      [-1, Number.NaN, Number.NEGATIVE_INFINITY].map((timeout) =>
        outcome(() => library.withTimeout(new library.Mutex(), timeout)),
      ),
    asyncMutex: ['fine', 'fine', 'fine'],
    ours: ['RangeError', 'RangeError', 'RangeError'],
  },
  'NaN weight or priority': {
    show: async (library) => {
      const semaphore = new library.Semaphore(1);
      const mutex = new library.Mutex();
      const fates = [
        await fate(() => semaphore.acquire(Number.NaN)),
        await fate(() => semaphore.runExclusive(() => 1, Number.NaN)),
        await fate(() => semaphore.acquire(1, Number.NaN)),
        await fate(() => mutex.acquire(Number.NaN)),
      ];
      return { fates: new Set(fates), locks: [semaphore.getValue(), mutex.isLocked()] };
    },
    asyncMutex: { fates: new Set(['pending', 'fulfilled']), locks: [0, true] },
    ours: { fates: new Set(['rejected']), locks: [1, false] },
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
  return watched.state;
}

function outcome(call: () => unknown): string {
  try {
    call();
    return 'fine';
  } catch (error) {
    return (error as Error).constructor.name;
  }
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
