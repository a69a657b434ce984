import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AttachError } from '../../src/attach/attach-error.js';
import { listenersOf } from '../../src/attach/proc.js';
import { UsageError } from '../../src/cli/command.js';
import { look, showTable, showTree, type Seen } from '../../src/cli/ps-look.js';
import { programOf } from '../../src/cli/process-command.js';
import { ps, pstree } from '../../src/cli/ps.js';
import { top } from '../../src/cli/top.js';
import type { WaitTable } from '../../src/report/wait-data.js';
import type { WaitTree } from '../../src/report/wait-tree.js';
import { built, cleanEnvironment, Project, runNode, type Result } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
const isLinux = process.platform === 'linux';

/** Two flows in a deadlock, three behind them, and one who holds what nobody wants. */
const BANK = `import { lockdep, Mutex } from ${JSON.stringify(new URL('index.js', built).href)};
const [accounts, ledger, audit] = ['accounts', 'ledger', 'audit'].map((name) => new Mutex({ class: name }));
let meet; const met = new Promise((resolve) => { meet = resolve; });
const pay = () => lockdep.task('pay', () => accounts.runExclusive(async () => { await met; await ledger.runExclusive(() => {}); }));
const settle = () => lockdep.task('settle', () => ledger.runExclusive(async () => { meet(); await accounts.runExclusive(() => {}); }));
for (let each = 0; each < 4; each++) void pay();
void settle();
void audit.runExclusive(() => new Promise(() => {}));
const timer = setInterval(() => {}, 1000);
process.on('message', (word) => {
  if (word === 'spin') process.send('spins', () => { for (;;); });
  if (word === 'end') { clearInterval(timer); process.disconnect(); process.exitCode = 7; }
});
setTimeout(() => process.send('ready'), 20);
`;

const children: ChildProcess[] = [];
after(() => children.forEach((child) => child.kill('SIGKILL')));

interface Program {
  readonly pid: number;
  readonly child: ChildProcess;
  /** Where its sockets are. */
  readonly folder: string;
  readonly stderr: () => string;
}

const PLAIN = ['--inspect-port=0', 'main.mjs'];

