/** What `lockdep run` says of a program that hangs, however it is ended, and how that ends. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { built, cleanEnvironment, Project } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));

/** Two flows that wait for each other, and a program that a timer keeps alive. */
const STUCK = `
import { Mutex } from 'async-mutex';
const [a, b] = [new Mutex(), new Mutex()];
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
void a.runExclusive(() => sleep(5).then(() => b.runExclusive(() => {})));
void b.runExclusive(() => sleep(5).then(() => a.runExclusive(() => {})));
setInterval(() => {}, 1000);
await sleep(20);
const ready = () => console.log('pid ' + process.pid + ' ready');
`;
const TABLE =
  /^lockdep: what was held and awaited .*:\n {2}Found 1 circle of flows that wait for each other:\n(?: {4}.*\n)(?: {2}held .*\n){2}(?: {2}waiting .*, at main\.mjs:\d+:\d+\n){2}/m;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

class Run {
  readonly made: Project;
  readonly runner: ChildProcess;
  readonly #closed: Promise<unknown[]>;
  #stdout = '';
  #stderr = '';

  constructor(script: string, words: readonly string[] = []) {
    this.made = new Project({ 'main.mjs': script });
    mkdirSync(this.made.path('tmp'));
    // A group of its own, as a shell makes one for what is in its foreground.
    this.runner = spawn(process.execPath, [main, 'run', ...words, '--', 'main.mjs'], {
      cwd: this.made.root,
      env: cleanEnvironment({ TMPDIR: this.made.path('tmp') }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      timeout: 30_000,
    });
    this.runner.stdout!.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.runner.stderr!.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#closed = once(this.runner, 'close');
  }

  /** The program's id, once it has printed that. */
  async ready(): Promise<number> {
    for (;;) {
      const found = /pid (\d+) ready/.exec(this.#stdout);
      if (found !== null) return Number(found[1]);
      await once(this.runner.stdout!, 'data', { signal: AbortSignal.timeout(20_000) });
    }
  }

  /** Its end; what it has kept for that is gone by then. */
  async end(): Promise<Ended> {
    const [code, signal] = (await this.#closed) as [number | null, string | null];
    // The folder of sockets stays for other processes, which remove what a killed one has left there.
    const left = readdirSync(this.made.path('tmp'));
    assert.deepEqual(
      left.filter((name) => name !== `lockdep-${process.getuid?.()}`),
      [],
    );
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }
}

const group = ({ runner }: Run): number => -(runner.pid as number);

describe('a program that hangs and is ended', { skip: process.platform === 'win32', concurrency: 2 }, () => {
  for (const [name, signal, target] of [
    ['Ctrl-C, which a terminal sends to the whole group', 'SIGINT', group],
    ['kill of the command alone', 'SIGTERM', ({ runner }: Run) => runner.pid as number],
    ['a terminal that is closed', 'SIGHUP', group],
    ['kill of the program alone', 'SIGTERM', (_: Run, pid: number) => pid],
    ['kill -9 of the program', 'SIGKILL', (_: Run, pid: number) => pid],
  ] as const) {
    it(`says who waited for whom, and ends by the signal: ${name}`, async () => {
      const run = new Run(`${STUCK} if (process.listenerCount('${signal}') === 0) ready();`);
      const pid = await run.ready();
      process.kill(target(run, pid), signal);
      const { code, signal: by, stderr } = await run.end();
      assert.deepEqual([code, by], [null, signal]);
      assert.match(
        stderr,
        new RegExp(`^lockdep: the program was ended by ${signal}; until then, \\d reports? \\(1 strict,`, 'm'),
      );
      assert.match(stderr, TABLE);
    });
  }

  it('says so itself where the command is killed, and ends as well', async () => {
    const run = new Run(`${STUCK} ready();`);
    await run.ready();
    run.runner.kill('SIGKILL');
    // Its stderr is open until the program has ended too.
    const { stderr } = await run.end();
    assert.match(stderr, /^lockdep: 2 lock classes, 2 orders between them, \d reports? \(1 strict/m);
    assert.match(stderr, TABLE);
  });

  it('is ended also where its loop is busy for ever', async () => {
    const run = new Run(`${STUCK} setImmediate(() => { ready(); for (;;); });`);
    await run.ready();
    process.kill(group(run), 'SIGINT');
    const { signal, stderr } = await run.end();
    assert.equal(signal, 'SIGINT');
    assert.match(stderr, TABLE);
  });

  it('keeps the signal where it handles it: the exit code is its own, and the table is there', async () => {
    const run = new Run(
      `${STUCK} process.on('SIGINT', () => { console.log('closing'); setTimeout(() => process.exit(7), 20); }); ready();`,
    );
    await run.ready();
    process.kill(group(run), 'SIGINT');
    const { code, stdout, stderr } = await run.end();
    assert.equal(code, 7);
    assert.match(stdout, /closing\n$/);
    assert.match(stderr, TABLE);
    assert.doesNotMatch(stderr, /was ended by/);
  });

  it('ends by a signal that a listener of it raises again, being the only one', async () => {
    const run = new Run(`${STUCK}
      const listener = () => {
        if (process.listeners('SIGTERM').length !== 1) return;
        process.off('SIGTERM', listener);
        process.kill(process.pid, 'SIGTERM');
      };
      process.on('SIGTERM', listener); ready();`);
    await run.ready();
    run.runner.kill('SIGTERM');
    const { signal, stderr } = await run.end();
    assert.equal(signal, 'SIGTERM');
    assert.match(stderr, TABLE);
  });

  it('says it once where the signal comes again and again', async () => {
    const run = new Run(`${STUCK} ready();`);
    await run.ready();
    for (let round = 0; round < 3; round++) process.kill(group(run), 'SIGINT');
    const { signal, stderr } = await run.end();
    assert.equal(signal, 'SIGINT');
    assert.match(stderr, TABLE);
    assert.equal(stderr.split('what was held').length, 2, stderr);
  });

  it('says it once where a listener of its end makes a further report', async () => {
    const late = `process.on('exit', () => new Mutex().release()); process.exit(3);`;
    const { code, stderr } = await new Run(`${STUCK} ${late}`).end();
    assert.equal(code, 3);
    assert.match(stderr, /LOCKDEP_BAD_UNLOCK_BALANCE/);
    assert.equal(stderr.split('lockdep: ').length, 3, stderr);
  });

  for (const [end, code] of [
    ['process.exit(3)', 3],
    [`setImmediate(() => { throw new Error('x'); })`, 1],
    [`Promise.reject(new Error('x'))`, 1],
  ] as const) {
    it(`says so, and keeps its exit code: ${end}`, async () => {
      const { code: got, stderr } = await new Run(`${STUCK} ${end};`).end();
      assert.equal(got, code, stderr);
      assert.match(stderr, TABLE);
    });
  }

  it('leaves the record of its reports and waits in the folder that it was given, whatever ends it', async () => {
    const run = new Run(`${STUCK} ready();`, ['--out', 'out']);
    const pid = await run.ready();
    process.kill(pid, 'SIGKILL');
    const { stderr } = await run.end();
    assert.match(stderr, TABLE);
    const record = JSON.parse(readFileSync(run.made.path(`out/lockdep-${pid}.json`), 'utf8')) as {
      complete: boolean;
      reports: { kind: string }[];
      waits: { waits: unknown[]; cycles: unknown[] };
    };
    assert.equal(record.complete, false);
    assert.equal(record.reports[0]?.kind, 'circular-dependency');
    assert.deepEqual([record.waits.waits.length, record.waits.cycles.length], [2, 1]);
  });

  it('shows nothing of an earlier run into the same folder', async () => {
    const run = new Run(`${STUCK} ready();`, ['--out', 'out']);
    process.kill(await run.ready(), 'SIGKILL');
    await run.end();
    run.made.write({ 'quiet.mjs': '' });
    const again = await run.made.node([main, 'run', '--out', 'out', '--', 'quiet.mjs']);
    assert.match(again.stderr, /^lockdep: 0 lock classes, 0 orders between them, no reports\n$/);
  });

  it('shows also what a child process and a worker thread were waiting for that end with it', async () => {
    const run = new Run(`
      import { fork } from 'node:child_process';
      import { once } from 'node:events';
      import { Worker } from 'node:worker_threads';
      await once(new Worker(new URL('worker.mjs', import.meta.url)), 'message');
      await once(fork('child.mjs'), 'message');
      console.log('pid ' + process.pid + ' ready');`);
    run.made.write({
      'child.mjs': `${STUCK} process.send('stuck');`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads'; ${STUCK} parentPort.postMessage('stuck');`,
    });
    await run.ready();
    process.kill(group(run), 'SIGINT');
    const { stderr } = await run.end();
    assert.match(
      stderr,
      /^lockdep: the program was ended by SIGINT; until then, no reports\n {2}in worker threads: \d reports? \(1 strict/m,
    );
    assert.match(
      stderr,
      /^lockdep: what was held and awaited in worker thread \d+ of process \d+, .*:\n {2}Found 1 circle/m,
    );
    assert.match(stderr, /^lockdep: process \d+ has ended without a summary; until then, \d reports? \(1 strict/m);
  });
});
