import assert from 'node:assert/strict';
import { readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

import { InstalledPackage, projectFolder, run } from './installed.js';
import type { Outcome } from './installed.js';
import { surface } from './surface.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

/** `.` is `lockdep`, `./testing` is `lockdep/testing`. */
const specifierOf = (entry: string): string => `lockdep${entry.slice(1)}`;

/** The result of a child process that must succeed silently but for one line of JSON. */
function json(outcome: Outcome): unknown {
  assert.equal(outcome.stderr, '');
  assert.equal(outcome.code, 0);
  return JSON.parse(outcome.stdout);
}

describe('the tarball', () => {
  it('holds the compiled modules, their types, and prose', () => {
    const allowed =
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/.*|dist\/.*\.m?js|dist\/(esm\/)?package\.json|dist\/types\/.*\.d\.m?ts)$/;
    const files = installed.files();
    assert.deepEqual(
      files.filter((file) => !allowed.test(file) || /\btest\b/.test(file.replace(/^docs\//, ''))),
      [],
    );
    assert.ok(files.includes('LICENSE'));
  });

  it('has every file that its exports name, types for each', () => {
    const files = installed.files();
    const named = (value: unknown): string[] =>
      typeof value === 'string' ? [value] : Object.values(value as object).flatMap(named);
    const paths = named(installed.manifest.exports);
    assert.deepEqual(
      paths.filter((path) => !files.includes(path.slice(2))),
      [],
    );
    for (const [entry, conditions] of Object.entries(installed.manifest.exports)) {
      if (entry !== './package.json') assert.ok(typeof conditions === 'object' && 'types' in conditions, entry);
    }
  });

  it('says nothing of the machine that made it, and refers to no source map', () => {
    for (const file of installed.files()) {
      const text = readFileSync(join(installed.folder, file), 'utf8');
      for (const trace of ['src', 'dist', 'build', 'node_modules'].map((name) => join(projectFolder, name))) {
        assert.equal(text.includes(trace), false, `${file} has ${trace}`);
      }
      assert.equal(/^\/\/# sourceMappingURL=/m.test(text), false, `${file} refers to a source map`);
    }
  });

  it('depends on async-mutex and nothing else, and runs nothing when it is installed', () => {
    const { dependencies, optionalDependencies, peerDependencies, scripts } = installed.manifest;
    assert.deepEqual(Object.keys(dependencies ?? {}), ['async-mutex']);
    assert.deepEqual(Object.keys({ ...optionalDependencies, ...peerDependencies }), []);
    for (const name of ['preinstall', 'install', 'postinstall']) {
      assert.equal(scripts?.[name], undefined, name);
    }
  });

  it('names the Node versions it runs on', () => {
    assert.equal(installed.manifest.engines['node'], '^20.19.0 || >=22.12.0');
  });
});

describe('the entry points', () => {
  it('are the ones with a list of names, and package.json', () => {
    assert.deepEqual(
      Object.keys(installed.manifest.exports).sort(),
      [...Object.keys(surface), './engine', './package.json'].sort(),
    );
  });

  for (const [entry, names] of Object.entries(surface)) {
    const specifier = JSON.stringify(specifierOf(entry));

    it(`${entry} exports its names to import()`, () => {
      const code = `import(${specifier}).then((m) => console.log(JSON.stringify(Object.keys(m).sort())))`;
      assert.deepEqual(json(installed.node(['-e', code])), names);
    });

    it(`${entry} is one instance for require() and import()`, () => {
      const code = `
        const required = require(${specifier});
        import(${specifier}).then((imported) => {
          const same = Object.keys(imported).every((name) => imported[name] === required[name]);
          console.log(JSON.stringify([same, Object.keys(required).sort()]));
        });`;
      assert.deepEqual(json(installed.node(['--input-type=commonjs', '-e', code])), [true, names]);
    });
  }

  it('share one instance among themselves', () => {
    const code = `
      import * as main from 'lockdep';
      import * as standIn from 'lockdep/async-mutex';
      console.log(JSON.stringify([main.Mutex === standIn.Mutex, main.E_TIMEOUT === standIn.E_TIMEOUT]));`;
    assert.deepEqual(json(installed.node(['--input-type=module', '-e', code])), [true, true]);
  });

  it('stand in for exactly what async-mutex exports', () => {
    const code = "import('async-mutex').then((m) => console.log(JSON.stringify(Object.keys(m).sort())))";
    assert.deepEqual(json(installed.node(['-e', code])), surface['./async-mutex']);
  });

  it('give out package.json', () => {
    const code = "console.log(JSON.stringify(require('lockdep/package.json').version))";
    assert.equal(json(installed.node(['--input-type=commonjs', '-e', code])), installed.manifest.version);
  });

  it('hide every other file', () => {
    const code = "import('lockdep/dist/index.js').catch((error) => console.log(JSON.stringify(error.code)))";
    assert.equal(json(installed.node(['-e', code])), 'ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  for (const option of ['--import', '--require']) {
    it(`let ${option} preload lockdep/register`, () => {
      assert.equal(json(installed.node([option, 'lockdep/register', '-p', '1'])), 1);
    });
  }
});

describe('the command', () => {
  it('prints the version', () => {
    const { code, stdout, stderr } = installed.node([commandPath(), '--version']);
    assert.equal(stderr, '');
    assert.ok(stdout.includes(installed.manifest.version), stdout);
    assert.equal(code, 0);
  });

  it('can be run by itself, through a link', { skip: process.platform === 'win32' }, () => {
    assert.equal(statSync(commandPath()).mode & 0o111, 0o111);
    const link = join(installed.project, 'lockdep');
    symlinkSync(commandPath(), link);
    const { code, stdout } = run(link, ['--version'], installed.project);
    assert.ok(stdout.includes(installed.manifest.version), stdout);
    assert.equal(code, 0);
  });

  const commandPath = (): string => join(installed.folder, installed.manifest.bin['lockdep'] ?? '');
});

describe('a TypeScript project that uses the package', () => {
  const body = `
    async function use(): Promise<void> {
      const mutex = new lockdep.Mutex();
      const release: () => void = await mutex.acquire();
      release();
      const text: string = await mutex.runExclusive(() => 'text');
      const semaphore = new lockdep.Semaphore(2);
      const [value, free]: [number, () => void] = await semaphore.acquire();
      free();
      const mode: 'off' | 'warn' | 'enforce' = lockdep.lockdep.mode;
      const lockClass: lockdep.LockClass = lockdep.lockClass('a');
      // @ts-expect-error a release is not a number
      const wrong: number = await mutex.acquire();
      // @ts-expect-error a semaphore needs its value
      new lockdep.Semaphore();
      console.log(text, value, mode, lockClass, wrong, await lockdep.tryAcquire(mutex).acquire());
    }
    void use();`;

  before(() => {
    const others =
      "import 'lockdep/register';\nimport 'lockdep/testing';\nimport { Mutex } from 'lockdep/async-mutex';";
    installed.write('module.mts', `import * as lockdep from 'lockdep';\n${others}\n${body}\nnew Mutex().cancel();\n`);
    installed.write('common.cts', `import lockdep = require('lockdep');\n${body}\n`);
  });

  for (const module of ['node20', 'nodenext']) {
    it(`type-checks with module ${module}, libraries included`, () => {
      const options = { module, lib: ['es2023'], skipLibCheck: false, noUncheckedSideEffectImports: true };
      assert.equal(installed.check(module, ['module.mts', 'common.cts'], options), '');
    });
  }
});
