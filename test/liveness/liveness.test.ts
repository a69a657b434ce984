import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLockdep, type IsolatedLockdep } from '../../src/testing.js';
import type { SomeOptions } from '../../src/validator/options.js';
import { settle } from '../support/harness.js';
import { StillClock } from '../support/still-clock.js';
import { CERTAIN, GOES_ON, LASTING, LOOKS_STUCK } from './shapes.js';

async function timed(
  fn: (instance: IsolatedLockdep, clock: StillClock) => Promise<void>,
  options: SomeOptions = { deadlockCheckAfter: 1000, stallTimeout: 30_000 },
): Promise<void> {
  const clock = new StillClock(1_000_000);
  const instance = createLockdep({ clock, ...options });
  try {
    await fn(instance, clock);
  } finally {
    instance.dispose();
  }
}

const told = ({ lockdep }: IsolatedLockdep, kind: string): string[] =>
  lockdep.reports().flatMap((report) => (report.kind === kind ? [report.tier] : []));

for (const tracking of ['precise', 'light'] as const) {
  describe(`flows that wait for each other, tracking ${tracking}`, () => {
    for (const [name, shape] of Object.entries(CERTAIN)) {
      it(`are told at once, for certain, where scopes make the circle: ${name}`, () =>
        timed(async (instance, clock) => {
          instance.lockdep.configure({ tracking });
          await shape(instance);
          assert.deepEqual(told(instance, 'deadlock'), ['strict']);
          const { message, count } = instance.lockdep.reports().find(({ kind }) => kind === 'deadlock')!;
          assert.match(message, /^LOCKDEP: deadlock: /);
          assert.match(message, /\*\*\* DEADLOCK \*\*\*/);
          assert.match(message, /shapes\.ts:\d+/);
          assert.ok(instance.lockdep.waits().cycles.length > 0);
          for (let second = 0; second < 3; second++) await clock.advance(1000);
          assert.deepEqual(told(instance, 'deadlock'), ['strict']);
          assert.equal(instance.lockdep.reports().find(({ kind }) => kind === 'deadlock')?.count, count);
        }));
    }

    for (const [name, shape] of Object.entries(LASTING)) {
      // In light the holder of a lock that was taken by a call is not known.
      if (tracking === 'light' && /call|philosophers/.test(name)) continue;
      it(`are suspected after a second and shown as a circle: ${name}`, () =>
        timed(async (instance, clock) => {
          instance.lockdep.configure({ tracking });
          await shape(instance);
          assert.deepEqual(told(instance, 'deadlock'), []);
          await clock.advance(1000);
          await clock.advance(200);
          assert.deepEqual(told(instance, 'deadlock'), ['advisory']);
          const { cycles, waits } = instance.lockdep.waits();
          assert.ok(cycles.length > 0 && cycles[0]!.every((flow) => waits.some((wait) => wait.flow === flow)));
          await clock.advance(5000);
          assert.equal(instance.lockdep.reports().find(({ kind }) => kind === 'deadlock')?.count, 1);
        }));
    }

    for (const [name, start] of Object.entries(LOOKS_STUCK)) {
      it(`are at most suspected where only their author knows that one of them goes on: ${name}`, () =>
        timed(async (instance, clock) => {
          instance.lockdep.configure({ tracking });
          const goOn = await start(instance);
          for (let second = 0; second < 3; second++) await clock.advance(1000);
          assert.ok(!told(instance, 'deadlock').includes('strict'));
          for (const { kind, message } of instance.lockdep.reports()) {
            if (kind !== 'deadlock') continue;
            assert.match(message, /^LOCKDEP: suspected deadlock: [^]*unless\s+a\s+timer/);
            assert.doesNotMatch(message, /has happened/);
          }
          goOn();
          await settle();
          await clock.advance(1100);
          assert.deepEqual(instance.lockdep.waits().cycles, []);
        }));
    }

    for (const [name, start] of Object.entries(GOES_ON)) {
      it(`are not seen where one of them goes on: ${name}`, () =>
        timed(async (instance, clock) => {
          instance.lockdep.configure({ tracking });
          const goOn = await start(instance);
          for (let second = 0; second < 3; second++) await clock.advance(1000);
          assert.deepEqual(told(instance, 'deadlock'), []);
          assert.deepEqual(instance.lockdep.waits().cycles, []);
          goOn();
          await settle();
        }));
    }
  });
}

