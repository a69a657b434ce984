import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AttachError } from '../../src/attach/attach-error.js';
import { attached } from '../../src/attach/attach.js';
import { lookAtFile } from '../../src/attach/look.js';
import { executableOf, listenersOf, statusOf } from '../../src/attach/proc.js';
import type { StacksData } from '../../src/attach/stacks-data.js';
import { UsageError } from '../../src/cli/command.js';
import { stacks as command } from '../../src/cli/stacks.js';
import { built, cleanEnvironment, Project, runNode, WITHOUT_COVERAGE, type Result } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
const isLinux = process.platform === 'linux';

/** Two opposite nestings of async-mutex that met, with others in the queue behind. */
const STUCK = `import { Mutex } from 'async-mutex';
import { Worker } from 'node:worker_threads';
const [accounts, ledger] = [new Mutex(), new Mutex()];
async function pay() { await accounts.acquire(); await tick(); await ledger.acquire(); }
async function settle() { await ledger.acquire(); await tick(); await accounts.runExclusive(() => {}); }
async function tick() { await new Promise((resolve) => setTimeout(resolve, 5)); }
async function handler(request) { await pay(); return request; }
for (let request = 0; request < 6; request++) handler({ request });
settle();
let turns = 0;
setInterval(() => { turns += 1; }, 5);
process.on('message', () => process.send(turns));
new Worker('setInterval(() => {}, 1000)', { eval: true });
setTimeout(() => process.send('ready'), 50);
`;

const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));

interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
}

