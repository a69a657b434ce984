import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BOTH_ORDERS, printed, Project, register, type Files } from './project.js';

const NAMES = ['E_ALREADY_LOCKED', 'E_CANCELED', 'E_TIMEOUT', 'Mutex', 'Semaphore', 'tryAcquire', 'withTimeout'];
/** The stand-in for async-mutex, imported by its own path: what every other way of loading must give. */
const OURS = JSON.stringify(new URL('async-mutex.js', register).href);

const isOurs = `(loaded) => ${JSON.stringify(NAMES)}.every((name) => loaded[name] === ours[name])`;

describe('every way of loading async-mutex gives the substitute', () => {
  const ways: Record<string, Files> = {
    import: {
      'main.mjs': `import * as loaded from 'async-mutex'; import * as ours from ${OURS};
        console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded)]));`,
    },
    'import()': {
      'main.mjs': `const loaded = await import('async-mutex'); const ours = await import(${OURS});
        console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded)]));`,
    },
    'import() in CommonJS': {
      'main.mjs': `await import('./main.cjs');`,
      'main.cjs': `(async () => { const loaded = await import('async-mutex'); const ours = await import(${OURS});
        console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded)])); })();`,
    },
    require: {
      'main.mjs': `import './main.cjs';`,
      'main.cjs': `const loaded = require('async-mutex');
        import(${OURS}).then((ours) => console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded).sort()])));`,
    },
    createRequire: {
      'main.mjs': `import { createRequire } from 'node:module'; import * as ours from ${OURS};
        const loaded = createRequire(import.meta.url)('async-mutex');
        console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded).sort()]));`,
    },
    'a path to the ES module': {
      'main.mjs': `import * as loaded from './node_modules/async-mutex/index.mjs?again'; import * as ours from ${OURS};
        console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded)]));`,
    },
    'import of the CommonJS file': {
      'main.mjs': `import * as loaded from './node_modules/async-mutex/lib/index.js'; import * as ours from ${OURS};
        console.log(JSON.stringify([(${isOurs})(loaded) && (${isOurs})(loaded.default), Object.keys(loaded.default).sort()]));`,
    },
  };
  for (const [name, files] of Object.entries(ways)) {
    it(name, async () => {
      const result = await new Project(files).tracked(['main.mjs']);
      assert.deepEqual(printed(result), [true, NAMES]);
      assert.equal(result.stderr, '');
      assert.equal(result.code, 0);
    });
  }

  it('a CommonJS main module', async () => {
    const made = new Project({
      'main.cjs': `const loaded = require('async-mutex');
        import(${OURS}).then((ours) => console.log(JSON.stringify([(${isOurs})(loaded), Object.keys(loaded).sort()])));`,
    });
    assert.deepEqual(printed(await made.tracked(['main.cjs'])), [true, NAMES]);
  });
});

describe('copies', () => {
  /** An application and a dependency with an async-mutex of its own; both load it in both ways. */
  function twoCopies(version: string): Project {
    const dependency = 'node_modules/dep';
    const made = new Project({
      [`${dependency}/package.json`]: JSON.stringify({ name: 'dep', version: '1.0.0' }),
      [`${dependency}/load.cjs`]: `module.exports = require('async-mutex');`,
      [`${dependency}/load.mjs`]: `export * from 'async-mutex';`,
    });
    made.installAsyncMutex(`${dependency}/node_modules/async-mutex`, version);
    return made;
  }

  it('nested copies and both halves share classes, functions and errors', async () => {
    const made = twoCopies('0.3.2');
    made.write({
      'main.mjs': `import { createRequire } from 'node:module';
        import * as own from 'async-mutex';
        import * as nested from 'dep/load.mjs';
        const require = createRequire(import.meta.url);
        const all = [own, nested, require('async-mutex'), require('dep/load.cjs')];
        console.log(JSON.stringify(Object.keys(own).map((name) => new Set(all.map((loaded) => loaded[name])).size)));`,
    });
    assert.deepEqual(
      printed(await made.tracked(['main.mjs'])),
      NAMES.map(() => 1),
    );
  });

  it('an inversion between locks of two copies is seen', async () => {
    const made = twoCopies('0.4.1');
    made.write({
      'main.mjs': `import { Mutex as OwnMutex } from 'async-mutex';
        import { createRequire } from 'node:module';
        const nested = createRequire(import.meta.url)('dep/load.cjs');
        const a = new OwnMutex();
        const b = new nested.Mutex();
        ${BOTH_ORDERS}`,
    });
    const result = await made.tracked(['main.mjs'], { LOCKDEP_SUMMARY: '1' });
    assert.match(result.stderr, /LOCKDEP_CIRCULAR_DEPENDENCY/);
    assert.equal(result.code, 1);
  });

  it('a copy that is installed under another name', async () => {
    const made = new Project({
      'main.mjs': `import { Mutex } from 'lock'; import * as ours from ${OURS}; import { createRequire } from 'node:module';
        const required = createRequire(import.meta.url)('lock');
        console.log(JSON.stringify([Mutex === ours.Mutex, required.Mutex === ours.Mutex]));`,
    });
    made.install('async-mutex', 'node_modules/lock');
    assert.deepEqual(printed(await made.tracked(['main.mjs'])), [true, true]);
  });

  it('a package of another name with the same files is left alone', async () => {
    const made = new Project({
      'node_modules/other/package.json': JSON.stringify({
        name: 'other',
        version: '0.5.0',
        exports: { import: './index.mjs', require: './lib/index.js' },
      }),
      'node_modules/other/index.mjs': `export const Mutex = 'esm';`,
      'node_modules/other/lib/index.js': `exports.Mutex = 'cjs';`,
      'main.mjs': `import { Mutex } from 'other'; import { createRequire } from 'node:module';
        console.log(JSON.stringify([Mutex, createRequire(import.meta.url)('other').Mutex]));`,
    });
    assert.deepEqual(printed(await made.tracked(['main.mjs'])), ['esm', 'cjs']);
  });
});