async function started(env: NodeJS.ProcessEnv = {}, source = BANK, words = PLAIN): Promise<Program> {
  const project = new Project({ 'main.mjs': source, 'run/empty': '' });
  const child = spawn(process.execPath, words, {
    cwd: project.root,
    env: cleanEnvironment({ LOCKDEP: 'warn', LOCKDEP_DIAG: '1', XDG_RUNTIME_DIR: project.path('run'), ...env }),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  children.push(child);
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  await once(child, 'message');
  return {
    pid: child.pid as number,
    child,
    folder: project.path(`run/lockdep-${process.getuid?.()}`),
    stderr: () => stderr,
  };
}

const lockdep = (...words: string[]): Promise<Result> => runNode([main, ...words], { cwd: '.' });
const unasked = { consent: () => Promise.reject(new Error('asked')), tell: assert.fail, mayAttach: false };
const ask = (pid: number): Promise<Seen> => look(pid, unasked);

describe('a process with LOCKDEP_DIAG=1', { skip: !isLinux }, () => {
  let program: Program;
  before(async () => {
    program = await started();
  });

  it('tells its deadlock to lockdep pstree, on top of those that wait', async () => {
    const text = showTree(await ask(program.pid), { json: false, limit: 200 });
    assert.match(text, /^process \d+: 3 holds, 5 waits, 1 deadlock, /);
    assert.equal(text.match(/^Found 1 deadlock:$/gm)?.length, 1);
    assert.match(
      text,
      /^ {2}1\. flow \d+ \((pay|settle)\) holds (accounts|ledger) since main\.mjs:[45]:\d+, waits for /m,
    );
    assert.match(text, /^ {2}3 x flow \d+ \(pay\) waits for accounts at main\.mjs:4:\d+, for \d+/m);
    assert.match(text, /^1 flow holds what nobody waits for$/m);
  });
  it('tells the same as data, whole to lockdep ps and as a forest to lockdep pstree', async () => {
    const seen = await ask(program.pid);
    const table = JSON.parse(showTable(seen, { json: true, limit: 1 })) as WaitTable;
    assert.deepEqual([table.version, table.pid, table.waits.length], [1, program.pid, 5]);
    const tree = JSON.parse(showTree(seen, { json: true, limit: 1 })) as WaitTree;
    assert.equal(tree.cycles[0]?.length, 2);
    assert.equal(tree.roots[0]?.waiters[0]?.count, 3);
  });
  it('answers lockdep ps with a line for all that are equal', async () => {
    const { code, stdout, stderr } = await lockdep('ps', String(program.pid));
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^COUNT +AGE +STATE +LOCK +MODE +TASK +AT +HELD SINCE$/m);
    assert.match(stdout, /^ +3 +[\d.]+ m?s +waiting +accounts +exclusive +pay +main\.mjs:4:\d+ +main\.mjs:4:\d+$/m);
    assert.match(stdout, /mode warn, tracking precise\)$/m);
  });
  it('answers lockdep top, frame after frame', async () => {
    const { code, stdout, stderr } = await lockdep('top', '--interval=0.1', '--count=2', String(program.pid));
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(
      stdout.match(/^lockdep top - process \d+, \d\d:\d\d:\d\d(?:: \d+ asked for in a second, waits \+0)?$/gm)?.length,
      2,
    );
  });
  it('can be asked by its user alone', () => {
    const [name, ...others] = readdirSync(program.folder);
    assert.deepEqual(others, []);
    assert.equal(statSync(program.folder).mode & 0o777, 0o700);
    assert.equal(statSync(`${program.folder}/${name}`).mode & 0o777, 0o600);
  });
  it('says so to a question that it does not know, or that has no end, and answers the next one', async () => {
    const path = `${program.folder}/${readdirSync(program.folder)[0]}`;
    for (const question of ['nonsense\n', 'constructor\n', `${'x'.repeat(1000)}`]) {
      const socket = connect(path).setEncoding('utf8');
      socket.write(question);
      const [reply] = (await once(socket, 'data')) as [string];
      assert.equal(reply, '{"error":"no such question"}\n');
      socket.destroy();
    }
    assert.equal((await ask(program.pid)).about.mode, 'warn');
  });
  it('answers in tracking light too, ends when it has nothing to do, also while somebody is connected, and removes its socket', async () => {
    const other = await started({ LOCKDEP_TRACKING: 'light' }, BANK.replace('void settle();', 'meet();'));
    assert.match(showTable(await ask(other.pid), { json: false, limit: 9 }), /tracking light\)\nCOUNT/);
    const socket = connect(`${other.folder}/${readdirSync(other.folder)[0]}`);
    await once(socket, 'connect');
    other.child.send('end');
    const [code] = (await once(other.child, 'exit')) as [number];
    assert.equal(code, 7);
    assert.deepEqual(readdirSync(other.folder), []);
    socket.destroy();
  });
  it('answers by its debugger while it spins, which is closed again', async () => {
    program.child.send('spin');
    await once(program.child, 'message');
    const [busy, attached] = await Promise.all([
      ask(program.pid).catch((error: unknown) => error),
      lockdep('pstree', '--attach', String(program.pid)),
    ]);
    assert.ok(busy instanceof AttachError && /event loop is busy/.test(busy.message));
    assert.match(attached.stdout, /^Found 1 deadlock:$/m);
    assert.equal(attached.stderr, 'lockdep: the socket does not answer, so the inspector is asked\n');
    assert.equal(attached.code, 0);
    assert.deepEqual(listenersOf(program.pid), []);
    program.child.kill('SIGKILL');
  });
});

describe('a program under lockdep run', { skip: !isLinux }, () => {
  it('has a socket, and is meant by the number of that command too', async () => {
    const runner = await started({ LOCKDEP_DIAG: '' }, BANK, [main, 'run', 'main.mjs']);
    const program = programOf(runner.pid);
    assert.notEqual(program, runner.pid);
    assert.equal((await ask(program)).table.pid, program);
    assert.equal(programOf(program), program);
    const ended = once(runner.child, 'exit');
    runner.child.kill();
    await ended;
    assert.deepEqual(readdirSync(runner.folder), [], 'a signal ended the program, and that command removed its socket');
  });
});

