/** What is given as an option and is none. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { LockClass, type LockClassOptions, type LockGuard, type LockOptions } from '../../src/index.js';
import { createLockdep, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { isolated } from '../support/harness.js';

const COUNT_WARNINGS = `
  const told = [];
  process.emitWarning = (message) => told.push(message);
  process.on('exit', () => console.log(JSON.stringify(told)));`;

describe('unknown options', () => {
  let warned: string[];

  beforeEach(() => {
    warned = [];
    mock.method(process, 'emitWarning', (message: string, { code }: { code: string }) => {
      if (code === 'LOCKDEP_UNKNOWN_OPTION') warned.push(message);
    });
  });
  afterEach(() => mock.restoreAll());

  const takers: readonly [string, (instance: IsolatedLockdep, options: object) => unknown][] = [
    ['the constructor of Mutex', ({ Mutex }, options) => new Mutex(options)],
    ['the constructor of Semaphore', ({ Semaphore }, options) => new Semaphore(1, options)],
    ['the constructor of RWSemaphore', ({ RWSemaphore }, options) => new RWSemaphore(options)],
    ['the constructor of PseudoLock', ({ PseudoLock }, options) => new PseudoLock(options)],
    ['the constructor of Completion', ({ Completion }, options) => new Completion(options)],
    ['the constructor of WorkQueue', ({ WorkQueue }, options) => new WorkQueue(options)],
    ['the constructor of WorkItem', ({ WorkItem }, options) => new WorkItem(() => undefined, options)],
    ['an acquisition', ({ Mutex }, options) => new Mutex().acquire(options)],
    ['WorkQueue.run', ({ WorkQueue }, options) => new WorkQueue().run(() => undefined, options)],
    ['a wait', ({ WorkQueue }, options) => new WorkQueue().flush(options)],
    ['lockdep.configure', ({ lockdep }, options) => lockdep.configure(options)],
    ['lockdep.reset', ({ lockdep }, options) => lockdep.reset(options)],
    ['a lock class', (_instance, options) => new LockClass('options.unknown', options)],
    [
      'the lock class option nest',
      (_instance, options) => new LockClass('options.nested', { nest: { depth: 2, holders: 1, ...options } }),
    ],
  ];
  for (const [taker, give] of takers) {
    it(`of ${taker} are named once, and ignored`, () =>
      isolated(async (instance) => {
        await give(instance, { tiemout: 5 });
        await give(instance, { tiemout: 5 });
        assert.deepEqual(warned, [`unknown option "tiemout" of ${taker} is ignored`]);
      }));
  }

  it('that are gone are named with what to do instead', () =>
    isolated(() => {
      for (let i = 0; i < 2; i++) new LockClass('options.gone', { reentrant: true } as LockClassOptions);
      assert.equal(warned.length, 1);
      assert.match(warned[0] ?? '', /^reentrant is gone: a flow that takes a lock which it holds waits for itself/);
      assert.match(warned[0] ?? '', /an inner one that does not$/);
    }));

  it('are named up to a limit, which is said once, in a process of their own', () => {
    const program = `
      import { createLockdep } from ${JSON.stringify(new URL('../../src/testing.js', import.meta.url).href)};
      const { Mutex } = createLockdep();
      const mutex = new Mutex();
      for (let i = 0; i < 1000; i++) (await mutex.acquire({ ['key ' + i]: 1 }))();`;
    const args = ['--no-warnings', '--input-type=module', '--eval', `${COUNT_WARNINGS}${program}`];
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const told = JSON.parse(stdout === '' ? stderr : stdout) as string[];
    assert.equal(told.length, 101);
    assert.equal(told[99], 'unknown option "key 99" of an acquisition is ignored');
    assert.match(told[100] ?? '', /^MAX_UNKNOWN_OPTIONS is reached: .* after 100,/);
  });

  it('are not those that are known', () =>
    isolated(async (instance) => {
      const { Mutex, PseudoLock, RWSemaphore, Semaphore, WorkQueue } = instance;
      const common = { class: 'options.known', name: 'x', cancelError: new Error('gone') };
      const mutex = new Mutex(common);
      new Semaphore(1, common);
      new RWSemaphore({ ...common, fairness: 'fifo' });
      new PseudoLock({ ...common, shared: true });
      const queue = new WorkQueue({ ...common, concurrency: 2, onError: () => undefined });
      const { signal } = new AbortController();
      (await mutex.acquire({ priority: 1, signal, timeout: 50, subclass: 1 }))();
      (await new Semaphore(2).acquire({ weight: 2 }))[1]();
      await queue.run(() => undefined, { class: 'options.run', name: 'x', priority: 1, signal, delay: 0 });
      await queue.drain({ signal, timeout: 50 });
      new LockClass('options.all', { validate: true, track: true, order: () => 0 });
      new LockClass('options.nest', { nest: { depth: 2, holders: 1 } });
      instance.lockdep.configure({ mode: 'warn', tracking: 'precise', onReport: undefined, stackDepth: 5 });
      instance.lockdep.reset({ graph: true });
      assert.deepEqual(warned, []);
    }));
});

describe('a cancel error that is none', () => {
  for (const [given, shown] of [
    [5, '5'],
    ['gone', '"gone"'],
    [null, 'null'],
  ] as const) {
    it(`${shown} is refused`, () =>
      isolated(({ Mutex }) => {
        assert.throws(() => new Mutex({ cancelError: given } as unknown as LockOptions), {
          name: 'TypeError',
          message: `option cancelError must be an Error, got ${shown}`,
        });
      }));
  }
});

describe('an option that is undefined is as if it were not there', () => {
  const none = undefined;
  const lock = { class: none, name: none, cancelError: none };
  const acquire = { priority: none, signal: none, timeout: none, subclass: none, nestLock: none, parked: none };

  it('for the locks, and for what is waited for', () =>
    isolated(async (instance) => {
      const mutex = new instance.Mutex(lock);
      (await mutex.acquire(acquire))();
      const semaphore = new instance.Semaphore(3, lock);
      using guard = await semaphore.lock({ ...acquire, weight: none });
      assert.equal(semaphore.getValue(), 2);
      const shared = new instance.RWSemaphore({ ...lock, fairness: none });
      assert.equal(await shared.runRead(() => guard.released, acquire), false);
      const completion = new instance.Completion<number>(lock);
      completion.complete(1);
      assert.equal(await completion.wait({ signal: none, timeout: none }), 1);
      const section = new instance.PseudoLock({ ...lock, shared: none });
      assert.equal(
        section.run(() => 2),
        2,
      );
    }));

  it('for queues and their tasks', () =>
    isolated(async (instance) => {
      const queue = new instance.WorkQueue({ ...lock, concurrency: none, onError: none });
      const order: number[] = [];
      const run = { class: none, name: none, priority: none, signal: none, delay: none };
      void queue.run(() => order.push(1), run);
      queue.enqueue(new instance.WorkItem(() => order.push(2), lock));
      await queue.flush({ signal: none, timeout: none });
      assert.deepEqual(order, [1, 2]);
    }));

  it('for a class, and for the validator', () => {
    const options = { order: none, validate: none, track: none, nest: none };
    assert.equal(new LockClass('options.undefined', options).subclass(0).name, 'options.undefined');
    const { lockdep, dispose } = createLockdep({ mode: none, tracking: none });
    assert.deepEqual([lockdep.mode, lockdep.tracking], ['warn', 'precise']);
    lockdep.configure({ mode: none, stackDepth: none, onReport: none });
    lockdep.reset({ graph: none });
    assert.equal(lockdep.mode, 'warn');
    dispose();
  });
});

it('what is neither a guard nor a releaser can not be adopted, in any mode', async () => {
  for (const mode of ['off', 'warn', 'enforce'] as const) {
    await isolated(
      async ({ lockdep, Mutex }) => {
        for (const given of [{}, [], { release: true }, null, 1]) {
          assert.throws(() => lockdep.adopt(given as unknown as LockGuard), {
            name: 'TypeError',
            message: /^hold must be a guard or a releaser, got /,
          });
        }
        const [guard, release] = [await new Mutex().lock(), await new Mutex().acquire()];
        lockdep.adopt(guard);
        lockdep.adopt(release);
        guard.release();
        release();
      },
      { mode },
    );
  }
});
