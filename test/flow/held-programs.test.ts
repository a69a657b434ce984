/** What is held where in whole programs: at the top level of a module, and in a worker thread. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';

const index: string = JSON.stringify(new URL('../../src/index.js', import.meta.url).href);

/** Fills `seen` with answers of isHeld: own, later, released, in a scope's child, after it, in a detached child. */
const PROGRAM = `
const { lockdep, Mutex } = await import(${index});
const turn = () => new Promise((resolve) => setImmediate(resolve));
const lock = new Mutex();
const seen = [];
const look = () => seen.push(String(lockdep.isHeld(lock)));
const take = () => lock.acquire();
const release = await take();
look();
await turn();
look();
release();
look();
await lock.runExclusive(async () => {
  await (async () => {
    await turn();
    look();
  })();
});
look();
let detached;
await lock.runExclusive(async () => {
  detached = (async () => {
    await turn();
    look();
  })();
  await turn();
  await turn();
});
await detached;
`;

const EXPECTED: Readonly<Record<string, string>> = {
  precise: 'true true false true false undefined',
  light: 'undefined undefined false true false undefined',
};

for (const [tracking, expected] of Object.entries(EXPECTED)) {
  const env = { ...process.env, LOCKDEP: 'warn', LOCKDEP_TRACKING: tracking };
  describe(`held where, tracking ${tracking}`, () => {
    it('at the top level of a module', () => {
      const program = `${PROGRAM}console.log(seen.join(' '));`;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
        encoding: 'utf8',
        env,
      });
      assert.equal(stdout.trim(), expected, stderr);
    });

    it('in a worker thread', async () => {
      const program = `(async () => {${PROGRAM}require('node:worker_threads').parentPort.postMessage(seen.join(' '));})();`;
      const worker = new Worker(program, { eval: true, env });
      const answer = await new Promise<unknown>((resolve, reject) => {
        worker.on('message', resolve);
        worker.on('error', reject);
      });
      assert.equal(answer, expected);
      await worker.terminate();
    });
  });
}