/** Runs until its first message. */
async function started(project: Project, words: readonly string[]): Promise<Program> {
  const child = spawn(process.execPath, ['--inspect-port=0', ...words], {
    cwd: project.root,
    env: cleanEnvironment(WITHOUT_COVERAGE),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  children.push(child);
  await once(child, 'message');
  return { pid: child.pid as number, child };
}

const stacks = (project: Project, ...words: string[]): Promise<Result> =>
  runNode([main, 'stacks', ...words], { cwd: project.root });

/** What the program answers, twice: it goes on in between. */
async function goesOn({ child }: Program): Promise<boolean> {
  const counts: number[] = [];
  for (let ask = 0; ask < 2; ask++) {
    child.send('turns?');
    const [count] = (await once(child, 'message')) as [number];
    counts.push(count);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return (counts[1] as number) > (counts[0] as number);
}

describe('lockdep stacks of a process that never loaded it', { skip: !isLinux }, () => {
  it('shows two who ask at once who waits at which await, the deadlocked and the queued, and leaves the process as it was', async () => {
    const project = new Project({ 'main.mjs': STUCK });
    const program = await started(project, ['main.mjs']);
    const ask = (): Promise<Result> => stacks(project, '--attach', '--read-time', '60', String(program.pid));
    for (const { code, stdout, stderr } of await Promise.all([ask(), ask()])) {
      assert.match(stderr, /^(lockdep: another lockdep looks at the process: .*\n)?$/);
      assert.match(stdout, /^process \d+, Node v\d+\.\d+\.\d+: \d+ suspended functions\n/);
      const stack =
        '    <anonymous> async-mutex/index.mjs:\\d+:\\d+\n    pay main.mjs:4:AT\n    handler main.mjs:7:35\n';
      const queued = `^3 times, waiting for Semaphore._queue:\n${stack.replace('AT', '24')}`;
      const deadlocked = `1 time, waiting for Semaphore._queue:\n${stack.replace('AT', '64')}`;
      const unread = '2 more of the same functions, positions not read\n';
      assert.match(stdout, new RegExp([queued, deadlocked, unread].join('\n'), 'm'));
      assert.match(stdout, /^1 time, waiting for Semaphore._queue:\n.*async-mutex.*\n {4}settle main\.mjs:5:65\n/m);
      assert.match(stdout, /^positions: \d+ read, in \d+ ms of at most 6\d{4} ms; \d+ not read: 3 are read /m);
      assert.match(stdout, /^paused the process for \d+ ms \(heap \d+ MB\)/m);
      assert.match(stdout, /^not looked into: 1 worker thread$/m);
      assert.doesNotMatch(stdout, /not tied together|Probe/);
      assert.equal(code, 0);
    }
    assert.deepEqual(listenersOf(program.pid), []);
    assert.equal(await goesOn(program), true);
    program.child.kill();
  });

  it('works while the process spins, and leaves no port open either', async () => {
    const project = new Project({
      'main.cjs': `async function waits() { await new Promise((resolve) => { globalThis.go = resolve; }); }
        waits();
        process.send(1, () => { for (let n = 0; ; n++) if (n % 1e7 === 0) require('fs').appendFileSync('turns', '.'); });`,
    });
    const program = await started(project, ['main.cjs']);
    const { code, stdout, stderr } = await stacks(project, '--attach', String(program.pid));
    assert.equal(stderr, '');
    assert.match(stdout, /^1 time, waiting for globalThis\.go:\n {4}waits main\.cjs:1:26\n/m);
    assert.equal(code, 0);
    assert.deepEqual(listenersOf(program.pid), []);
    const turns = (): number => statSync(project.path('turns')).size;
    const before = turns();
    for (let wait = 0; wait < 500 && turns() === before; wait++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.ok(turns() > before, 'it goes on');
    program.child.kill('SIGKILL');
  });

  it('uses a debugger that is open, and shows authors’ positions, locks that the program tells, and data', async () => {
    const map = { version: 3, sources: ['pay.ts'], names: [], mappings: 'AAoBA,gBAAgB' };
    const url = `data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`;
    const project = new Project({
      'hook.cjs': `require.extensions['.ts'] = (module, file) => module._compile(
        require('node:fs').readFileSync(file, 'utf8') + '\\n//# sourceMappingURL=${url}', file);`,
      'main.ts': `async function pay() { await gate; }
        const gate = new Promise((resolve) => { globalThis.go = resolve; });
        globalThis[Symbol.for('lockdep.diag.1')] = { waits: () => JSON.stringify({ waits: [
          { lockClass: 'accounts', mode: 'exclusive', site: 'pay.ts:21:17' }] }) };
        pay(); setInterval(() => {}, 1000); process.send(1);`,
    });
    const program = await started(project, ['--inspect=0', '-r', './hook.cjs', 'main.ts']);
    const { code, stdout, stderr } = await stacks(project, '--json', String(program.pid));
    assert.equal(stderr, '');
    const data = JSON.parse(stdout) as StacksData;
    assert.equal(data.version, 1);
    const [group] = data.groups;
    assert.equal(group?.waitsFor, 'lock accounts, exclusive');
    assert.deepEqual(group?.stack, {
      function: 'pay',
      file: 'pay.ts',
      line: 21,
      column: 17,
      isAwait: true,
      count: 1,
      awaitedBy: [],
    });
    assert.equal(code, 0);
    assert.equal(listenersOf(program.pid).length, 1);
    program.child.kill();
  });
});

describe('functions at one `await` of a scope', { skip: !isLinux }, () => {
  it('wait for its lock where they do, and for what its callback does where they have it', async () => {
    const project = new Project({
      'main.mjs': `import { lockdep, Semaphore } from ${JSON.stringify(new URL('index.js', built).href)};
        lockdep.configure({ mode: 'warn' });
        const pool = new Semaphore(2, { class: 'pool' });
        async function job() { await pool.runExclusive(() => new Promise((done) => setTimeout(done, 1e6))); }
        for (let each = 0; each < 5; each++) job();
        setTimeout(() => process.send('ready'), 50);`,
    });
    const program = await started(project, ['main.mjs']);
    const { stdout, stderr } = await stacks(project, '--attach', String(program.pid));
    assert.match(stdout, /^3 times, waiting for lock pool, exclusive, held since main\.mjs:4:/m, stderr);
    assert.match(stdout, /^2 times, waiting for Timeout\._onTimeout:/m);
    program.child.kill('SIGKILL');
  });
});

describe('a process that can not be looked into', { skip: !isLinux }, () => {
  const project = new Project({
    'main.mjs': `process.on('message', () => process.send(performance.now())); process.send('ready');`,
  });
  const options = { consent: () => Promise.reject(new Error('asked')), tell: assert.fail };
  const refusal = (pid: number): Promise<void> => attached(pid, options, () => assert.fail('it was attached to'));
  const isRefusal = (message: RegExp) => (error: unknown) =>
    error instanceof AttachError && message.test(error.message);

  /** It says so before anything is asked or sent, and the process goes on as it was. */
  async function isLeftAlone(complaint: RegExp, words: readonly string[] = []): Promise<void> {
    const program = await started(project, [...words, 'main.mjs']);
    await assert.rejects(refusal(program.pid), isRefusal(complaint));
    assert.deepEqual(listenersOf(program.pid), []);
    assert.equal(await goesOn(program), true);
    program.child.kill();
  }

  it('is refused by the command in one line, with exit code 3', async () => {
    const { code, stdout, stderr } = await stacks(project, '--attach', '2147483647');
    assert.equal(stderr, 'lockdep: no process has the number 2147483647\n');
    assert.deepEqual([code, stdout], [3, '']);
  });
  it('has too large a heap, or needs its debugger opened where nobody has agreed to that', async () => {
    const program = await started(project, ['main.mjs']);
    for (const [words, complaint, expected] of [
      [['--attach', '--max-heap', '1M'], /more than --max-heap \(1 MB\)/, 3],
      [[], /^lockdep: stacks: this opens the debugger port of process \d+, .* --attach /, 2],
    ] as const) {
      const { code, stdout, stderr } = await stacks(project, ...words, String(program.pid));
      assert.match(stderr, complaint);
      assert.match(stderr, /^lockdep: .*\n$/);
      assert.deepEqual([code, stdout], [expected, '']);
      assert.deepEqual(listenersOf(program.pid), []);
    }
    assert.equal(await goesOn(program), true);
    program.child.kill();
  });
  it('would open its debugger at a port that another process has', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await isLeftAlone(new RegExp(`port ${port}, .* taken by another`), [`--inspect-port=${port}`]);
    server.close();
  });
  it('does not take SIGUSR1', { skip: !process.allowedNodeEnvironmentFlags.has('--disable-sigusr1') }, () =>
    isLeftAlone(/does not take SIGUSR1/, ['--disable-sigusr1']),
  );
  it('listens to SIGUSR1 itself, which is told when no debugger comes, and opens none', async () => {
    const listening = new Project({
      'main.mjs': `process.on('SIGUSR1', () => {}); setInterval(() => {}, 1000); process.send('ready');`,
    });
    const program = await started(listening, ['main.mjs']);
    await assert.rejects(
      attached(program.pid, { consent: () => Promise.resolve(), tell: assert.fail, patience: 300 }, assert.fail),
      isRefusal(/opened no debugger within 0\.3 s of SIGUSR1: it listens to that signal itself/),
    );
    assert.deepEqual(listenersOf(program.pid), []);
    program.child.kill();
  });
  it('is stopped', async () => {
    const program = await started(project, ['main.mjs']);
    program.child.kill('SIGSTOP');
    while (statusOf(program.pid)?.state !== 'T') await new Promise((resolve) => setTimeout(resolve, 5));
    await assert.rejects(refusal(program.pid), isRefusal(/is stopped/));
    program.child.kill('SIGCONT');
    assert.equal(await goesOn(program), true);
    program.child.kill();
  });
  it('is not one of Node', async () => {
    const child = spawn('sleep', ['60']);
    children.push(child);
    await once(child, 'spawn');
    while (executableOf(child.pid as number) === process.execPath)
      await new Promise((resolve) => setTimeout(resolve, 5));
    await assert.rejects(refusal(child.pid as number), isRefusal(/does not run Node \(.*\)$/));
    assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
    child.kill();
  });
  it('is this very process', () => assert.rejects(refusal(process.pid), isRefusal(/is this very process/)));
  it('belongs to another user', { skip: process.getuid?.() === 0 ? 'root may do all' : false }, () =>
    assert.rejects(refusal(1), isRefusal(/belongs to another user/)),
  );
});

describe('lockdep stacks of a file', () => {
  const project = new Project({
    'main.mjs': `import { writeHeapSnapshot } from 'node:v8';
      async function inner() { await new Promise((resolve) => { globalThis.go = resolve; }); }
      async function outer() { await inner(); }
      outer(); setImmediate(() => writeHeapSnapshot('a.heapsnapshot'));`,
    'text.heapsnapshot': 'no snapshot',
  });

  it('shows where the functions begin', async () => {
    assert.equal((await project.node(['main.mjs'], { env: WITHOUT_COVERAGE })).code, 0);
    const { code, stdout } = await stacks(project, 'a.heapsnapshot');
    assert.match(
      stdout,
      /^1 time, waiting for globalThis\.go:\n {4}inner main\.mjs:2:27 \(where .*\)\n {4}outer main\.mjs:3:27/m,
    );
    assert.equal(code, 0);
  });
  for (const [file, complaint] of [
    ['text.heapsnapshot', /text\.heapsnapshot: no heap snapshot/],
    ['none.heapsnapshot', /no such file/],
    ['.', /directory/],
  ] as const) {
    it(`is refused where that is ${file}`, () =>
      assert.rejects(
        lookAtFile(project.path(file)),
        (error) => error instanceof AttachError && complaint.test(error.message),
      ));
  }
});

describe('a mistake in the command line of lockdep stacks', () => {
  for (const [words, complaint] of [
    [[], /no process and no file/],
    [['1', '2'], /one process or file, not 2/],
    [['--max-heap', 'much', '1'], /--max-heap is 'much'/],
    [['--max-heap=0', '1'], /--max-heap is '0'/],
    [['99999999999'], /99999999999 is no process/],
  ] as const) {
    it(`is told: ${words.join(' ') || 'no word at all'}`, () =>
      assert.rejects(command.run(words), (error) => error instanceof UsageError && complaint.test(error.message)));
  }
  it('has exit code 2', async () => assert.equal((await stacks(new Project(), '--frobnicate')).code, 2));
});
