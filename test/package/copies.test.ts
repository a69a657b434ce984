/** Several versions of the package in one process, as a tree of dependencies brings them. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage, type Outcome } from './installed.js';

/** What a version from before there was a register leaves behind. */
const OLDER = `
  const state = (key, made) => globalThis[Symbol.for(key)] ??
    Object.defineProperty(globalThis, Symbol.for(key), { value: made })[Symbol.for(key)];
  state('lockdep.runtime.1', {});
  state('lockdep.directories.1', new Set()).add(__dirname + require('node:path').sep);`;

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
  const older = join('node_modules', 'dependency', 'node_modules', 'lockdep');
  mkdirSync(join(installed.project, older, 'dist'), { recursive: true });
  installed.write(join(older, 'package.json'), '{ "name": "lockdep", "version": "0.0.9", "main": "dist/index.js" }');
  installed.write(join(older, 'dist', 'index.js'), OLDER);
  installed.write(join('node_modules', 'dependency', 'index.js'), `require('lockdep');`);
});
after(() => installed.remove());

/** How often it was warned, of what. */
function warned({ stderr }: Outcome): string[] {
  return stderr.split('\n').filter((line) => line.includes('LOCKDEP_COPIES'));
}

function ran(code: string, env: NodeJS.ProcessEnv = {}, name = 'program.cjs'): Outcome {
  installed.write(name, code);
  const outcome = installed.node([name], env);
  assert.equal(outcome.code, 0, outcome.stderr);
  return outcome;
}

describe('an older copy of the package in a dependency', () => {
  for (const [order, code, name] of [
    ['before this one', `require('dependency'); new (require('lockdep').Mutex)();`, 'first.cjs'],
    ['after this one', `new (require('lockdep/async-mutex').Mutex)(); require('dependency');`, 'second.cjs'],
    [
      'long after this one',
      `new (require('lockdep').Mutex)(); setTimeout(() => require('dependency'), 30);`,
      'late.cjs',
    ],
    [
      'after an import of this one',
      `import { Mutex } from 'lockdep/locks'; import 'dependency'; new Mutex();`,
      'second.mjs',
    ],
  ] as const) {
    it(`that is loaded ${order} is told of by one sentence, with versions and places`, () => {
      const lines = warned(ran(code, {}, name));
      assert.equal(lines.length, 1, lines.join('\n'));
      assert.match(
        lines[0] ?? '',
        /lockdep \d\S+ \(\S+\) and lockdep 0\.0\.9 \(\S+dependency\S+\) do not see each other's/,
      );
    });
  }

  it('is not told of while the mode is off, and is when it is turned on', () => {
    const off = ran(`require('lockdep'); require('dependency');`, { NODE_ENV: 'production' });
    assert.equal(off.stderr, '');
    const on = `const { lockdep } = require('lockdep'); require('dependency'); lockdep.configure({ mode: 'warn' });`;
    assert.equal(warned(ran(on, { NODE_ENV: 'production' })).length, 1);
  });

  it('is told of under lockdep run', () => {
    installed.write('program.cjs', `require('dependency');`);
    const cli = join(installed.folder, 'dist', 'cli', 'main.js');
    const outcome = installed.node([cli, 'run', 'program.cjs']);
    assert.equal(warned(outcome).length, 1, outcome.stderr);
  });
});

describe('one version of the package in one process', () => {
  it('is silent where its files are loaded again, by other ways, and in a context of its own', () => {
    const { stderr } = ran(`
      const { readFileSync } = require('node:fs');
      const vm = require('node:vm');
      require('lockdep');
      for (const path of Object.keys(require.cache)) delete require.cache[path];
      require('lockdep/async-mutex');
      const path = require.resolve('lockdep/locks');
      const load = require('node:module').createRequire(path);
      const context = vm.createContext({ process, queueMicrotask, setTimeout, setInterval, clearInterval, setImmediate });
      const evaluated = (name) => {
        const file = load.resolve(name);
        if (!file.startsWith(require('node:path').dirname(path))) return load(name);
        const made = { exports: {} };
        const code = '(function (exports, require, module, __filename, __dirname) {' + readFileSync(file, 'utf8') + '\\n})';
        vm.runInContext(code, context)(made.exports, evaluated, made, file, require('node:path').dirname(file));
        return made.exports;
      };
      evaluated('lockdep/locks');
      import('lockdep').then(() => import('./node_modules/lockdep/dist/esm/index.js'));`);
    assert.equal(stderr, '');
  });
});
