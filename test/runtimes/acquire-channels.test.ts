import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { built, printed, runNode } from '../adapters/project.js';

const index = new URL('index.js', built).href;

/** What a program prints that takes note of all that is published of its acquisitions. */
async function published(program: string, env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const code = `
    import { tracingChannel } from 'node:diagnostics_channel';
    import { lockdep, Mutex, RWSemaphore, Semaphore } from ${JSON.stringify(index)};
    const seen = [];
    const note = (event) => ({ lockClass, mode, permits, outcome, error }) =>
      seen.push([event, lockClass, mode, permits, outcome, ...(error === undefined ? [] : [error.message])].join(' '));
    const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
    const subscribers = Object.fromEntries(names.map((name) => [name, note(name)]));
    const channel = tracingChannel('lockdep.acquire');
    channel.subscribe(subscribers);
    const later = () => new Promise((resolve) => setTimeout(resolve, 5));
    ${program}
    console.log(JSON.stringify(seen));`;
  return printed(await runNode(['--input-type=module', '-e', code], { env: { LOCKDEP: 'warn', ...env }, cwd: '.' }));
}

describe('the channels of acquisitions', () => {
  it('tell of a lock that is had at once by start and end, and of each way to it', async () => {
    const seen = await published(`
      const lock = new Mutex({ class: 'a' });
      (await lock.acquire())();
      await lock.runExclusive(() => undefined);
      lock.tryAcquire()();
      (await new RWSemaphore({ class: 'rw' }).acquireRead())();
      (await new Semaphore(3, { class: 's' }).acquire(2))[1]();`);
    const had = (what: string): string[] => [`start ${what} waiting`, `end ${what} granted`];
    const one = had('a exclusive 1');
    assert.deepEqual(seen, [...one, ...one, ...one, ...had('rw shared 1'), ...had('s exclusive 2')]);
  });

  it('tell of a wait by asyncStart and asyncEnd when it is over, the callback of a scope being still to come', async () => {
    const seen = await published(`
      const lock = new Mutex({ class: 'a' });
      const release = await lock.acquire();
      const second = lock.runExclusive(() => seen.push('runs'));
      seen.push('released');
      release();
      await second;`);
    assert.deepEqual((seen as string[]).slice(2), [
      'start a exclusive 1 waiting',
      'end a exclusive 1 waiting',
      'released',
      'asyncStart a exclusive 1 granted',
      'asyncEnd a exclusive 1 granted',
      'runs',
    ]);
  });

  it('tell of a wait that is given up by error, with what its caller is told', async () => {
    const seen = await published(`
      const lock = new Mutex({ class: 'a' });
      await lock.acquire();
      await lock.acquire({ timeout: 1 }).catch(() => undefined);
      const cancelled = lock.acquire().catch(() => undefined);
      lock.cancel();
      await cancelled;`);
    const failed = (text: string): string[] => [
      'start a exclusive 1 waiting',
      'end a exclusive 1 waiting',
      ...['error', 'asyncStart', 'asyncEnd'].map((event) => `${event} a exclusive 1 failed ${text}`),
    ];
    // Who has the lock is said too, with its age and place.
    const told = (seen as string[])
      .slice(2)
      .map((line) => line.replace(/(?<=within 1 ms): a is held by main, .*$/, ' (held)'));
    assert.deepEqual(told, [
      ...failed('the lock was not available within 1 ms (held)'),
      ...failed('request for lock canceled'),
    ]);
  });

  it('tell nothing while the mode is off, nor once nobody listens', async () => {
    assert.deepEqual(await published(`(await new Mutex().acquire())();`, { LOCKDEP: 'off' }), []);
    assert.deepEqual(await published(`channel.unsubscribe(subscribers); (await new Mutex().acquire())();`), []);
  });

  it('let the lock be granted whatever a subscriber throws', async () => {
    const seen = await published(`
      channel.start.subscribe(() => { throw new Error('a subscriber'); });
      process.on('uncaughtException', (error) => seen.push('uncaught: ' + error.message));
      (await new Mutex({ class: 'a' }).acquire())();
      await later();`);
    assert.deepEqual(seen, ['start a exclusive 1 waiting', 'end a exclusive 1 granted', 'uncaught: a subscriber']);
  });
});
