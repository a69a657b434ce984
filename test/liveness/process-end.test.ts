/** What a program says at an end without a signal, and with which code it ends. */
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
    ['forgotten', 'strict leaked-lock'],
    ['own', 'strict deadlock'],
  ] as const) {
    for (const tracking of ['precise', 'light']) {
      it(`says so and ends with 1: ${shape}, tracking ${tracking}`, async () => {
        const end = await endOf(shape, false, { LOCKDEP_TRACKING: tracking });
        // What scopes make is known before the end.
        const isScoped = shape === 'own';
        // In light it is not known that who took the lock by a call is the one who waits.
        const expected =
          tracking === 'light' && !isScoped && shape !== 'circle' && report === 'strict deadlock'
            ? 'strict leaked-lock'
            : report;
        assert.deepEqual([end.code, certain(end)], [1, [expected]], end.stderr);
        assert.match(end.stderr, isScoped ? /until\s+it\s+returns/ : /nothing is left to\s+run/);
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
  for (const shape of ['nothing', 'parked']) {
    it(`says nothing of its end and ends with 0 where nobody is seen to wait: ${shape}`, async () => {
      assert.deepEqual(await endOf(shape), { code: 0, reports: [], stdout: '[]\n', stderr: '' });
    });
  }

  it('is not told to be stuck where its author has said that the wait ends, even in a scope of the same lock', async () => {
    const end = await endOf('parkedInScope');
    assert.deepEqual([end.code, certain(end)], [0, []], end.stderr);
  });

  for (const [shape, line] of [
    ['signal', /^ +waiting Semaphore@.*end\.mjs:\d+:\d+, .* at .*end\.mjs:\d+/m],
    ['never', /^ +waiting done, .* at .*end\.mjs:\d+/m],
    ['event', /^ +waiting done, .* at .*end\.mjs:\d+/m],
    ['paused', /^ +waiting queue, .* at .*end\.mjs:\d+/m],
  ] as const) {
    for (const awaited of [false, true]) {
      it(`lists who waits for an event, and keeps its exit code: ${shape}${awaited ? ', awaited at the top' : ''}`, async () => {
        const end = await endOf(shape, awaited);
        assert.deepEqual([end.code, end.reports], [awaited ? 13 : 0, []], end.stderr);
        assert.match(end.stderr, /LOCKDEP_WAITS_LEFT/);
        assert.match(end.stderr, line);
      });
    }
  }

  for (const shape of ['revived', 'released']) {
    it(`is not told to be stuck where a listener of its end lets the wait go on: ${shape}`, async () => {
      const end = await endOf(shape);
      assert.deepEqual([end.code, certain(end)], [0, []], end.stderr);
      assert.match(end.stdout, /went on/);
    });
  }

  it('says that what seemed to be stuck has gone on, however shortly before', async () => {
    const end = await endOf('cancelled');
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stderr, /\[LOCKDEP_DEADLOCK_OVER\].* for (?:lock and other|other and lock), have gone on/);
  });

  it('lists the locks of callbacks that have not returned where nobody waits for them, but its own top-level await', async () => {
    const end = await endOf('scopeLeft', true);
    assert.deepEqual([end.code, end.reports], [13, []], end.stderr);
    assert.match(end.stderr, /LOCKDEP_WAITS_LEFT.*a top-level await has not settled/);
    assert.match(end.stderr, /^ +held lock, exclusive, .* at .*end\.mjs:\d+/m);
  });

  it('says nothing of a lock that is held for as long as it runs', async () => {
    assert.deepEqual(await endOf('scopeLeft'), { code: 0, reports: [], stdout: '[]\n', stderr: '' });
  });

  it('is not looked at in mode off', async () => {
    const end = await endOf('twice', false, { LOCKDEP: 'off' });
    assert.deepEqual([end.code, end.stderr], [0, '']);
  });
});

describe('a program that ends itself while a flow waits for a lock', { concurrency: 2 }, () => {
  for (const [shape, code, report] of [
    ['left', 0, 'deadlock'],
    ['leftCircle', 4, 'deadlock'],
    ['crash', 1, 'deadlock'],
    ['rejection', 1, 'deadlock'],
    ['leftForgotten', 0, 'stall'],
  ] as const) {
    it(`says so as a suspicion, since a timer might have let it go on, and keeps its exit code: ${shape}`, async () => {
      const end = await endOf(shape);
      assert.deepEqual(
        [end.code, end.reports.filter((each) => / (?:deadlock|stall|leaked-lock)$/.test(each))],
        [code, [`advisory ${report}`]],
      );
      assert.equal(end.stderr.split(`[LOCKDEP_${report.toUpperCase()}]`).length, 2, end.stderr);
    });
  }

  it('says nothing where no wait is a second old, and none is part of a circle', async () => {
    const end = await endOf('leftYoung');
    assert.deepEqual([end.code, end.reports, end.stderr], [0, [], '']);
  });
});
