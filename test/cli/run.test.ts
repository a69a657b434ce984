import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BOTH_ORDERS, built, INVERSION, Project, type Result } from '../adapters/project.js';

const main = fileURLToPath(new URL('cli/main.js', built));
/** `lockdep run` with these words, in the project's folder. */
function run(made: Project, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return made.node([main, 'run', ...words], { env });
}

const inversion = `import { Mutex } from 'async-mutex'; ${INVERSION}`;
const clean = `import { Mutex } from 'async-mutex'; await new Mutex().runExclusive(() => {});`;
const echo = `console.log(JSON.stringify({ argv: process.argv.slice(2), mode: process.env.LOCKDEP, gc: typeof gc }));`;

describe('lockdep run', () => {
  it('prints its help', async () => {
    const { code, stdout } = await run(new Project({}), ['--help']);
    assert.match(stdout, /^Usage: lockdep run /m);
    assert.equal(code, 0);
  });

  it('passes arguments, exit codes and output through', async () => {
    const made = new Project({ 'main.mjs': `${echo} console.error('to stderr'); process.exit(7);` });
    const { code, stdout, stderr } = await run(made, ['--', 'main.mjs', '--enforce', '--', '-x', 'y z']);
    assert.deepEqual(JSON.parse(stdout), { argv: ['--enforce', '--', '-x', 'y z'], mode: 'warn', gc: 'undefined' });
    assert.match(stderr, /^to stderr\nlockdep: .*no reports\n$/);
    assert.equal(code, 7);
  });

  it('ends with 0 for a clean program, and 1 for strict reports', async () => {
    const made = new Project({ 'clean.mjs': clean, 'inversion.mjs': inversion });
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
      const made = new Project({ 'main.mjs': echo, 'main.js': echo });
      const result = await run(made, words);
      assert.deepEqual(JSON.parse(result.stdout), { argv: ['a'], mode: 'warn', gc });
    });
  }

  it('passes on the node options that it was started with itself', async () => {
    const made = new Project({ 'main.mjs': echo });
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
      const result = await run(new Project({ 'main.mjs': echo }), [...words, '--', 'main.mjs'], env);
      assert.equal((JSON.parse(result.stdout) as { mode: string }).mode, mode);
    });
  }

  it('LOCKDEP=off is kept, and told of', async () => {
    const { code, stderr } = await run(new Project({ 'main.mjs': inversion }), ['--', 'main.mjs'], { LOCKDEP: 'off' });
    assert.equal(stderr, 'lockdep: LOCKDEP=off is set, so the program runs without tracking\n');
    assert.equal(code, 0);
  });

  for (const [env, complaint] of [
    [{ LOCKDEP: 'loud' }, "LOCKDEP is 'loud'; it can be off, warn, enforce"],
    [{ LOCKDEP: 'Warn' }, "LOCKDEP is 'Warn'; it can be off, warn, enforce"],
    [{ LOCKDEP: '1\n\u001b[31m' }, "LOCKDEP is '1\\u000a\\u001b[31m'; it can be off, warn, enforce"],
    [{ LOCKDEP_TRACKING: 'exact' }, "LOCKDEP_TRACKING is 'exact'; it can be precise, light"],
    [{ LOCKDEP: 'off', LOCKDEP_TRACKING: 'x' }, "LOCKDEP_TRACKING is 'x'; it can be precise, light"],
    [{ LOCKDEP: 'loud', NODE_ENV: 'production' }, "LOCKDEP is 'loud'; it can be off, warn, enforce"],
  ] as const) {
    for (const words of [
      ['--', 'main.mjs'],
      ['--enforce', 'main.mjs'],
    ]) {
      it(`a value that makes no sense is one line: ${JSON.stringify(env)}, [${words.join(' ')}]`, async () => {
        const { code, stdout, stderr } = await run(new Project({ 'main.mjs': echo }), words, env);
        assert.deepEqual([code, stdout, stderr], [2, '', `lockdep: run: ${complaint}\n`]);
      });
    }
  }

  it('--enforce fails the offending call', async () => {
    const { code, stderr } = await run(new Project({ 'main.mjs': inversion }), ['--enforce', '--', 'main.mjs']);
    assert.match(stderr, /ERR_LOCKDEP_CIRCULAR_DEPENDENCY/);
    assert.equal(code, 1);
  });
});

