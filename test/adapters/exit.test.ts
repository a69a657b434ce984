import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { INVERSION, Project, type Result } from './project.js';

function project(main: string): Project {
  const made = new Project({ 'main.mjs': main });
  return made;
}

const head = `import { Mutex } from 'async-mutex';\n`;

/** Runs a program with a summary at its end. */
function summed(main: string, env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return project(main).tracked(['main.mjs'], { LOCKDEP_SUMMARY: '1', ...env });
}

describe('the exit code with a strict report', () => {
  const cases: Record<string, { end: string; code: number }> = {
    'natural end': { end: '', code: 1 },
    'process.exit()': { end: 'process.exit();', code: 1 },
    'process.exit(0)': { end: 'process.exit(0);', code: 1 },
    'process.exit(3)': { end: 'process.exit(3);', code: 3 },
    'process.exitCode = 4': { end: 'process.exitCode = 4;', code: 4 },
    'process.exitCode = 0': { end: 'process.exitCode = 0;', code: 1 },
    'exit code of an exit listener': { end: `process.on('exit', () => { process.exitCode = 6; });`, code: 6 },
    'process.exit() in an exit listener': { end: `process.on('exit', () => process.exit());`, code: 1 },
    'process.exit(0) in an exit listener': { end: `process.on('exit', () => process.exit(0));`, code: 1 },
    'process.exit(3) in an exit listener': { end: `process.on('exit', () => process.exit(3));`, code: 3 },
    'uncaught exception': { end: `setTimeout(() => { throw new Error('x'); });`, code: 1 },
    'uncaught exception with a code of its own': {
      end: `process.on('exit', () => { process.exitCode = 9; }); setTimeout(() => { throw new Error('x'); });`,
      code: 9,
    },
    'unhandled rejection': { end: `Promise.reject(new Error('x'));`, code: 1 },
    'unsettled top-level await': { end: 'await new Promise(() => {});', code: 13 },
  };
  for (const [name, { end, code }] of Object.entries(cases)) {
    it(`${name}: ${code}`, async () => {
      const result = await summed(`${head}${INVERSION}${end}`);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, /^lockdep: .*, 1 report \(1 strict, 0 advisory\)$/m);
    });
  }

  it('is left alone without LOCKDEP_SUMMARY', async () => {
    const result = await project(`${head}${INVERSION}`).tracked(['main.mjs']);
    assert.equal(result.code, 0);
    assert.doesNotMatch(result.stderr, /^lockdep: /m);
  });
});

describe('the exit code without reports', () => {
  for (const [end, code] of [
    ['', 0],
    ['process.exit(3);', 3],
    [`throw new Error('x');`, 1],
    ['await new Promise(() => {});', 13],
  ] as const) {
    it(`${end || 'natural end'}: ${code}`, async () => {
      const result = await summed(`${head} await new Mutex().runExclusive(() => {});\n${end}`);
      assert.equal(result.code, code, result.stderr);
      assert.match(result.stderr, /^lockdep: \d lock class(es)?, 0 orders between them, no reports$/m);
    });
  }
});

describe('the summary', () => {
  it('lists each distinct report with its headline and count, once', async () => {
    const again = `for (let i = 0; i < 3; i++) await b.runExclusive(() => a.runExclusive(() => {}));`;
    const result = await summed(`${head}${INVERSION}${again} console.log('done');`);
    const lines = result.stderr.slice(result.stderr.indexOf('lockdep: ')).trimEnd().split('\n');
    assert.match(
      lines[0] ?? '',
      /^lockdep: 2 lock classes, \d orders? between them, 1 report \(1 strict, 0 advisory\)$/,
    );
    assert.match(
      lines[1] ?? '',
      /^ {2}strict: possible deadlock: lock order inversion: (Mutex@\S+) -> (Mutex@\S+) -> \1 \(4 times\)$/,
    );
    assert.equal(lines.length, 2);
    assert.equal(result.stdout, 'done\n');
  });

  it('survives a closed stderr', async () => {
    const result = await summed(`import { closeSync } from 'node:fs'; closeSync(2); ${head}`);
    assert.equal(result.code, 0);
  });
});

describe('the record of a run', () => {
  it('is one file for each process and each worker', async () => {
    const made = project(`import { Worker } from 'node:worker_threads'; import { once } from 'node:events';
      await once(new Worker(new URL('worker.mjs', import.meta.url)), 'exit'); process.chdir('/'); console.log(process.pid);`);
    made.write({ 'worker.mjs': `${head}${INVERSION}` });
    const result = await made.tracked(['main.mjs'], { LOCKDEP_OUT: 'deep/out' });
    const pid = result.stdout.trim();
    const files = readdirSync(made.path('deep/out')).sort();
    assert.match(files.join(' '), new RegExp(`^lockdep-${pid}-\\d+\\.json lockdep-${pid}\\.json$`));
    const [worker, main] = files.map((file) => {
      return JSON.parse(readFileSync(made.path(`deep/out/${file}`), 'utf8')) as RunRecord;
    });
    assert.equal(main?.version, 1);
    assert.deepEqual(main.reports, []);
    assert.deepEqual(
      worker?.reports.map(({ kind, tier, count }) => ({ kind, tier, count })),
      [{ kind: 'circular-dependency', tier: 'strict', count: 1 }],
    );
    assert.equal(worker.counts.classes, 2);
    assert.equal(result.code, 0);
  });

  it('that cannot be written is told of, and nothing else changes', async () => {
    const made = project(head);
    writeFileSync(made.path('file'), '');
    const result = await made.tracked(['main.mjs'], { LOCKDEP_OUT: 'file/out' });
    assert.match(result.stderr, /^lockdep: could not write .*file/);
    assert.equal(result.code, 0);
  });

  it('has the same fields in the package as in the sources', async () => {
    const made = Project.withLockdep({
      'main.mjs': `import { Mutex } from 'lockdep'; ${INVERSION} console.log(process.pid);`,
    });
    const { stdout } = await made.tracked(['main.mjs'], { LOCKDEP_OUT: 'out', LOCKDEP_RUNNER: '1' });
    const text = readFileSync(made.path(`out/lockdep-${stdout.trim()}.json`), 'utf8');
    const fields = [
      'version',
      'pid',
      'thread',
      'runner',
      'complete',
      'at',
      'counts',
      'accepted',
      'reports',
      'waits',
      'waitText',
    ];
    assert.deepEqual(Object.keys(JSON.parse(text) as object), fields);
  });

  it('that cannot be written is told of once, however often that is tried', async () => {
    const made = project(
      `${head}${INVERSION} await new Mutex().runExclusive(() => new Promise((done) => setTimeout(done, 20)));`,
    );
    writeFileSync(made.path('file'), '');
    const { code, stderr } = await made.tracked(['main.mjs'], { LOCKDEP_OUT: 'file/out', LOCKDEP_SUMMARY: '1' });
    assert.equal(stderr.split('could not write').length, 2, stderr);
    assert.match(stderr, /^lockdep: .*, 1 report \(1 strict, 0 advisory\)$/m);
    assert.equal(code, 1);
  });
});

interface RunRecord {
  version: number;
  counts: { classes: number; edges: number };
  reports: { kind: string; tier: string; count: number }[];
}
