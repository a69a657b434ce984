import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { built, cleanEnvironment, INVERSION, Project, type Files, type Result } from '../integrations/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
const projects: Project[] = [];
after(() => projects.forEach((project) => project.remove()));

function project(files: Files): Project {
  const made = new Project(files);
  projects.push(made);
  return made;
}

/** `lockdep run` with these words, in the project's folder. */
function run(made: Project, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return made.node([main, 'run', ...words], { env });
}

const inversion = `import { Mutex } from 'async-mutex'; ${INVERSION}`;
const clean = `import { Mutex } from 'async-mutex'; await new Mutex().runExclusive(() => {});`;
const echo = `console.log(JSON.stringify({ argv: process.argv.slice(2), mode: process.env.LOCKDEP, gc: typeof gc }));`;

describe('lockdep run', () => {
  it('prints its help', async () => {
    const { code, stdout } = await run(project({}), ['--help']);
    assert.match(stdout, /^Usage: lockdep run /m);
    assert.equal(code, 0);
  });

  it('passes arguments, exit codes and output through', async () => {
    const made = project({ 'main.mjs': `${echo} console.error('to stderr'); process.exit(7);` });
    const { code, stdout, stderr } = await run(made, ['--', 'main.mjs', '--enforce', '--', '-x', 'y z']);
    assert.deepEqual(JSON.parse(stdout), { argv: ['--enforce', '--', '-x', 'y z'], mode: 'warn', gc: 'undefined' });
    assert.match(stderr, /^to stderr\nlockdep: .*no reports\n$/);
    assert.equal(code, 7);
  });

  it('ends with 0 for a clean program, and 1 for strict reports', async () => {
    const made = project({ 'clean.mjs': clean, 'inversion.mjs': inversion });
    assert.equal((await run(made, ['--', 'clean.mjs'])).code, 0);
    const { code, stdout, stderr } = await run(made, ['--', 'inversion.mjs']);
    assert.equal(code, 1);
    assert.equal(stdout, '');
    assert.match(stderr, /LOCKDEP_CIRCULAR_DEPENDENCY[^]*1 report \(1 strict, 0 advisory\)/);
  });

  for (const [words, gc] of [
    [['main.mjs', 'a'], 'undefined'],
    [['--', 'node', 'main.mjs', 'a'], 'undefined'],
    [['--', '--expose-gc', 'main.mjs', 'a'], 'function'],
    [['node', '--expose-gc', 'main.mjs', 'a'], 'function'],
    [['--', 'main', 'a'], 'undefined'],
  ] as const) {
    it(`takes the program as ${words.join(' ')}`, async () => {
      const made = project({ 'main.mjs': echo, 'main.js': echo });
      const result = await run(made, words);
      assert.deepEqual(JSON.parse(result.stdout), { argv: ['a'], mode: 'warn', gc });
    });
  }

  it('passes on the node options that it was started with itself', async () => {
    const made = project({ 'main.mjs': echo });
    const result = await made.node(['--expose-gc', main, 'run', '--', 'main.mjs']);
    assert.equal((JSON.parse(result.stdout) as { gc: string }).gc, 'function');
  });
});

describe('the mode of a run', () => {
  for (const [words, env, mode] of [
    [[], { LOCKDEP: 'enforce' }, 'enforce'],
    [['--enforce'], {}, 'enforce'],
    [['--enforce'], { LOCKDEP: 'warn' }, 'enforce'],
    [['--enforce'], { LOCKDEP: 'off' }, 'enforce'],
    [[], { LOCKDEP: '' }, 'warn'],
    [[], { NODE_ENV: 'production' }, 'warn'],
  ] as const) {
    it(`is ${mode} with ${JSON.stringify(env)} and [${words.join(' ')}]`, async () => {
      const result = await run(project({ 'main.mjs': echo }), [...words, '--', 'main.mjs'], env);
      assert.equal((JSON.parse(result.stdout) as { mode: string }).mode, mode);
    });
  }

  it('LOCKDEP=off is kept, and told of', async () => {
    const { code, stderr } = await run(project({ 'main.mjs': inversion }), ['--', 'main.mjs'], { LOCKDEP: 'off' });
    assert.equal(stderr, 'lockdep: LOCKDEP=off is set, so the program runs without tracking\n');
    assert.equal(code, 0);
  });

  it('an unknown one is a usage error', async () => {
    const { code, stderr } = await run(project({ 'main.mjs': echo }), ['--', 'main.mjs'], { LOCKDEP: 'loud' });
    assert.match(stderr, /LOCKDEP is 'loud'; it can be off, warn, enforce/);
    assert.equal(code, 2);
  });

  it('--enforce fails the offending call', async () => {
    const { code, stderr } = await run(project({ 'main.mjs': inversion }), ['--enforce', '--', 'main.mjs']);
    assert.match(stderr, /ERR_LOCKDEP_CIRCULAR_DEPENDENCY/);
    assert.equal(code, 1);
  });
});

