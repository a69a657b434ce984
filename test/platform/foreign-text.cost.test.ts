import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageFileAt, packageFileOf } from '../../src/adapters/async-mutex-package.js';
import { filePath } from '../../src/platform/file-path.js';
import { MAX_NAME_LENGTH, isOwnFrame, siteOf, sitePosition, stackLines } from '../../src/report/stack-text.js';
import { readMap } from '../../src/platform/map-file.js';
import { wrap } from '../../src/report/wording.js';
import { plain, plainLines } from '../../src/platform/plain-text.js';
import { frame } from '../report/samples.js';

/** So long that a quadratic step takes seconds. */
const LENGTH = 50_000;

/** What a backtracking pattern of this package might start over at, at every place of a long name. */
const UNITS = [
  'a',
  ' ',
  '\t',
  '\n',
  '?',
  '?a=',
  '?a',
  '#',
  '/',
  '/a',
  '/?a=',
  '\\',
  '../',
  './',
  '(',
  ')',
  '()',
  '(:1',
  ':1',
  ':1:1',
  '1',
  'eval at ',
  'eval at f (',
  '//',
  '//# ',
  'sourceMappingURL=',
  '//# sourceMappingURL=',
  ';',
  'g',
  'data:',
  ',',
  ';base64',
  'file:',
  'a:',
  'a.',
  '%',
  '%e0',
  '\u202e',
  '\ud800',
  '/lib/',
  '/lib/a',
  '/node_modules',
  '/node_modules/async-mutex/',
  'index.mjs',
] as const;
const STARTS = ['', '/', 'file:///', 'eval at f (', 'data:'] as const;
const ENDS = ['', '/!'] as const;

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  filePath,
  isOwnFrame,
  stackLines: (text) => stackLines([frame(text, text, 1, 1)]),
  siteOf: (text) => siteOf([frame('f', text, 1, 1)]),
  sitePosition: (text) => sitePosition({ file: text, line: 1, column: 1 }),
  packageFileAt,
  packageFileOf,
  plain,
  plainLines,
  wrap: (text) => wrap(text, 2),
  'a source of a map': (text) => readMap(JSON.stringify({ sources: [text], mappings: 'AAAA' }), '/elsewhere')(0, 0),
  'a root of a map': (text) =>
    readMap(JSON.stringify({ sources: ['a'], sourceRoot: text, mappings: 'AAAA' }), '/elsewhere')(0, 0),
  'the text of a map': (text) => {
    try {
      return readMap(text, '/elsewhere');
    } catch {
      return undefined;
    }
  },
};

for (const [name, read] of Object.entries(READERS)) {
  test(`the cost of ${name} is linear in the text`, () => {
    for (const unit of UNITS) {
      const long = unit.repeat(Math.ceil(LENGTH / unit.length));
      for (const start of STARTS) {
        for (const end of ENDS) {
          const text = start + long + end;
          const started = performance.now();
          read(text);
          const took = performance.now() - started;
          assert.ok(
            took < 2000,
            `${took} ms for ${JSON.stringify(start)}, many ${JSON.stringify(unit)}, ${JSON.stringify(end)}`,
          );
        }
      }
    }
  });
}

test('a name of any length is printed at a bounded one, with both of its ends', () => {
  const text = `/first/${'a'.repeat(LENGTH)}/last.js`;
  const [line = ''] = stackLines([frame(`begin${'f'.repeat(LENGTH)}end`, text, 12, 34)]);
  assert.match(line, /^beginf+\.{3}f+end \(\/first\/a+\.{3}a+\/last\.js:12:34\)$/);
  assert.ok(line.length < 3 * MAX_NAME_LENGTH);
});
