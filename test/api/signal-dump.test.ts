import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lockdep } from '../../src/index.js';
import { built, Project } from '../adapters/project.js';

const isPosix = process.platform !== 'win32';

/** Runs the program, which has `lockdep`, a mutex that is held and one who waits for it; the rest is its own. */
async function run(program: string, env: NodeJS.ProcessEnv = { LOCKDEP: 'warn' }) {
  const project = new Project({
    'main.mjs': `import { lockdep, Mutex } from ${JSON.stringify(new URL('index.js', built).href)};
      const accounts = new Mutex({ class: 'accounts' });
      void accounts.runExclusive(() => new Promise(() => {}));
      void accounts.runExclusive(() => {});
      const send = (signal) => process.kill(process.pid, signal);
      const soon = (fn) => setTimeout(fn, 400);
      const warnings = [];
      process.on('warning', ({ code }) => warnings.push(code));
      ${program}`,
  });
  return project.node(['main.mjs'], { env });
}

describe('a dump at a signal', { skip: !isPosix }, () => {
  it('is the table on stderr, and the program and its other listeners go on until it is ended', async () => {
    const { stdout, stderr, code } = await run(`
      let others = 0;
      process.on('SIGUSR2', () => { others += 1; });
      const dump = lockdep.dumpOnSignal();
      send('SIGUSR2');
      soon(() => {
        dump[Symbol.dispose]();
        dump[Symbol.dispose]();
        send('SIGUSR2');
        soon(() => { console.log(others, process.listenerCount('SIGUSR2')); process.exit(); });
      });`);
    const heads = stderr.match(/^lockdep: process \d+ at .*, on SIGUSR2:\nheld accounts, .*\nwaiting accounts, .*$/gm);
    assert.equal(heads?.length, 1, stderr);
    assert.deepEqual([stdout, code], ['2 1\n', 0]);
  });
  it('comes once where it is asked for twice, which is told, and ends with the last one', async () => {
    const { stdout, stderr } = await run(`
      const [one, two] = [lockdep.dumpOnSignal(), lockdep.dumpOnSignal()];
      one[Symbol.dispose]();
      send('SIGUSR2');
      soon(() => {
        two[Symbol.dispose]();
        console.log(warnings.join(), process.listenerCount('SIGUSR2'));
        process.exit();
      });`);
    assert.equal(stdout, 'LOCKDEP_DUMP_ON_SIGNAL 0\n');
    assert.equal(stderr.match(/, on SIGUSR2:$/gm)?.length, 1);
  });
  it('does not keep the program from being ended by SIGTERM', async () => {
    const { stderr, code } = await run(
      `lockdep.dumpOnSignal('SIGTERM'); send('SIGTERM'); setTimeout(() => {}, 10_000);`,
    );
    assert.match(stderr, /, on SIGTERM:\nheld accounts/);
    assert.notEqual(code, 0);
  });
  it('leaves SIGTERM to a listener of the program', async () => {
    const { stdout, code } = await run(`
      process.on('SIGTERM', () => { console.log('mine'); process.exit(7); });
      lockdep.dumpOnSignal('SIGTERM'); send('SIGTERM'); setTimeout(() => {}, 10_000);`);
    assert.deepEqual([stdout, code], ['mine\n', 7]);
  });
  it('says that the mode is off, and keeps no program alive', async () => {
    const { stderr, code } = await run(`lockdep.dumpOnSignal(); send('SIGUSR2'); soon(() => {});`, { LOCKDEP: 'off' });
    assert.match(stderr, /, on SIGUSR2:\nlockdep is off: no lock is followed\n/);
    assert.equal(code, 0);
  });
});

describe('a signal that can not be listened to', () => {
  for (const [given, complaint] of [
    ['SIGNONE', { name: 'RangeError', message: /signal must be .*, got "SIGNONE"$/ }],
    ['SIGKILL', { name: 'RangeError', message: /signal must be .*, got "SIGKILL"$/ }],
    ['constructor', { name: 'RangeError', message: /got "constructor"$/ }],
    [12, { name: 'TypeError', message: /signal must be the name of a signal, got 12$/ }],
    [null, { name: 'TypeError', message: /got null$/ }],
  ] as const) {
    it(`is refused: ${String(given)}`, () =>
      assert.throws(() => lockdep.dumpOnSignal(given as unknown as string), complaint));
  }
});
