import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { topFrame, type FrameOptions, type Sample } from '../../src/cli/top-text.js';
import { NOW, tableOf } from '../report/wait-tables.js';

const about = { mode: 'warn', tracking: 'light', reports: 1, holdsMade: 100 };
const sample: Sample = {
  about,
  table: tableOf({ 1: ['b'] }, [
    { flow: 2, lock: 'b' },
    { flow: 3, lock: 'b' },
    { flow: 4, lock: 'a', by: [], more: { since: NOW - 9000 } },
  ]),
};

const frame = (options: Partial<FrameOptions> = {}, before?: Sample): string[] =>
  topFrame(sample, before, { pid: 7, sort: 'age', isPaused: false, hasKeys: true, rows: 24, columns: 200, ...options });

/** State, lock and count of the lines of the table. */
const rows = (lines: readonly string[]): string[] =>
  lines.slice(5).map((line) => line.replace(/^ *(\d+) +[\d.]+ m?s +(\w+) +(\w+).*/, '$1 $2 $3'));

describe('a frame of lockdep top', () => {
  it('has the sums, the keys and the table', () => {
    const lines = frame();
    assert.match(lines[0] ?? '', /^lockdep top - process 7, \d\d:\d\d:\d\d$/);
    assert.equal(lines[1], '1 hold, 3 waits, 0 deadlocks, 1 report (mode warn, tracking light)');
    assert.equal(lines[2], 'sorted by age; q quits, s sorts by the next one, p pauses');
    assert.deepEqual(rows(lines), ['1 waiting a', '1 held b', '2 waiting b']);
  });
  it('is sorted by what was chosen', () => {
    assert.deepEqual(rows(frame({ sort: 'count' })), ['2 waiting b', '1 waiting a', '1 held b']);
    assert.deepEqual(rows(frame({ sort: 'lock' })), ['1 waiting a', '1 held b', '2 waiting b']);
  });
  it('counts rates from the frame before', () => {
    const before = { about: { ...about, holdsMade: 40 }, table: { ...sample.table, at: NOW - 2000, waits: [] } };
    assert.match(frame({}, before)[0] ?? '', /: 30 asked for in a second, waits \+3$/);
  });
  it('says that it is paused, and no keys where there are none', () => {
    const [first = '', , third] = frame({ isPaused: true, hasKeys: false });
    assert.match(first, / \[paused\]$/);
    assert.equal(third, 'sorted by age');
  });
  it('is no larger than the terminal', () => {
    const lines = frame({ rows: 7, columns: 30 });
    assert.ok(lines.length <= 7 && lines.every((line) => line.length <= 30), lines.join('\n'));
    assert.equal(lines.at(-1), '... and 2 more lines');
  });
  it('says that the mode is off', () => {
    const off = topFrame({ ...sample, about: { ...about, mode: 'off' } }, undefined, {
      pid: 7,
      sort: 'age',
      isPaused: false,
      hasKeys: true,
      rows: 24,
      columns: 200,
    });
    assert.equal(off[1], 'lockdep is off: no lock is followed');
  });
});
