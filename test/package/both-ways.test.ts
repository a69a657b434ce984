/** `import` and `require` of the package load different files with the same code: a process has one set of classes, whichever comes first. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage } from './installed.js';

let installed: InstalledPackage;
before(() => {
  installed = new InstalledPackage();
});
after(() => installed.remove());

const ALL = `
  import { createRequire } from 'node:module';
  const require = createRequire(import.meta.url);
  FIRST;
  const imported = [await import('lockdep/async-mutex'), await import('lockdep'), await import('lockdep/locks')];
  const required = [require('lockdep/async-mutex'), require('lockdep'), require('lockdep/locks')];
  const differing = imported.flatMap((names, at) => Object.keys(names).filter((name) => names[name] !== required[at][name]));
  const same = imported.map((names, at) => String(Object.keys(names).sort()) === String(Object.keys(required[at]).sort()));
  const theirs = FIRST_IS_REQUIRE ? require('async-mutex') : await import('async-mutex');
  const { lockdep, Mutex, E_CANCELED } = imported[1];
  const [a, b] = [new Mutex({ class: 'a' }), new (require('lockdep').Mutex)({ class: 'b' })];
  const nest = (outer, inner) => outer.runExclusive(() => inner.runExclusive(() => undefined));
  await nest(a, b);
  await nest(b, a);
  const reports = lockdep.mode === 'off' ? 0 : lockdep.reports().length;
  console.log(JSON.stringify([differing, same, E_CANCELED === theirs.E_CANCELED, reports]));`;

describe('what is imported and what is required', () => {
  for (const [situation, first, isRequired] of [
    ['where an import comes first', `await import('lockdep')`, false],
    ['where a require comes first', `require('lockdep')`, true],
    ['where a part has been required, and the rest is imported', `require('lockdep/async-mutex')`, true],
    [
      'where a part has been imported, and the rest is required',
      `await import('lockdep/async-mutex'); require('lockdep')`,
      false,
    ],
    ['where globalThis is frozen', `Object.freeze(globalThis)`, false],
  ] as const) {
    for (const mode of ['off', 'warn']) {
      it(`is the same ${situation}, in mode ${mode}`, () => {
        installed.write('both.mjs', ALL.replace('FIRST;', `${first};`).replace('FIRST_IS_REQUIRE', String(isRequired)));
        const outcome = installed.node(['both.mjs'], { LOCKDEP: mode });
        assert.equal(outcome.code, 0, outcome.stderr);
        assert.deepEqual(JSON.parse(outcome.stdout), [[], [true, true, true], true, mode === 'off' ? 0 : 1]);
      });
    }
  }

  it('evaluates the code once: an import in mode off loads no CommonJS of the package', () => {
    installed.write(
      'once.mjs',
      `import 'lockdep'; import { createRequire } from 'node:module';
       const { cache } = createRequire(import.meta.url);
       console.log(Object.keys(cache).filter((path) => /lockdep[\\\\/]dist/.test(path)).length);`,
    );
    const outcome = installed.node(['once.mjs'], { NODE_ENV: 'production' });
    assert.equal(outcome.stdout.trim(), '0', outcome.stderr);
  });

  it('is made anew by a second require whose cache has been emptied, as of any module', () => {
    installed.write(
      'anew.cjs',
      `const one = require('lockdep/locks');
       for (const path of Object.keys(require.cache)) delete require.cache[path];
       console.log(one.Mutex === require('lockdep/locks').Mutex);`,
    );
    assert.equal(installed.node(['anew.cjs']).stdout.trim(), 'false');
  });
});
