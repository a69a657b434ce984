import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BOTH_ORDERS, built, cleanEnvironment, Project, register, type Result } from './project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
/** Ways to be there: the words before the flags, and those behind. */
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'an import': [],
  'lockdep/register': ['--import', register],
  'lockdep run': [main, 'run', '--'],
};

/** Runs a program whose stdout or stderr nobody reads any more when it begins. */
async function unread(made: Project, words: readonly string[], closed: 'stdout' | 'stderr'): Promise<Result> {
  const child = spawn(process.execPath, words, {
    cwd: made.root,
    env: cleanEnvironment({ LOCKDEP_SUMMARY: '1' }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  child[closed].destroy();
  const open = closed === 'stdout' ? child.stderr : child.stdout;
  let text = '';
  open.setEncoding('utf8').on('data', (part: string) => (text += part));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout: text, stderr: text };
}

describe('a stdout or stderr that nobody reads any more', () => {
  const alive = `
    import { writeSync } from 'node:fs'; import * as theirs from 'async-mutex'; import { Mutex } from 'lockdep';
    const say = (text) => writeSync(FD, text + '\\n');
    process.on('uncaughtException', (error) => { say('raised ' + error.message); });
    process.on('unhandledRejection', (error) => { say('rejected ' + error.message); });
    const turn = () => new Promise((resolve) => setTimeout(resolve, 30));
    await turn();
    console.log('first'); console.error('first');
    const [a, b] = [new theirs.Mutex(), new theirs.Mutex()];
    ${BOTH_ORDERS}
    await turn();
    for (const options of [{ a: 1 }, { b: 1 }, { class: 'x', c: 1 }]) { new Mutex(options).release(); await turn(); }
    if (FD === 1) console.error('and later');
    await turn();
    say('alive');
    END`;

  for (const [way, words] of Object.entries(WAYS)) {
    for (const closed of ['stdout', 'stderr'] as const) {
      it(`${closed}, with ${way}: nothing ends, nothing is raised`, async () => {
        const fd = closed === 'stdout' ? 2 : 1;
        const ends = ['', 'new Mutex({ class: "y" }).release(); process.exit(0);', 'process.exit(4);'];
        const text = (end: string): string => alive.replaceAll('FD', String(fd)).replace('END', end);
        const made = Project.withLockdep(Object.fromEntries(ends.map((end, at) => [`${at}.mjs`, text(end)])));
        const checks = ends.map(async (end, at) => {
          const { code, signal, stdout } = await unread(made, [...words, `${at}.mjs`], closed);
          assert.match(stdout, /^alive$/m, end);
          assert.doesNotMatch(stdout, /^(?:raised|rejected)/m, end);
          const strict = way === 'an import' ? 0 : 1;
          assert.deepEqual([code, signal], [end.includes('4') ? 4 : strict, null], end);
        });
        await Promise.all(checks);
      });
    }
  }

  it('stderr, with reports of a worker thread', async () => {
    const made = Project.withLockdep({
      'main.mjs': `import { writeSync } from 'node:fs'; import { once } from 'node:events'; import { Worker } from 'node:worker_threads';
        process.on('uncaughtException', (error) => { writeSync(1, 'raised ' + error.message + '\\n'); });
        await once(new Worker(new URL('worker.mjs', import.meta.url)), 'exit'); writeSync(1, 'alive\\n');`,
      'worker.mjs': `import { Mutex } from 'async-mutex'; import { Mutex as Ours } from 'lockdep';
        const [a, b] = [new Mutex(), new Mutex()]; ${BOTH_ORDERS}
        await new Promise((resolve) => setTimeout(resolve, 50)); new Ours().release();
        await new Promise((resolve) => setTimeout(resolve, 50));`,
    });
    const { code, stdout } = await unread(made, ['--import', register, 'main.mjs'], 'stderr');
    assert.deepEqual([code, stdout], [1, 'alive\n']);
  });

  it('the command line itself', async () => {
    const made = Project.withLockdep({});
    for (const [words, expected] of [
      [['--help'], 0],
      [['run', '--help'], 0],
      [['--version'], 0],
      [['run', 'missing.js'], 2],
      [['frobnicate'], 2],
    ] as const) {
      const closed = ['stdout', 'stderr'] as const;
      const ends = await Promise.all(closed.map((which) => unread(made, [main, ...words], which)));
      assert.deepEqual(
        ends.map(({ code }) => code),
        [expected, expected],
        words.join(' '),
      );
    }
  });
});
