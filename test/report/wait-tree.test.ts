import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waitTree, type TreeFlow } from '../../src/report/wait-tree.js';
import { ageText, waitTreeText } from '../../src/report/wait-tree-text.js';
import type { WaitTable } from '../../src/report/wait-data.js';
import { tableOf } from './wait-tables.js';

const text = (table: WaitTable, limit = 200): string[] => waitTreeText(waitTree(table), limit).split('\n');

/** `2 x 3[4[], 5[]]` of every root. */
function shape(table: WaitTable): string[] {
  const of = ({ flow, count, waiters }: TreeFlow): string =>
    `${count === 1 ? '' : `${count} x `}${flow}[${waiters.map(of).join(', ')}]`;
  return waitTree(table).roots.map(of);
}

describe('the forest of waits', () => {
  it('has those as roots that others wait for and that wait for nobody, with most below first', () => {
    const table = tableOf({ 1: ['a'], 2: ['b'], 3: ['c'] }, [
      { flow: 4, lock: 'a' },
      { flow: 5, lock: 'b' },
      { flow: 3, lock: 'b' },
      { flow: 6, lock: 'c' },
    ]);
    assert.deepEqual(shape(table), ['2[3[6[]], 5[]]', '1[4[]]']);
  });
  it('folds flows that differ in nothing but number and age, and what hangs below them', () => {
    const table = tableOf({ 1: ['a'], 2: ['b'], 3: ['b'] }, [
      { flow: 2, lock: 'a' },
      { flow: 3, lock: 'a' },
      { flow: 4, lock: 'b', by: [2] },
      { flow: 5, lock: 'b', by: [3] },
    ]);
    assert.deepEqual(shape(table), ['1[2 x 2[4[]]]']);
    assert.equal(waitTree(table).roots[0]?.total, 4);
  });
  it('tells apart flows of other tasks, places and locks', () => {
    const table = tableOf({ 1: ['a'] }, [
      { flow: 2, lock: 'a' },
      { flow: 3, lock: 'a', task: 'cron' },
      { flow: 4, lock: 'a', site: 'other.ts:9:9' },
    ]);
    assert.deepEqual(shape(table), ['1[2[], 3[], 4[]]']);
  });
  it('has flows of a deadlock on top, what waits for them below each, and no flow in a circle without an end', () => {
    const table = tableOf(
      { 1: ['a'], 2: ['b'] },
      [
        { flow: 1, lock: 'b' },
        { flow: 2, lock: 'a' },
        { flow: 3, lock: 'a' },
      ],
      [[1, 2]],
    );
    assert.deepEqual(shape(table), ['1[3[]]']);
    assert.deepEqual(text(table), [
      'Found 1 deadlock:',
      '  1. flow 1 (main) holds a since a.ts:1:1, waits for b at b.ts:2:2, for 500 ms',
      '     flow 2 (main) holds b since b.ts:1:1, waits for a at a.ts:2:2, for 500 ms',
      '',
      'flow 1 (main) holds a since a.ts:1:1, for 1.0 s; 1 waits for it',
      '  flow 3 (main) waits for a at a.ts:2:2, for 500 ms',
    ]);
  });
  it('calls a circle possible that the table does not have', () => {
    const table = tableOf({ 1: ['a'], 2: ['b'] }, [
      { flow: 1, lock: 'b' },
      { flow: 2, lock: 'a' },
    ]);
    assert.equal(text(table)[0], 'Found 1 possible deadlock (what holds may not wait):');
    assert.deepEqual(waitTree(table).cycles, []);
  });
  for (const [situation, more] of [
    ['a wait that a timer may end', { bounded: true }],
    ['a wait for what several hold', { blockedBy: [2, 9] }],
  ] as const) {
    it(`sees no circle over ${situation}`, () => {
      const table = tableOf({ 1: ['a'], 2: ['b'], 9: ['b'] }, [
        { flow: 1, lock: 'b', by: [2], more },
        { flow: 2, lock: 'a' },
      ]);
      assert.deepEqual(waitTree(table).deadlocks, []);
      assert.match(text(table).join('\n'), /flow 2 .* waits for a/, 'and all that wait are shown');
    });
  }
  it('says of what nobody is known to hold that it is so, and counts those that nobody waits for', () => {
    const table = tableOf({ 1: ['a'] }, [
      { flow: 2, lock: 'work', more: { kind: 'event' } },
      { flow: 3, lock: 'work', more: { kind: 'event' } },
    ]);
    assert.deepEqual(text(table), [
      '2 x flow 2 (main) waits for work (event) at work.ts:2:2, for 500 ms, which nobody is known to hold',
      '1 flow holds what nobody waits for',
    ]);
  });
  it('says that nothing is held or awaited', () =>
    assert.deepEqual(text(tableOf({})), ['no locks are held or awaited']));
  it('cuts a long forest, and counts what it leaves out', () => {
    const waits = Array.from({ length: 50 }, (_, at) => ({ flow: at + 10, lock: 'a', site: `a.ts:${at}:1` }));
    assert.deepEqual(text(tableOf({ 1: ['a'] }, waits), 10).slice(9), [
      '  flow 18 (main) waits for a at a.ts:8:1, for 500 ms',
      '... and 41 more lines',
    ]);
  });
  it('carries a chain of 20,000 flows as JSON and as text', () => {
    const length = 20_000;
    const holds = Object.fromEntries(Array.from({ length }, (_, at) => [at, [`k${at}`]]));
    const { locks, flows, ...rest } = tableOf({ 0: ['k0'] }, [{ flow: 1, lock: 'k0' }]);
    const [wait] = rest.waits;
    const table: WaitTable = {
      ...rest,
      locks,
      flows: Object.keys(holds).map((flow) => ({ ...flows[0]!, flow: Number(flow) })),
      waits: Array.from({ length: length - 1 }, (_, at) => ({ ...wait!, flow: at + 1, blockedBy: [at] })),
    };
    const tree = waitTree(table);
    assert.equal(tree.roots[0]?.total, length - 1);
    assert.ok(JSON.stringify(tree).length > 0);
    assert.match(waitTreeText(tree, 200), /and \d+ more below$/);
  });
});

describe('an age', () => {
  for (const [ms, shown] of [
    [0, '0 ms'],
    [999, '999 ms'],
    [1500, '1.5 s'],
    [99_940, '99.9 s'],
    [240_000, '4 min'],
    [36_000_000, '10 h'],
    [-5, '0 ms'],
  ] as const) {
    it(`of ${ms} ms is ${shown}`, () => assert.equal(ageText(ms), shown));
  }
});