describe('a suspected deadlock that goes on after all', () => {
  it('is told to be over', () =>
    timed(async (instance, clock) => {
      const lock = new instance.Mutex({ class: 'lease' });
      const warnings: string[] = [];
      const note = ({ message }: Error): void => void warnings.push(message);
      process.on('warning', note);
      let release!: () => void;
      void (async () => {
        release = await lock.acquire();
        (await lock.acquire())();
      })();
      await settle();
      await clock.advance(1100);
      assert.deepEqual(told(instance, 'deadlock'), ['advisory']);
      release();
      await settle();
      await clock.advance(1100);
      process.off('warning', note);
      assert.equal(warnings.filter((text) => /lease, have gone on/.test(text)).length, 1);
      assert.equal(clock.pending, 0);
    }));
});

describe('a suspected deadlock that took a look at who awaits what', () => {
  it('is told to be over as soon', () =>
    timed(async (instance, clock) => {
      const tokens = new instance.Semaphore(1, { class: 'tokens' });
      const lock = new instance.Mutex({ class: 'crossed' });
      const warnings: string[] = [];
      const note = ({ message }: Error): void => void warnings.push(message);
      process.on('warning', note);
      void (async () => {
        await tokens.acquire();
        await settle();
        await lock.runExclusive(() => undefined);
      })();
      void lock.runExclusive(async () => {
        await settle(1);
        await tokens.acquire();
      });
      await settle();
      for (let tick = 0; tick < 3; tick++) {
        await clock.advance(1100);
        await settle();
      }
      assert.deepEqual(told(instance, 'deadlock'), ['advisory']);
      tokens.release();
      await settle();
      await clock.advance(1100);
      process.off('warning', note);
      assert.equal(warnings.filter((text) => /have gone on/.test(text)).length, 1);
    }));
});

describe('a wait that lasts', () => {
  it('is told once for each lock, with what its holder waits for', () =>
    timed(async (instance, clock) => {
      const [outer, inner] = [new instance.Mutex({ class: 'outer' }), new instance.Mutex({ class: 'inner' })];
      const release = await instance.lockdep.detached(() => inner.acquire());
      void outer.runExclusive(() => inner.runExclusive(() => undefined));
      await settle();
      for (let waiter = 0; waiter < 3; waiter++) void instance.lockdep.detached(() => outer.acquire());
      for (let second = 0; second < 40; second++) await clock.advance(1000);
      const stalls = instance.lockdep.reports().filter(({ kind }) => kind === 'stall');
      assert.deepEqual(stalls.map(({ acquiring, count }) => `${acquiring?.lockClass} x${count}`).sort(), [
        'inner x1',
        'outer x1',
      ]);
      assert.match(stalls.find(({ id }) => id === 'stall:outer')?.message ?? '', /and\s+waits\s+for\s+inner\s+at /);
      release();
    }));

  it('is not told where it is bounded, where nobody is known to hold what it wants, and where it is short', () =>
    timed(async (instance, clock) => {
      const lock = new instance.Mutex({ class: 'held' });
      const release = await lock.acquire();
      void instance.lockdep.detached(() => lock.acquire({ timeout: 100_000 })).catch(() => undefined);
      void new instance.Completion({ class: 'event' }).wait();
      for (let second = 0; second < 40; second++) await clock.advance(1000);
      assert.deepEqual(told(instance, 'stall'), []);
      release();
    }));

  it('is never told with a stallTimeout of 0', () =>
    timed(
      async (instance, clock) => {
        const lock = new instance.Mutex({ class: 'held' });
        await lock.acquire();
        void instance.lockdep.detached(() => lock.acquire());
        await settle();
        assert.equal(clock.pending, 0);
      },
      { stallTimeout: 0, deadlockCheckAfter: 0 },
    ));
});