describe('the folder of sockets', { skip: !isLinux }, () => {
  const left = async (path: string): Promise<void> => {
    const child = spawn(
      process.execPath,
      ['-e', 'require("net").createServer().listen(process.argv[1], () => process.send(1))', path],
      {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      },
    );
    children.push(child);
    await once(child, 'message');
    child.kill('SIGKILL');
    await once(child, 'exit');
  };

  it('loses what a crash has left, and keeps the sockets of those that live, and other files', async () => {
    const project = new Project();
    const folder = project.path(`lockdep-${process.getuid?.()}`);
    mkdirSync(folder, { mode: 0o700 });
    await left(`${folder}/77-1.sock`);
    writeFileSync(`${folder}/notes.txt`, '');
    const living = createServer();
    living.listen(`${folder}/78-1.sock`);
    await once(living, 'listening');
    const program = await started({ XDG_RUNTIME_DIR: project.root });
    for (let wait = 0; wait < 200 && existsSync(`${folder}/77-1.sock`); wait++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const names = readdirSync(folder).map((name) => name.replace(/^(\d+)-\d+\.sock$/, '$1'));
    assert.deepEqual(names.sort(), ['78', String(program.pid), 'notes.txt'].sort());
    assert.equal((await ask(program.pid)).table.pid, program.pid);
    living.close();
    program.child.kill('SIGKILL');
    await once(program.child, 'exit');
    await assert.rejects(
      ask(program.pid),
      (error) => error instanceof AttachError && /no process has/.test(error.message),
    );
  });
  it('is not one into which others may write: a tool takes nothing from it', async () => {
    const program = await started();
    chmodSync(program.folder, 0o770);
    await assert.rejects(ask(program.pid), /asked|no WebSocket/, 'as if there were no socket');
    chmodSync(program.folder, 0o700);
    program.child.kill('SIGKILL');
  });
  it('is another one where that can not be had; a setting that makes no sense is one warning, and the program runs', async () => {
    const project = new Project({ 'full/file': '' });
    symlinkSync('/nowhere', project.path(`full/lockdep-${process.getuid?.()}`));
    const long = project.path('x'.repeat(120));
    const program = await started({ XDG_RUNTIME_DIR: long, TMPDIR: project.path('full') });
    assert.doesNotMatch(program.stderr(), /LOCKDEP_DIAG/);
    assert.equal((await ask(program.pid)).table.pid, program.pid, 'it is in /tmp');
    program.child.kill('SIGKILL');
    const wrong = await started({ LOCKDEP_DIAG: 'yes' });
    assert.match(wrong.stderr(), /\[LOCKDEP_DIAG_FAILED\] .*: it is "yes", and can be 0 or 1\n/);
    wrong.child.kill('SIGKILL');
  });
});

describe('a process that can not be asked', { skip: !isLinux }, () => {
  it('has no socket, and its debugger is opened for nobody who has not agreed', async () => {
    const program = await started({ LOCKDEP_DIAG: '0' });
    const { code, stdout, stderr } = await lockdep('ps', String(program.pid));
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^lockdep: ps: this opens the debugger port of process \d+, .* --attach .*\n$/);
    program.child.kill('SIGKILL');
  });
  it('follows no locks, which lockdep ps says with exit code 3 and a hint', async () => {
    const program = await started({}, `setInterval(() => {}, 1000); process.send('ready');`);
    const { code, stdout, stderr } = await lockdep('ps', '--attach', String(program.pid));
    assert.deepEqual([code, stdout], [3, '']);
    assert.match(stderr, /^lockdep: process \d+ follows no locks: .*'lockdep stacks \d+' .*\n$/);
    assert.deepEqual(listenersOf(program.pid), []);
    assert.equal(program.child.exitCode, null);
    program.child.kill('SIGKILL');
  });
  it('is gone, which is one line and exit code 3', async () => {
    const { code, stdout, stderr } = await lockdep('pstree', '2147483647');
    assert.deepEqual([code, stdout, stderr], [3, '', 'lockdep: no process has the number 2147483647\n']);
  });
  it('ends while lockdep top looks at it: that is said, and no error', async () => {
    const program = await started();
    const watching = lockdep('top', '--interval=0.2', '--json', String(program.pid));
    setTimeout(() => program.child.kill('SIGKILL'), 1500);
    const { code, stdout, stderr } = await watching;
    assert.deepEqual([code, stderr], [0, `lockdep: process ${program.pid} has ended\n`]);
    const [first = ''] = stdout.split('\n');
    assert.equal((JSON.parse(first) as { waits: WaitTable }).waits.pid, program.pid);
  });
});

describe('a mistake in the command line of ps, pstree or top', () => {
  for (const [command, words, complaint] of [
    [ps, [], /^ps: no process given$/],
    [pstree, ['1', '2'], /^pstree: one process, not 2$/],
    [ps, ['main'], /^ps: 'main' is no number of a process$/],
    [ps, ['0'], /^ps: 0 is no process$/],
    [ps, ['--limit=0', '1'], /--limit is '0'; it can be a whole number from 1$/],
    [top, ['--interval=0', '1'], /--interval is '0'; it can be seconds/],
    [top, ['--count=many', '1'], /--count is 'many'/],
  ] as const) {
    it(`is told: ${words.join(' ') || 'no word at all'}`, () =>
      assert.rejects(command.run(words), (error) => error instanceof UsageError && complaint.test(error.message)));
  }
});
