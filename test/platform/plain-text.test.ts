import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plain, plainLines } from '../../src/platform/plain-text.js';

/** One of each kind that a terminal obeys, or that hides or turns around what stands beside it. */
const ESCAPED: readonly (readonly [what: string, text: string, shown: string])[] = [
  ['a line break', 'a\nb', 'a\\u000ab'],
  ['a return to the start of the line', 'a\rb', 'a\\u000db'],
  ['a colour', '\u001b[31mred', '\\u001b[31mred'],
  ['a title of the window', '\u001b]0;t\u0007', '\\u001b]0;t\\u0007'],
  ['a colour that begins in C1', '\u009b31mred', '\\u009b31mred'],
  ['nothing and delete', '\u0000\u007f', '\\u0000\\u007f'],
  ['a line and a paragraph separator', '\u2028\u2029', '\\u2028\\u2029'],
  ['overrides of direction', '\u202a\u202b\u202c\u202d\u202e', '\\u202a\\u202b\\u202c\\u202d\\u202e'],
  ['isolates of direction', '\u2066\u2067\u2068\u2069', '\\u2066\\u2067\\u2068\\u2069'],
  ['marks of direction', '\u200e\u200f\u061c', '\\u200e\\u200f\\u061c'],
  ['what cannot be seen', '\u200b\u2060\ufeff\u00ad', '\\u200b\\u2060\\ufeff\\u00ad'],
  ['halves of a pair', '\ud800 \udc00', '\\ud800 \\udc00'],
  ['tags beyond the first plane', '\u{e0041}', '\\u{e0041}'],
];

for (const [what, text, shown] of ESCAPED) {
  test(`${what}: shown as an escape, and not escaped again`, () => {
    assert.equal(plain(text), shown);
    assert.equal(plain(shown), shown);
  });
}

test('names in any script, and emoji, stay as they are', () => {
  for (const name of ['', 'src/my app.ts:1:2', 'žluť', 'счёт', '口座', 'حساب', 'می‌خواهم', '👨‍👩‍👧', '\\u001b', 'a#2/b']) {
    assert.equal(plain(name), name);
  }
});

test('the lines of a stack stay lines, and none of them begins like a message', () => {
  assert.equal(
    plainLines('Error: x\r\n    at f\nLOCKDEP: \u001b[1mforged'),
    ['Error: x', '        at f', '    LOCKDEP: \\u001b[1mforged'].join('\n'),
  );
});

test('a text of 200,000 hostile characters takes no time to speak of', () => {
  const started = performance.now();
  for (const unit of ['\u202e', ' ', '\ud800', '\n', '\u200d']) plainLines(unit.repeat(200_000));
  assert.ok(performance.now() - started < 10_000);
});