describe('a wait that its author has parked', () => {
  it('is shown among the waits with a mark, and never told as stalled', () =>
    timed(async (instance, clock) => {
      const lock = new instance.Mutex({ class: 'held' });
      const release = await lock.acquire();
      const wait = instance.lockdep.detached(() => lock.acquire({ parked: true }));
      for (let second = 0; second < 40; second++) await clock.advance(1000);
      assert.deepEqual(instance.lockdep.reports(), []);
      assert.equal(instance.lockdep.waits().waits[0]?.parked, true);
      assert.match(instance.lockdep.showAllLocks(), /^waiting held, exclusive, parked, held since /m);
      release();
      (await wait)();
      assert.deepEqual(instance.lockdep.waits().waits, []);
    }));

  it('leaves those beside it to be told', () =>
    timed(async (instance, clock) => {
      const lock = new instance.Mutex({ class: 'held' });
      await lock.acquire();
      void instance.lockdep.detached(() => lock.acquire({ parked: true }));
      void instance.lockdep.detached(() => lock.acquire({ parked: false }));
      for (let second = 0; second < 40; second++) await clock.advance(1000);
      assert.deepEqual(told(instance, 'stall'), ['advisory']);
    }));

  for (const parked of ['yes', 1, null]) {
    it(`is refused where the option is no boolean: ${String(parked)}`, () =>
      timed(async ({ Mutex, Semaphore, RWSemaphore }) => {
        const options = { parked: parked as never };
        const message = { name: 'TypeError', message: /^option parked must be a boolean, got / };
        await assert.rejects(async () => new Mutex().acquire(options), message);
        await assert.rejects(async () => new Mutex().runExclusive(() => undefined, options), message);
        await assert.rejects(async () => new Semaphore(1).acquire(options), message);
        await assert.rejects(async () => new RWSemaphore().acquireRead(options), message);
      }));
  }
});

describe('the timer of the watch', () => {
  it('is there while somebody waits, and gone soon after nobody does', () =>
    timed(async (instance, clock) => {
      const lock = new instance.Mutex({ class: 'held' });
      const release = await lock.acquire();
      assert.equal(clock.pending, 0);
      for (let waiter = 0; waiter < 100; waiter++) void lock.runExclusive(() => undefined);
      assert.equal(clock.pending, 1);
      release();
      await settle();
      await clock.advance(1100);
      assert.equal(clock.pending, 0);
      await clock.advance(60_000);
      assert.equal(clock.pending, 0);
    }));

  it('is gone when the mode turns off, and comes again with it', () =>
    timed(async (instance, clock) => {
      const lock = new instance.Mutex({ class: 'held' });
      await lock.acquire();
      void lock.acquire();
      assert.equal(clock.pending, 1);
      instance.lockdep.configure({ mode: 'off' });
      assert.equal(clock.pending, 0);
      instance.lockdep.configure({ mode: 'warn' });
      void lock.acquire();
      assert.equal(clock.pending, 1);
    }));
});

describe('the options of the watch', () => {
  for (const [options, message] of [
    [{ stallTimeout: '1' }, "option stallTimeout must be a number, got '1'"],
    [{ stallTimeout: -1 }, 'option stallTimeout must be from 0 to 2147483647 milliseconds, got -1'],
    [
      { deadlockCheckAfter: Infinity },
      'option deadlockCheckAfter must be from 0 to 2147483647 milliseconds, got Infinity',
    ],
    [
      { deadlockCheckAfter: Number.NaN },
      'option deadlockCheckAfter must be from 0 to 2147483647 milliseconds, got NaN',
    ],
  ] as const) {
    it(`are refused: ${JSON.stringify(options)}, ${message}`, () => {
      assert.throws(
        () => createLockdep(options as SomeOptions),
        (error: Error) => error.message.replaceAll('"', "'") === message,
      );
    });
  }
});
