import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';

const INDEX = new URL('../../src/index.js', import.meta.url).href;

function run(body: string): { status: number | null; stderr: string } {
  const program = `import { WorkItem, WorkQueue } from ${JSON.stringify(INDEX)};\nconst queue = new WorkQueue();\n${body}`;
  const env = { ...process.env, LOCKDEP: 'warn' };
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8', env });
}

describe('the error of a task that nobody handles', () => {
  it('ends the process as ever, and the place of the submission is told', () => {
    const { status, stderr } = run(`void queue.run(async () => { throw new Error('lost'); });`);
    assert.equal(status, 1);
    assert.match(stderr, /Error: lost/);
    assert.match(stderr, /nobody handles the error of the task that was submitted at .*:3:\d+/);
  });

  it('is that of an enqueued item without onError too', () => {
    const { status, stderr } = run(`queue.enqueue(new WorkItem(() => { throw new Error('lost'); }));`);
    assert.equal(status, 1);
    assert.match(stderr, /nobody handles the error of the task that was submitted at .*:3:\d+/);
  });

  it('says nothing where it is handled', () => {
    const { status, stderr } = run(
      `await queue.run(async () => { throw new Error('lost'); }).catch(() => undefined); queue.enqueue(new WorkItem(() => 1));`,
    );
    assert.deepEqual([status, stderr], [0, '']);
  });
});
