/** Whatever a signal does, who waits behind it goes on, and nothing is left held or queued. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IsolatedLockdep } from '../../src/testing.js';
import { withTimeout } from '../../src/index.js';
import { isolated, settle } from '../support/harness.js';
import { FailingSignal, type Faults } from './failing-signal.js';

type Options = { readonly signal: AbortSignal };

/** What is waited for: taken first, then wanted with a signal, then by another, and let go of at the end. */
interface Scene {
  /** Resolves when it is had, and let go of again. */
  readonly wait: (options: Options | undefined) => Promise<unknown>;
  readonly free: () => void;
  readonly isFree: () => boolean;
}

const SCENES: Readonly<Record<string, (instance: IsolatedLockdep) => Promise<Scene>>> = {
  'Mutex.acquire': async ({ Mutex }) => {
    const lock = new Mutex();
    const free = await lock.acquire();
    const wait = async (options?: Options): Promise<void> => (await lock.acquire(options))();
    return { free, wait, isFree: () => !lock.isLocked() };
  },
  'Mutex.lock': async ({ Mutex }) => {
    const lock = new Mutex();
    const free = await lock.acquire();
    const wait = async (options?: Options): Promise<void> => (await lock.lock(options)).release();
    return { free, wait, isFree: () => !lock.isLocked() };
  },
  'Mutex.runExclusive': async ({ Mutex }) => {
    const lock = new Mutex();
    const free = await lock.acquire();
    return { free, wait: (options) => lock.runExclusive(() => undefined, options), isFree: () => !lock.isLocked() };
  },
  'a Mutex with a timeout': async ({ Mutex }) => {
    const lock = new Mutex();
    const bounded = withTimeout(lock, 60_000);
    const free = await lock.acquire();
    const wait = async (options?: Options): Promise<void> => (await bounded.acquire(options as unknown as number))();
    return { free, wait, isFree: () => !lock.isLocked() };
  },
  'Semaphore.acquire': async ({ Semaphore }) => {
    const lock = new Semaphore(2);
    const [, free] = await lock.acquire(2);
    const wait = async (options?: Options): Promise<void> => (await lock.acquire({ ...options, weight: 2 }))[1]();
    return { free, wait, isFree: () => lock.getValue() === 2 };
  },
  'Semaphore.runExclusive': async ({ Semaphore }) => {
    const lock = new Semaphore(2);
    const [, free] = await lock.acquire(2);
    return {
      free,
      wait: (options) => lock.runExclusive(() => undefined, options),
      isFree: () => lock.getValue() === 2,
    };
  },
  ...Object.fromEntries(
    (['fifo', 'reader-preferring'] as const).flatMap((fairness) => [
      [
        `RWSemaphore.acquireRead, ${fairness}`,
        async ({ RWSemaphore }: IsolatedLockdep): Promise<Scene> => {
          const lock = new RWSemaphore({ fairness });
          const free = await lock.acquireWrite();
          const wait = async (options?: Options): Promise<void> => (await lock.acquireRead(options))();
          return { free, wait, isFree: () => !lock.isLocked() };
        },
      ],
      [
        `RWSemaphore.runWrite, ${fairness}`,
        async ({ RWSemaphore }: IsolatedLockdep): Promise<Scene> => {
          const lock = new RWSemaphore({ fairness });
          const free = await lock.acquireRead();
          return { free, wait: (options) => lock.runWrite(() => undefined, options), isFree: () => !lock.isLocked() };
        },
      ],
    ]),
  ),
  'Completion.wait': async ({ Completion }) => {
    const completion = new Completion();
    let raised = 0;
    const raise = (): void => {
      raised += 1;
      completion.complete();
    };
    // Each pass goes on to the next: one that went to who is gone would be missed.
    const wait = async (options?: Options): Promise<void> => {
      await completion.wait(options);
      raise();
    };
    return { free: raise, wait, isFree: () => raised > 0 && completion.tryWait() && !completion.tryWait() };
  },
  ...Object.fromEntries(
    (['run', 'run, delayed', 'flush', 'drain'] as const).map((call) => [
      `WorkQueue.${call}`,
      async ({ WorkQueue }: IsolatedLockdep): Promise<Scene> => {
        const queue = new WorkQueue();
        let free = (): void => undefined;
        void queue.run(() => new Promise<void>((resolve) => (free = resolve)));
        await settle(1);
        const work = (options?: Options): Promise<unknown> =>
          call === 'flush' || call === 'drain'
            ? queue[call](options)
            : queue.run(() => undefined, { ...options, ...(call === 'run' ? {} : { delay: 1 }) });
        return { free, wait: work, isFree: () => queue.size === 0 && queue.running === 0 };
      },
    ]),
  ),
};

