import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { projectUrl, readDocument, sectionOf } from './documents.js';
import { exportedNames } from './exported-names.js';

/** Each entry point of the package, and the module behind it. */
const entryPoints = [
  ['lockdep', 'index'],
  ['lockdep/locks', 'locks'],
  ['lockdep/eager', 'eager'],
  ['lockdep/async-mutex', 'async-mutex'],
  ['lockdep/testing', 'testing'],
  ['lockdep/http', 'http'],
  ['lockdep/register', 'register'],
] as const;

/** What stands in the first cell of the table: `` | `a`, `b` | ``. */
function documentedNames(section: string): string[] {
  const cells = section.split('\n').flatMap((line) => /^\| (`[^|]+`) \|/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
}

describe('docs/api.md names every export', () => {
  const document = readDocument('docs/api.md');
  for (const [entryPoint, module] of entryPoints) {
    it(`of ${entryPoint}, and nothing else`, () => {
      const source = readFileSync(new URL(`src/${module}.ts`, projectUrl), 'utf8');
      const documented = documentedNames(sectionOf(document, entryPoint));
      assert.deepEqual(documented.toSorted(), exportedNames(source).toSorted());
    });
  }
  it('of an entry point for each one that package.json has', () => {
    const manifest = JSON.parse(readFileSync(new URL('package.json', projectUrl), 'utf8')) as { exports: object };
    // The engine is what the package itself loads; a bundle finds it by that name.
    const internal = ['./package.json', './engine'];
    const entries = Object.keys(manifest.exports).filter((entry) => !internal.includes(entry));
    assert.deepEqual(
      entries.map((entry) => `lockdep${entry.slice(1)}`).sort(),
      entryPoints.map(([entryPoint]) => entryPoint).sort(),
    );
  });
  it('with a link in each row to where it is explained', () => {
    const sections = entryPoints.map(([entryPoint]) => sectionOf(document, entryPoint));
    const rows = sections.flatMap((section) => section.split('\n').filter((line) => line.startsWith('| `')));
    assert.ok(rows.length > 10);
    assert.deepEqual(
      rows.filter((row) => !/\]\([^)]+\) \|$/.test(row)),
      [],
    );
  });
});

describe('the exports of a source file', () => {
  for (const [situation, source, names] of [
    ['are those of a list', "export { a, b as c } from './x.js';", ['a', 'c']],
    [
      'are those of a list of types',
      "export type { A, B } from './x.js';\nexport { C, type D };",
      ['A', 'B', 'C', 'D'],
    ],
    ['are those of a list with a comma at its end', "export {\n  A,\n  B,\n} from './x.js';", ['A', 'B']],
    [
      'are those of declarations',
      'export const a: A = b;\nexport async function c() {}\nexport type D = E;',
      ['a', 'c', 'D'],
    ],
    ['are not those in comments', '/** export { a } */\n// export { b }\nimport "./x.js";', []],
  ] as const) {
    it(situation, () => assert.deepEqual(exportedNames(source), names));
  }
  for (const source of ["export * from './x.js';", 'export default a;']) {
    it(`can not be named where it says ${source}`, () => assert.throws(() => exportedNames(source), /has no name/));
  }
});
