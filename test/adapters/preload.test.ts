import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { INVERSION, printed, Project, register } from './project.js';

const inversion = `import { Mutex } from 'async-mutex'; ${INVERSION}`;
const SEEN = /\[LOCKDEP_CIRCULAR_DEPENDENCY\] LockdepWarning/;

describe('ways to preload', () => {
  for (const flag of ['--import', '-r']) {
    it(`${flag} lockdep/register, for a main module of either kind`, async () => {
      const made = new Project({
        'main.mjs': inversion,
        'main.cjs': `const { Mutex } = require('async-mutex'); (async () => { ${INVERSION} })();`,
      });
      made.installLockdep();
      for (const main of ['main.mjs', 'main.cjs']) {
        const result = await made.node([flag, 'lockdep/register', main]);
        assert.match(result.stderr, SEEN, `${flag} ${main}`);
        assert.doesNotMatch(result.stderr, /ExperimentalWarning|DeprecationWarning/);
        assert.equal(result.code, 0);
      }
    });
  }

  it('NODE_OPTIONS', async () => {
    const made = new Project({ 'main.mjs': inversion });
    const result = await made.node(['main.mjs'], { env: { NODE_OPTIONS: `--import ${register}` } });
    assert.match(result.stderr, SEEN);
  });

  it('twice, and from two copies of this package, is as once', async () => {
    const made = new Project({ 'main.mjs': inversion });
    made.installLockdep();
    const twice = ['--import', register, '-r', fileURLToPath(register), '--import', 'lockdep/register'];
    const result = await made.node([...twice, 'main.mjs'], { env: { LOCKDEP_SUMMARY: '1' } });
    assert.equal(result.stderr.match(/^lockdep: /gm)?.length, 1, result.stderr);
    assert.match(result.stderr, /1 report \(1 strict, 0 advisory\)/);
    assert.equal(result.code, 1);
  });
});

describe('mode', () => {
  const tell = `import { Mutex } from 'async-mutex'; import { lockdep, Mutex as ours } from 'lockdep';
    console.log(JSON.stringify([lockdep.mode, Mutex === ours]));`;

  function modes(): Project {
    const made = new Project({ 'main.mjs': tell });
    made.installLockdep();
    return made;
  }

  for (const [env, mode] of [
    [{}, 'warn'],
    [{ NODE_ENV: 'production' }, 'warn'],
    [{ LOCKDEP: 'enforce' }, 'enforce'],
    [{ LOCKDEP: 'enforce', NODE_ENV: 'production' }, 'enforce'],
  ] as const) {
    it(`is ${mode} with ${JSON.stringify(env)}`, async () => {
      const result = await modes().node(['--import', 'lockdep/register', 'main.mjs'], { env });
      assert.deepEqual(printed(result), [mode, true]);
    });
  }

  it('LOCKDEP=off leaves the program as it is without the preload', async () => {
    const made = modes();
    made.write({
      'main.mjs': `import * as loaded from 'async-mutex'; import * as real from './node_modules/async-mutex/index.mjs';
        import { lockdep } from 'lockdep'; import Module, { createRequire } from 'node:module';
        const required = createRequire(import.meta.url)('async-mutex');
        console.log(JSON.stringify([lockdep.mode, loaded.Mutex === real.Mutex, required.Mutex === real.Mutex,
          ['exit', 'beforeExit', 'warning'].map((name) => process.listenerCount(name)),
          String(Module.prototype._compile)]));`,
    });
    const env = { LOCKDEP: 'off', LOCKDEP_SUMMARY: '1', LOCKDEP_OUT: made.path('out') };
    const result = await made.node(['--import', 'lockdep/register', 'main.mjs'], { env });
    const without = await made.node(['main.mjs'], { env });
    assert.deepEqual(printed(result), printed(without));
    assert.deepEqual((printed(result) as unknown[]).slice(0, 3), ['off', true, false]);
    assert.equal(result.stderr, '');
    assert.equal(result.code, 0);
  });

  it('enforce rejects the offending call of a program that knows nothing of lockdep', async () => {
    const made = new Project({ 'main.mjs': inversion });
    const result = await made.tracked(['main.mjs'], { LOCKDEP: 'enforce' });
    assert.match(result.stderr, /ERR_LOCKDEP_CIRCULAR_DEPENDENCY/);
    assert.equal(result.code, 1);
  });
});

describe('worker threads', () => {
  const inversionInWorker = `import { Worker } from 'node:worker_threads'; import { once } from 'node:events';
    const worker = new Worker(new URL('worker.mjs', import.meta.url));`;

  it('a report counts though it is not printed, and the worker is terminated in the very turn', async () => {
    const made = Project.withLockdep({
      'main.mjs': `import { Worker } from 'node:worker_threads';
        const worker = new Worker(new URL('worker.mjs', import.meta.url));
        worker.once('message', () => void worker.terminate());`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'; import { lockdep, Mutex } from 'lockdep';
        lockdep.configure({ warnings: false });
        new Mutex().release();
        parentPort.postMessage('reported');
        for (;;);`,
    });
    const result = await made.tracked(['main.mjs'], { LOCKDEP_SUMMARY: '1' });
    assert.match(result.stderr, /in worker threads: 1 report \(1 strict, 0 advisory\)/);
    assert.doesNotMatch(result.stderr, /LockdepWarning/);
    assert.equal(result.code, 1);
  });

  it('a worker from a file is tracked, and its report counts for the process', async () => {
    const made = new Project({
      'main.mjs': `${inversionInWorker} const [code] = await once(worker, 'exit'); console.log(code);`,
      'worker.mjs': inversion,
    });
    const result = await made.tracked(['main.mjs'], { LOCKDEP_SUMMARY: '1' });
    assert.match(result.stderr, SEEN);
    assert.match(result.stderr, /in worker threads: 1 report \(1 strict, 0 advisory\)/);
    assert.equal(result.stdout, '0\n', "the worker's own exit code is not touched");
    assert.equal(result.code, 1);
  });

  it('a worker of a worker, which is terminated', async () => {
    const made = new Project({
      'main.mjs': `${inversionInWorker} await once(worker, 'message'); await worker.terminate();`,
      'worker.mjs': `import { parentPort, Worker } from 'node:worker_threads';
        const worker = new Worker(new URL('inner.mjs', import.meta.url));
        worker.on('message', (message) => parentPort.postMessage(message));`,
      'inner.mjs': `${inversion} import { parentPort } from 'node:worker_threads';
        setImmediate(() => parentPort.postMessage('done')); setInterval(() => {}, 1000);`,
    });
    const result = await made.tracked(['main.mjs'], { LOCKDEP_SUMMARY: '1' });
    assert.match(result.stderr, /in worker threads: 1 report \(1 strict, 0 advisory\)/);
    assert.equal(result.code, 1);
  });

  it('a clean worker changes nothing', async () => {
    const made = new Project({
      'main.mjs': `${inversionInWorker} await once(worker, 'exit');`,
      'worker.mjs': `import { Mutex } from 'async-mutex'; await new Mutex().runExclusive(() => {});`,
    });
    const result = await made.tracked(['main.mjs'], { LOCKDEP_SUMMARY: '1' });
    assert.doesNotMatch(result.stderr, /worker threads/);
    assert.equal(result.code, 0);
  });
});