/** How a signal fails, and what happens to it while its wait goes on. */
const FAULTS: Readonly<Record<string, readonly [faults: Partial<Faults>, abort?: boolean]>> = {
  works: [{}],
  'works, and is aborted': [{}, true],
  'throws when it is to listen': [{ add: 'throws' }],
  'throws when it listens by then': [{ add: 'keeps and throws' }, true],
  'is aborted as it is to listen': [{ add: 'fires' }],
  'is aborted as it is to listen, and throws when it is left': [{ add: 'fires', remove: 'throws' }],
  'throws when it is left': [{ remove: 'throws' }],
  'throws when it is left, and is aborted': [{ remove: 'throws' }, true],
  'keeps its listeners, and is aborted twice': [{ remove: 'does nothing', calls: 2 }, true],
  'throws when it is asked': [{ aborted: 1 }],
  'throws when it is asked again': [{ aborted: 2 }],
  'has a reason that throws, and is aborted': [{ reason: 'throws' }, true],
};

for (const mode of ['off', 'warn', 'enforce'] as const) {
  describe(`mode ${mode}: a wait is bounded by a signal that fails`, () => {
    for (const [name, scene] of Object.entries(SCENES)) {
      it(`${name}: it ends, the next is served, and all is free`, async (t) => {
        // They say so, once in a process.
        t.mock.method(process, 'emitWarning', () => undefined);
        for (const [what, [faults, abort]] of Object.entries(FAULTS)) {
          await isolated(
            async (instance) => {
              const { wait, free, isFree } = await scene(instance);
              const signal = new FailingSignal(faults);
              const ends: string[] = [];
              const note = (who: string, end: Promise<unknown>): void =>
                void end.then(
                  () => ends.push(`${who} had`),
                  () => ends.push(`${who} refused`),
                );
              note('signal', wait({ signal: signal.asSignal }));
              note('next', wait(undefined));
              await settle(1);
              if (abort === true) signal.abort();
              await settle(1);
              free();
              // One of them waits for a timer: turns alone may all pass before that is due.
              for (let turn = 0; turn < 50 && ends.length < 2; turn++) await sleep(1);
              assert.deepEqual(ends.length, 2, `${what}: ${ends.join()}`);
              assert.ok(ends.includes('next had'), `${what}: ${ends.join()}`);
              assert.equal(isFree(), true, what);
              assert.match(
                instance.lockdep.showAllLocks(),
                /^(?:no locks are held or awaited|lockdep is off.*)$/,
                what,
              );
            },
            { mode },
          );
        }
      });
    }
  });
}

describe('a program that calls the lock as its signal is left', () => {
  for (const mode of ['off', 'warn', 'enforce'] as const) {
    it(`mode ${mode}: finds it taken by who was granted it, so nobody gets in between`, async () => {
      await isolated(
        async ({ Mutex }) => {
          const lock = new Mutex();
          const release = await lock.acquire();
          const signal = new FailingSignal();
          let taken: unknown = 'not asked';
          signal.onRemove = () => (taken = lock.tryAcquire());
          const waiting = lock.acquire({ signal: signal.asSignal });
          release();
          assert.equal(taken, undefined);
          (await waiting)();
          assert.equal(lock.isLocked(), false);
        },
        { mode },
      );
    });
  }
});

it('of many waits that one signal bounds, each ends as it is aborted, though its reason throws', async () => {
  await isolated(async ({ Mutex }) => {
    const lock = new Mutex();
    const release = await lock.acquire();
    const signal = new FailingSignal({ reason: 'throws', remove: 'throws' });
    const waits = Array.from({ length: 5 }, () => lock.acquire({ signal: signal.asSignal }));
    const next = lock.acquire();
    signal.abort();
    const ends = await Promise.allSettled(waits);
    assert.deepEqual(
      ends.map((end) => (end.status === 'rejected' ? String(end.reason) : end.status)),
      waits.map(() => 'Error: reason'),
    );
    release();
    (await next)();
    assert.equal(lock.isLocked(), false);
  });
});
