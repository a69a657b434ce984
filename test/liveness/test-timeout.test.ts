/** What node:test lets a person learn of a wait that a test's own time-out has ended. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Project } from '../adapters/project.js';

const suite = (rest: string, timeout: number): string => `
import { test } from 'node:test';
import { Mutex } from 'async-mutex';
const lock = new Mutex();
${rest}
test('forgets it', async () => { await lock.acquire(); });
test('hangs', { timeout: ${timeout} }, async () => { await lock.acquire(); });
test('goes on', () => {});`;

describe('a test that times out while it waits for a lock', { concurrency: 2 }, () => {
  it('has the holder told at the end of its file, where nothing else is left to run', async () => {
    const made = new Project({ 'a.test.mjs': suite('', 300) });
    const { code, stdout } = await made.tracked(['--test', 'a.test.mjs']);
    assert.equal(code, 1);
    assert.match(stdout, /is waited for at a\.test\.mjs:7:\d+ and never released: nothing is left to run/);
    assert.match(stdout, /at a\.test\.mjs:6:\d+/);
  });

  it('has the holder told where the runner ends the file, since something else would keep it alive', async () => {
    const made = new Project({ 'a.test.mjs': suite('setInterval(() => {}, 1000);', 1200) });
    const { code, stdout } = await made.tracked(['--test', '--test-force-exit', 'a.test.mjs']);
    assert.equal(code, 1);
    assert.match(stdout, /LOCKDEP_STALL/);
    assert.match(stdout, /has been awaited for [\d.]+ s; its holder has it at\s.*a\.test\.mjs:6:\d+/);
  });
});