describe('programs that do not start', () => {
  it('a script that does not exist is a usage error that names its path', async () => {
    const made = project({});
    const { code, stderr } = await run(made, ['--', 'missing.js']);
    assert.ok(stderr.startsWith(`lockdep: run: script not found: ${made.path('missing.js')}\n`), stderr);
    assert.equal(code, 2);
  });

  it('a script with a syntax error fails as under node', async () => {
    const { code, stderr } = await run(project({ 'main.cjs': 'const' }), ['--', 'main.cjs']);
    assert.match(stderr, /SyntaxError/);
    assert.equal(code, 1);
  });
});

describe('--out', () => {
  it('makes the folder, relative to where it was said', async () => {
    const made = project({ 'main.mjs': `process.chdir('/'); ${inversion}` });
    for (const words of [
      ['--out', 'a/b'],
      ['--out=c', '--enforce'],
    ]) {
      await run(made, [...words, '--', 'main.mjs']);
    }
    assert.match(readdirSync(made.path('a/b')).join(), /^lockdep-\d+\.json$/);
    assert.match(readdirSync(made.path('c')).join(), /^lockdep-\d+\.json$/);
  });

  it('that cannot be made is a usage error', async () => {
    const made = project({ 'main.mjs': clean });
    writeFileSync(made.path('file'), '');
    const { code, stderr } = await run(made, ['--out', 'file/x', '--', 'main.mjs']);
    assert.match(stderr, /cannot write to .*file/);
    assert.equal(code, 2);
  });
});

describe('signals', { skip: process.platform === 'win32' }, () => {
  const waits = `setInterval(() => {}, 1000); console.log('ready');`;

  /** Sends a signal to `lockdep run` once the program is ready; how the former ended. */
  async function end(script: string, signal: NodeJS.Signals): Promise<unknown[]> {
    const made = project({ 'main.mjs': script });
    const child = spawn(process.execPath, [main, 'run', '--', 'main.mjs'], {
      cwd: made.root,
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 30_000,
    });
    await once(child.stdout, 'data');
    child.kill(signal);
    return once(child, 'exit');
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    it(`${signal} reaches the program, and its end by it is passed on`, async () => {
      assert.deepEqual(await end(waits, signal), [null, signal]);
    });

    it(`${signal} that the program handles`, async () => {
      assert.deepEqual(await end(`process.on('${signal}', () => process.exit(5)); ${waits}`, signal), [5, null]);
    });
  }

  it('a program that kills itself', async () => {
    const made = project({ 'main.mjs': `process.kill(process.pid, 'SIGKILL');` });
    const { code, signal, stderr } = await run(made, ['--', 'main.mjs']);
    assert.deepEqual([code, signal], [null, 'SIGKILL']);
    assert.equal(stderr, 'lockdep: the program was ended by SIGKILL, so there is no summary\n');
  });
});

describe('processes that the program starts', () => {
  it('fork() is tracked, with an exit code of its own', async () => {
    const made = project({
      'main.mjs': `import { fork } from 'node:child_process'; import { once } from 'node:events';
        const [code] = await once(fork('child.mjs'), 'exit'); console.log(code);`,
      'child.mjs': inversion,
    });
    const { code, stdout, stderr } = await run(made, ['--', 'main.mjs']);
    assert.equal(stdout, '1\n');
    assert.match(stderr, /1 report \(1 strict/);
    assert.equal(code, 0);
  });

  it('spawn() is not', async () => {
    const made = project({
      'main.mjs': `import { spawnSync } from 'node:child_process';
        console.log(spawnSync(process.execPath, ['child.mjs'], { stdio: ['ignore', 'inherit', 'inherit'] }).status);`,
      'child.mjs': inversion,
    });
    const { code, stdout, stderr } = await run(made, ['--', 'main.mjs']);
    assert.equal(stdout, '0\n');
    assert.doesNotMatch(stderr, /1 strict/);
    assert.equal(code, 0);
  });
});
