import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { packageFileAt, packageFileOf } from '../../src/adapters/async-mutex-package.js';
import { Project } from './project.js';

const project = new Project();
const installed = project.path('node_modules/async-mutex');

describe('files of async-mutex', () => {
  const parts = {
    'index.mjs': { part: 'all', esm: true },
    'es6/index.js': { part: 'all', esm: true },
    'lib/index.js': { part: 'all', esm: false },
    'lib/Mutex.js': { part: 'Mutex', esm: false },
    'lib/Semaphore.js': { part: 'Semaphore', esm: false },
    'lib/withTimeout.js': { part: 'withTimeout', esm: false },
    'lib/tryAcquire.js': { part: 'tryAcquire', esm: false },
    'lib/errors.js': { part: 'errors', esm: false },
    'lib/MutexInterface.js': { part: undefined, esm: false },
    'node_modules/tslib/tslib.js': { part: undefined, esm: false },
    'new.mjs': { part: undefined, esm: true },
  };
  for (const [file, expected] of Object.entries(parts)) {
    it(file, () => {
      const path = `${installed}/${file}`;
      const found = packageFileAt(path);
      assert.deepEqual({ part: found?.part, esm: found?.esm }, expected);
      assert.equal(found?.copy.root, installed);
      assert.equal(found.copy.known, true);
      assert.deepEqual(packageFileOf(`${pathToFileURL(path).href}?v=1#x`), found);
      assert.deepEqual(packageFileAt(path.replaceAll('/', '\\')), found);
    });
  }

  it('are only those of a folder whose package.json says so', () => {
    project.write({
      'node_modules/other/package.json': '{ "name": "other" }',
      'node_modules/broken/package.json': '{',
      'vendor/async-mutex/package.json': '{ "name": "async-mutex", "version": "0.2.6" }',
    });
    for (const name of ['node_modules/other', 'node_modules/broken', 'node_modules/absent', '.']) {
      assert.equal(packageFileAt(`${project.root}/${name}/lib/index.js`), undefined, name);
    }
    assert.equal(packageFileAt(`${project.root}/vendor/async-mutex/lib/index.js`)?.copy.known, true);
    assert.equal(packageFileAt(`${project.root}/vendor/async-mutex/lib/other.js`), undefined);
  });

  it('are not modules that are no files', () => {
    for (const url of ['node:fs', 'data:text/javascript,0', 'https://example.com/node_modules/async-mutex/index.mjs']) {
      assert.equal(packageFileOf(url), undefined, url);
    }
  });
});

describe('versions', () => {
  const versions = { '0.1.0': true, '0.2.6': true, '0.3.0': true, '0.5.0': true, '0.5.1-rc.1': true };
  const unknown = {
    '0.0.9': false,
    '0.6.0': false,
    '0.10.0': false,
    '0.50.0': false,
    '1.0.0': false,
    '': false,
    '0.5': false,
  };
  for (const [version, known] of Object.entries({ ...versions, ...unknown })) {
    it(`${version || 'none'} is ${known ? 'known' : 'unknown'}`, () => {
      const folder = `versions/${version || 'none'}`;
      project.write({ [`${folder}/package.json`]: JSON.stringify({ name: 'async-mutex', version }) });
      assert.deepEqual(packageFileAt(project.path(`${folder}/index.mjs`))?.copy, {
        root: project.path(folder),
        version,
        known,
      });
    });
  }
});
