/** What a program says that ends because nothing is left to run, and with which code. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { built, runNode } from '../adapters/project.js';

const index = new URL('index.js', built).href;
const folder = fileURLToPath(new URL('../../../test/liveness/fixtures/', import.meta.url));

interface End {
  readonly code: number | null;
  readonly reports: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
}

async function endOf(shape: string, awaited = false, env: NodeJS.ProcessEnv = {}): Promise<End> {
  const args = ['end.mjs', index, shape, ...(awaited ? ['awaited'] : [])];
  const { code, stdout, stderr } = await runNode(args, { cwd: folder, env: { LOCKDEP: 'warn', ...env } });
  const last = stdout.trim().split('\n').at(-1) ?? '';
  return { code, reports: last.startsWith('[') ? (JSON.parse(last) as string[]) : [], stdout, stderr };
}

const certain = (end: End): string[] =>
  end.reports.filter((report) => /^strict (?:deadlock|leaked-lock)$/.test(report));

describe('a program whose event loop is empty while a flow waits for a lock', () => {
  for (const [shape, report] of [
    ['twice', 'strict deadlock'],
    ['circle', 'strict deadlock'],
    ['threw', 'strict deadlock'],
    ['unsettled', 'strict leaked-lock'],
    ['beyond', 'strict leaked-lock'],
  ] as const) {
    for (const tracking of ['precise', 'light']) {
      it(`says so and ends with 1: ${shape}, tracking ${tracking}`, async () => {
        const end = await endOf(shape, false, { LOCKDEP_TRACKING: tracking });
        // In light it is not known that who took the lock by a call is the one who waits.
        const expected =
          tracking === 'light' && shape !== 'circle' && report === 'strict deadlock' ? 'strict leaked-lock' : report;
        assert.deepEqual([end.code, certain(end)], [1, [expected]], end.stderr);
        assert.match(end.stderr, /nothing is left to\s+run/);
        assert.match(end.stderr, /end\.mjs:\d+/);
      });
    }
  }

  it('keeps the 13 that Node gives to an unsettled top-level await', async () => {
    const end = await endOf('twice', true);
    assert.equal(end.code, 13, end.stderr);
    assert.match(end.stderr, /deadlock: flows that wait for each other/);
  });

  it('keeps an exit code of its own', async () => {
    const end = await endOf('code');
    assert.deepEqual([end.code, certain(end)], [7, ['strict deadlock']], end.stderr);
  });
});

describe('a program that ends otherwise', () => {
  for (const shape of ['nothing', 'event', 'paused', 'signal']) {
    it(`says nothing of its end and ends with 0: ${shape}`, async () => {
      const end = await endOf(shape);
      assert.deepEqual([end.code, certain(end)], [0, []], end.stderr);
    });
  }

  for (const shape of ['revived', 'released']) {
    it(`is not told to be stuck where a listener of its end lets the wait go on: ${shape}`, async () => {
      const end = await endOf(shape);
      assert.deepEqual([end.code, certain(end)], [0, []], end.stderr);
      assert.match(end.stdout, /went on/);
    });
  }

  it('keeps 0 where it calls process.exit() while a flow waits: a timer might have let it go on', async () => {
    const end = await endOf('left');
    assert.deepEqual([end.code, certain(end)], [0, []], end.stderr);
  });

  it('is not looked at in mode off', async () => {
    const end = await endOf('twice', false, { LOCKDEP: 'off' });
    assert.deepEqual([end.code, end.stderr], [0, '']);
  });
});