describe('the interface as programs use it', () => {
  it('keeps instanceof, subclassing and error identity across the halves', async () => {
    const made = new Project({
      'main.mjs': `import { Mutex, Semaphore, withTimeout, E_CANCELED, E_TIMEOUT } from 'async-mutex';
        import { createRequire } from 'node:module';
        const cjs = createRequire(import.meta.url)('async-mutex');
        class Named extends Mutex { constructor(name) { super(); this.name = name; } }
        const named = new Named('n');
        const release = await named.acquire();
        const errors = [];
        const waiting = named.acquire().catch((error) => errors.push(error));
        named.cancel();
        await waiting;
        await withTimeout(named, 1).acquire().catch((error) => errors.push(error));
        release();
        console.log(JSON.stringify([
          named instanceof cjs.Mutex, new cjs.Semaphore(1) instanceof Semaphore, named.name,
          errors[0] === cjs.E_CANCELED, errors[0] === E_CANCELED, errors[1] === cjs.E_TIMEOUT, errors[1] === E_TIMEOUT,
          cjs.__esModule,
        ]));`,
    });
    assert.deepEqual(printed(await made.tracked(['main.mjs'])), [true, true, 'n', true, true, true, true, true]);
  });

  it('lets a program replace what require gave it', async () => {
    const made = new Project({
      'main.cjs': `const loaded = require('async-mutex'); loaded.Mutex = class Fake {};
        console.log(JSON.stringify(require('async-mutex').Mutex.name));`,
    });
    assert.equal(printed(await made.tracked(['main.cjs'])), 'Fake');
  });

  it('covers the deep paths and the default import of old versions', async () => {
    const made = new Project({
      'node_modules/old/package.json': JSON.stringify({ name: 'async-mutex', version: '0.1.4', main: 'lib/index.js' }),
      'node_modules/old/lib/index.js': `"use strict"; exports.__esModule = true;
        var Mutex_1 = require("./Mutex"); exports.Mutex = Mutex_1.default;`,
      'node_modules/old/lib/Mutex.js': `"use strict"; exports.__esModule = true; exports.default = function Mutex() {};`,
      'main.mjs': `import { createRequire } from 'node:module'; import * as ours from ${OURS};
        import named, { Mutex } from 'old'; import deep from 'old/lib/Mutex.js';
        const required = createRequire(import.meta.url)('old/lib/Mutex');
        console.log(JSON.stringify([Mutex, named.Mutex, deep.default, required.default].map((it) => it === ours.Mutex)));`,
    });
    assert.deepEqual(printed(await made.tracked(['main.mjs'])), [true, true, true, true]);
  });

  it('covers each file of the public face', async () => {
    const made = new Project({
      'main.mjs': `import { createRequire } from 'node:module'; import * as ours from ${OURS};
        const require = createRequire(import.meta.url);
        const lib = (name) => require('./node_modules/async-mutex/lib/' + name + '.js');
        console.log(JSON.stringify([
          lib('Mutex').default === ours.Mutex, lib('Semaphore').default === ours.Semaphore,
          lib('withTimeout').withTimeout === ours.withTimeout, lib('tryAcquire').tryAcquire === ours.tryAcquire,
          Object.entries(lib('errors')).every(([name, error]) => error === ours[name]), Object.keys(lib('errors')).length,
        ]));`,
    });
    assert.deepEqual(printed(await made.tracked(['main.mjs'])), [true, true, true, true, true, 3]);
  });
});

describe('versions with an unknown interface', () => {
  const load = `import { Mutex } from 'async-mutex'; import * as ours from ${OURS};
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('async-mutex');
    console.log(JSON.stringify([Mutex === ours.Mutex, required.Mutex === ours.Mutex]));`;

  for (const version of ['0.6.0', '1.0.0', '0.10.0']) {
    it(`${version} is left alone, with one warning`, async () => {
      const made = new Project({ 'main.mjs': load });
      made.installAsyncMutex('node_modules/async-mutex', version);
      const result = await made.tracked(['main.mjs']);
      assert.deepEqual(printed(result), [false, false]);
      const warnings = result.stderr.match(/\[LOCKDEP_UNKNOWN_ASYNC_MUTEX\] LockdepWarning: .*/g);
      assert.equal(warnings?.length, 1, result.stderr);
      assert.ok(warnings[0].includes(`async-mutex ${version} `), warnings[0]);
      assert.ok(warnings[0].includes(made.path('node_modules/async-mutex')), warnings[0]);
    });
  }

  it('is warned of when it is imported only, or has other files', async () => {
    const made = new Project({
      'node_modules/async-mutex/package.json': JSON.stringify({
        name: 'async-mutex',
        version: '2.0.0',
        type: 'module',
        exports: './new.js',
      }),
      'node_modules/async-mutex/new.js': `export class Mutex {}`,
      'main.mjs': `import 'async-mutex';`,
    });
    const result = await made.tracked(['main.mjs']);
    assert.match(result.stderr, /LOCKDEP_UNKNOWN_ASYNC_MUTEX\] LockdepWarning: async-mutex 2\.0\.0 /);
  });
});
