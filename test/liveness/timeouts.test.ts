/** What the error of a wait says whose timeout is over. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { E_TIMEOUT, LockTimeoutError, type Mutex, withTimeout } from '../../src/index.js';
import { createLockdep, type IsolatedLockdep } from '../../src/testing.js';
import { StillClock } from '../support/still-clock.js';

/** With a clock that has shown a few seconds when the lock is asked for in vain. */
async function refused(
  prepare: (instance: IsolatedLockdep, clock: StillClock) => Promise<() => Promise<unknown>>,
  mode: 'warn' | 'off' = 'warn',
): Promise<LockTimeoutError> {
  const clock = new StillClock(1_000_000);
  const instance = createLockdep({ clock, mode });
  try {
    const wait = await prepare(instance, clock);
    const seen = wait().then(
      () => assert.fail('the lock was had'),
      (error: unknown) => error,
    );
    await clock.advance(500);
    const error = await seen;
    assert.ok(error instanceof LockTimeoutError);
    return error;
  } finally {
    instance.dispose();
  }
}

/** The fields beside those of every error of the package, as JSON has them. */
function facts(error: LockTimeoutError): Record<string, unknown> {
  const { name: _name, code, ...rest } = JSON.parse(JSON.stringify(error)) as Record<string, unknown>;
  assert.equal(code, 'ERR_LOCKDEP_TIMEOUT');
  return rest;
}

describe('the error of a wait whose timeout is over', () => {
  it('names the lock, who has it, where and when that asked for it, and how many wait', async () => {
    const error = await refused(async ({ lockdep, Mutex: Lock }, clock) => {
      const lock = new Lock({ class: 'accounts', name: 'account 7' });
      await lockdep.task('import', async () => {
        await lock.acquire();
      });
      await clock.advance(3000);
      void lock.acquire();
      return () => lock.acquire({ timeout: 500 });
    });
    const { site, ...others } = facts(error);
    assert.match(String(site), /timeouts\.test\.ts:\d+:\d+$/);
    assert.deepEqual(others, { lock: 'accounts "account 7"', holder: 'import', age: 3500, queueLength: 2 });
    assert.equal(
      error.message,
      'the lock was not available within 500 ms: accounts "account 7" is held by import, who asked for it 3500 ms ago at ' +
        `${String(site)}, and 2 wait for it`,
    );
  });

  for (const [how, ask] of Object.entries<(lock: Mutex) => Promise<unknown>>({
    acquire: (lock) => lock.acquire({ timeout: 500 }),
    lock: (lock) => lock.lock({ timeout: 500 }),
    runExclusive: (lock) => lock.runExclusive(() => undefined, { timeout: 500 }),
  })) {
    it(`says the same in each way of asking: ${how}`, async () => {
      const error = await refused(async ({ Mutex: Lock }) => {
        const lock = new Lock({ class: 'accounts' });
        await lock.acquire();
        return () => ask(lock);
      });
      const { site, age, ...others } = facts(error);
      assert.deepEqual(
        [typeof site, age, others],
        ['string', 500, { lock: 'accounts', holder: 'main', queueLength: 1 }],
      );
      assert.match(error.message, /, and nobody else waits for it$/);
    });
  }

  it('says so where nobody is known to hold what is wanted', async () => {
    const error = await refused(async ({ Semaphore }) => {
      const permits = new Semaphore(2, { class: 'permits' });
      return () => permits.acquire({ weight: 3, timeout: 500 });
    });
    assert.deepEqual(facts(error), { lock: 'permits', queueLength: 1 });
    assert.match(error.message, /: nobody is known to hold permits, and nobody else waits for it$/);
  });

  it('names no holder while the mode is off, nor for an event', async () => {
    for (const error of [
      await refused(async ({ Mutex: Lock }) => {
        const lock = new Lock();
        await lock.acquire();
        return () => lock.acquire({ timeout: 500 });
      }, 'off'),
      await refused(async ({ Completion }) => {
        const done = new Completion();
        return () => done.wait({ timeout: 500 });
      }),
    ]) {
      assert.deepEqual(facts(error), {});
      assert.match(error.message, / within 500 ms$/);
    }
  });

  it('is the very error of async-mutex where withTimeout bounds the wait, with nothing added', async () => {
    const clock = new StillClock(1_000_000);
    const { Mutex: Lock, dispose } = createLockdep({ clock });
    const lock = new Lock({ class: 'accounts' });
    await lock.acquire();
    const before = Object.entries(E_TIMEOUT);
    const seen = withTimeout(lock, 500)
      .acquire()
      .catch((error: unknown) => error);
    await clock.advance(500);
    assert.equal(await seen, E_TIMEOUT);
    assert.deepEqual(Object.entries(E_TIMEOUT), before);
    dispose();
  });
});