describe('programs that do not start', () => {
  it('a script that does not exist is a usage error that names its path', async () => {
    const made = new Project({});
    const { code, stderr } = await run(made, ['--', 'missing.js']);
    assert.ok(stderr.startsWith(`lockdep: run: script not found: ${made.path('missing.js')}\n`), stderr);
    assert.equal(code, 2);
  });

  it('a script with a syntax error fails as under node', async () => {
    const { code, stderr } = await run(new Project({ 'main.cjs': 'const' }), ['--', 'main.cjs']);
    assert.match(stderr, /SyntaxError/);
    assert.equal(code, 1);
  });
});

describe('files that only a hook of require knows', () => {
  /** What ts-node does: it compiles `.ts` files as they are required. */
  const hook = `require.extensions['.ts'] = (module, file) =>
    module._compile(require('node:fs').readFileSync(file, 'utf8').replaceAll(': Mutex', ''), file);`;
  const typed = `const { Mutex } = require('async-mutex'); const a: Mutex = new Mutex(), b: Mutex = new Mutex();
    (async () => { ${BOTH_ORDERS} console.log(require.main === module, __filename.endsWith('main.ts'), process.argv.slice(2)); })();`;

  for (const words of [
    ['-r', './hook.cjs', 'main.ts', 'a'],
    ['--require=./hook.cjs', './main.ts', 'a'],
    ['-r', './hook.cjs', './main', 'a'],
  ]) {
    it(`${words.join(' ')} runs as under node, and is tracked`, async () => {
      const made = new Project({ 'hook.cjs': hook, 'main.ts': typed });
      const plain = await made.node(words);
      const { code, stdout, stderr } = await run(made, ['--', ...words]);
      assert.equal(plain.code, 0, plain.stderr);
      assert.equal(stdout, plain.stdout, stderr);
      assert.match(stderr, /1 report \(1 strict/);
      assert.equal(code, 1);
    });
  }

  for (const name of ['main.foo', 'main', '.main', 'main.txt']) {
    it(`an extension that nobody knows is a script, as under node: ${name}`, async () => {
      const made = new Project({
        [name]: `const { Mutex } = require('async-mutex'); (async () => { ${INVERSION} console.log('ran'); })();`,
      });
      const plain = await made.node([name]);
      const { code, stdout, stderr } = await run(made, [name]);
      assert.deepEqual([plain.code, plain.stdout, stdout], [0, 'ran\n', 'ran\n'], stderr);
      assert.match(stderr, /1 report \(1 strict/);
      assert.doesNotMatch(stderr, /ExperimentalWarning/);
      assert.equal(code, 1);
    });
  }

  it('is tracked also where require() is not to load ES modules', async () => {
    const made = Project.withLockdep({ 'main.mjs': inversion });
    for (const [words, env] of [
      [['--', '--no-experimental-require-module', 'main.mjs'], {}],
      [['main.mjs'], { NODE_OPTIONS: '--no-experimental-require-module' }],
    ] as const) {
      const { code, stderr } = await made.node(['node_modules/lockdep/dist/cli/main.js', 'run', ...words], { env });
      assert.match(stderr, /1 report \(1 strict/);
      assert.equal(code, 1);
    }
  });
});

describe('--out', () => {
  it('makes the folder, relative to where it was said', async () => {
    const made = new Project({ 'main.mjs': `process.chdir('/'); ${inversion}` });
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
    const made = new Project({ 'main.mjs': clean });
    writeFileSync(made.path('file'), '');
    const { code, stderr } = await run(made, ['--out', 'file/x', '--', 'main.mjs']);
    assert.match(stderr, /cannot write to .*file/);
    assert.equal(code, 2);
  });
});

describe('processes that the program starts', () => {
  it('fork() is tracked, with an exit code of its own', async () => {
    const made = new Project({
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
    const made = new Project({
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
