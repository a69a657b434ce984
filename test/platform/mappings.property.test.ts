import assert from 'node:assert/strict';
import { SourceMap } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { Mappings } from '../../src/platform/mappings.js';

interface Written {
  readonly column: number;
  readonly source: readonly [source: number, line: number, column: number] | undefined;
  readonly name: number | undefined;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function vlq(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = '';
  do {
    text += DIGITS[(rest & 31) | (rest > 31 ? 32 : 0)];
    rest >>>= 5;
  } while (rest > 0);
  return text;
}

/** As the format has it: columns count from the line's start, everything else from the last of its kind. */
function encoded(lines: readonly (readonly Written[])[]): string {
  let last = [0, 0, 0, 0];
  return lines
    .map((segments) => {
      let column = 0;
      return segments
        .map((segment) => {
          let text = vlq(segment.column - column);
          ({ column } = segment);
          if (segment.source === undefined) return text;
          const now = [...segment.source, segment.name ?? last[3] ?? 0];
          const fields = segment.name === undefined ? 3 : 4;
          text += now
            .slice(0, fields)
            .map((value, at) => vlq(value - (last[at] ?? 0)))
            .join('');
          last = now;
          return text;
        })
        .join(',');
    })
    .join(';');
}

const segment: fc.Arbitrary<Written> = fc.record({
  column: fc.oneof(fc.nat(30), fc.nat(100_000)),
  source: fc.option(fc.tuple(fc.nat(3), fc.nat(100_000), fc.nat(100_000)), { nil: undefined, freq: 6 }),
  name: fc.option(fc.nat(5), { nil: undefined }),
});
const line = (most: number): fc.Arbitrary<Written[]> =>
  fc.tuple(fc.array(segment, { maxLength: most }), fc.nat(9)).map(([segments, luck]) => {
    return luck === 0 ? segments : segments.toSorted((a, b) => a.column - b.column);
  });
const program = fc.record({
  lines: fc.array(fc.oneof(line(5), line(5), line(5), line(600)), { minLength: 1, maxLength: 30 }),
  asked: fc.array(fc.tuple(fc.nat(31), fc.oneof(fc.nat(40), fc.nat(100_001))), { minLength: 20, maxLength: 20 }),
});

const SOURCES = ['a', 'b', 'c', 'd'];

test('every position comes from where Node says', () => {
  fc.assert(
    fc.property(program, ({ lines, asked }) => {
      const text = `${encoded(lines)};`; // Node takes the end of the text for digits
      const payload = {
        version: 3,
        file: '',
        names: ['n', 'o', 'p', 'q', 'r', 's'],
        sources: SOURCES,
        sourcesContent: [],
        mappings: text,
        sourceRoot: '',
      };
      const theirs = new SourceMap(payload as ConstructorParameters<typeof SourceMap>[0]);
      const ours = new Mappings(text);
      for (const [row, column] of asked) {
        const entry = theirs.findEntry(row, column);
        const isFound = 'originalSource' in entry && entry.generatedLine === row && entry.originalSource !== undefined;
        const expected = isFound
          ? { source: SOURCES.indexOf(entry.originalSource), line: entry.originalLine, column: entry.originalColumn }
          : undefined;
        assert.deepEqual(ours.find(row, column), expected, `${row}:${column} of ${text.slice(0, 200)}`);
      }
    }),
    { numRuns: 200 },
  );
});

for (const [what, text] of [
  ['another alphabet', 'AAAA;!'],
  ['a character beyond ASCII', 'AAAÀ'],
  ['a number cut short', 'AAAA;g'],
  ['two fields', 'AA'],
  ['three fields', 'AAA'],
  ['six fields', 'AAAAAA'],
  ['a column below 0', 'DAAA'],
  ['a source below 0', 'ADAA'],
  ['a line below 0', 'AADA'],
  ['a number of seven digits', 'gggggggC'],
] as const) {
  test(`what is not of the format is refused: ${what}`, () => {
    assert.throws(() => new Mappings(text), SyntaxError);
  });
}

test('empty mappings, and positions outside of any, have no source', () => {
  for (const text of ['', ';;;', ',;,', 'AAAA', ';AAAA', 'EAAA', 'A']) {
    assert.equal(new Mappings(text).find(5, 0), undefined, text);
    if (text !== 'AAAA') assert.equal(new Mappings(text).find(0, 1), undefined, text);
  }
});
