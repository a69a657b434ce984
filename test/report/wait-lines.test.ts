import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitLines } from '../../src/report/wait-lines.js';
import { NOW, tableOf } from './wait-tables.js';

describe('the lines of a wait table', () => {
  it('are one for all that are equal, with their count and the time of the oldest', () => {
    const table = tableOf({ 1: ['a'] }, [
      { flow: 2, lock: 'a' },
      { flow: 3, lock: 'a', more: { since: NOW - 700 } },
    ]);
    const [held, waiting, ...others] = waitLines(table);
    assert.deepEqual(others, []);
    assert.deepEqual([held?.state, held?.count, held?.heldSince], ['held', 1, '']);
    assert.deepEqual(waiting, {
      count: 2,
      since: NOW - 700,
      state: 'waiting',
      lock: 'a',
      mode: 'exclusive',
      task: 'main',
      site: 'a.ts:2:2',
      heldSince: 'a.ts:1:1',
    });
  });
  it('differ in mode, in what may end the wait, and in the name of the lock', () => {
    const table = tableOf({ 1: ['a'] }, [
      { flow: 2, lock: 'a' },
      { flow: 3, lock: 'a', more: { mode: 'shared' } },
      { flow: 4, lock: 'a', more: { bounded: true } },
      { flow: 5, lock: 'a', more: { kind: 'unlock' } },
    ]);
    const named = { ...table, locks: table.locks.map((lock) => ({ ...lock, name: 'of Ann' })) };
    assert.deepEqual(
      waitLines(named).map(({ lock, mode }) => `${lock} ${mode}`),
      ['exclusive', 'exclusive', 'shared', 'exclusive, bounded', 'unlock'].map((mode) => `a "of Ann" ${mode}`),
    );
  });
  it('can not drive a terminal', () => {
    const table = tableOf({}, [{ flow: 2, lock: '\u001b[2J', site: '\u001b[H', task: '\u0007' }]);
    assert.doesNotMatch(JSON.stringify(waitLines(table)).replace(/\\\\u/g, ''), /\\u/);
  });
});
