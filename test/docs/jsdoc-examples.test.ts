/**
 * The examples in the comments of the public declarations are right: a program of its own each, they are checked by the compiler as
 * those of a user who has installed the package. What they use of it is imported for them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { InstalledPackage } from '../package/installed.js';
import { projectUrl } from './documents.js';
import { exportedNames } from './exported-names.js';
import { commented, entryPoints, examplesOf } from './jsdoc.js';

const exported = Object.entries(entryPoints).map(([entryPoint, module]) => ({
  entryPoint,
  names: exportedNames(readFileSync(new URL(`dist/types/${module}.d.ts`, projectUrl), 'utf8')),
}));

/** The example as a module. */
function programOf(example: string): string {
  const imports = exported.flatMap(({ entryPoint, names }) => {
    const used = names.filter((name) => new RegExp(`(?<![.\\w])${name}\\b`).test(example));
    return used.length === 0 ? [] : [`import { ${used.join(', ')} } from '${entryPoint}';`];
  });
  return [...imports, example, 'export {};', ''].join('\n');
}

describe('the examples in the comments of the public declarations', () => {
  const examples = new Map(commented.flatMap((each) => examplesOf(each).map((code) => [code, each.path])));
  let installed: InstalledPackage;
  before(() => {
    installed = new InstalledPackage();
  });
  after(() => installed.remove());

  it('are many', () => assert.ok(examples.size > 50, `${examples.size}`));

  it('compile, all of them', () => {
    const files = [...examples].map(([code, path], index) => {
      const name = `${path.replace(/\W/g, '_')}-${index}.mts`;
      installed.write(name, programOf(code));
      return name;
    });
    assert.equal(installed.check('examples', files), '');
  });

  it('are really looked at: one that is wrong does not compile', () => {
    installed.write(
      'wrong.mts',
      programOf("const mutex = new Mutex();\nconst held: number = await mutex.acquire('first');"),
    );
    const found = installed.check('wrong', ['wrong.mts']);
    assert.match(found, /wrong\.mts\(3,7\): error TS2322/);
    assert.match(found, /wrong\.mts\(3,\d+\): error TS2345/);
  });
});
