import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AttachError } from '../../src/attach/attach-error.js';
import { readAbout, readTable, readWaits } from '../../src/attach/diagnosis.js';
import { tableOf } from '../report/wait-tables.js';

const table = {
  version: 1,
  flows: [{ flow: 7, task: 'cron', holds: [{ flow: 7, task: 'cron', lock: 1, site: 'src/a.js:3:4' }] }],
  waits: [{ flow: 8, lock: 1, lockClass: 'accounts', mode: 'exclusive', site: 'src/pay.js:10:30', blockedBy: [7, 9] }],
};

describe('the waits that a program tells of itself', () => {
  it('have the place in full, the lock, and who holds it', () => {
    assert.deepEqual(readWaits(JSON.stringify(table), '/app'), [
      {
        file: '/app/src/pay.js',
        line: 10,
        column: 30,
        text: 'lock accounts, exclusive, held since src/a.js:3:4 by task "cron", and by 1 more',
      },
    ]);
  });
  it('may lack all but the place', () => {
    const [wait] = readWaits(JSON.stringify({ waits: [{ site: 'a.js:1:2' }] }), '/');
    assert.deepEqual(wait, { file: '/a.js', line: 1, column: 2, text: 'lock without a name' });
  });
  it('can not drive a terminal', () => {
    const [wait] = readWaits(JSON.stringify({ waits: [{ site: 'a.js:1:2', lockClass: '\u001b[2J' }] }), '/');
    assert.equal(wait?.text, String.raw`lock \u001b[2J`);
  });
  for (const json of [
    undefined,
    '',
    'null',
    '[]',
    '{"waits":7}',
    '{"waits":[null,7,{"site":"nowhere"}],"flows":[null]}',
  ]) {
    it(`are none where the program says ${json ?? 'nothing'}`, () => assert.deepEqual(readWaits(json, '/'), []));
  }
});

describe('the table that a program tells of itself', () => {
  it('comes through as it is', () => {
    const more = { bounded: true, kind: 'event', mode: 'shared' } as const;
    const waits = [
      { flow: 2, lock: 'a' },
      { flow: 3, lock: 'b', more },
    ];
    const table = tableOf({ 1: ['a'] }, waits, [[1, 2]]);
    assert.deepEqual(readTable(JSON.stringify(table)), table);
  });
  it('is empty where its parts are none', () => {
    const table = readTable('{"version":1,"locks":7,"flows":[null,{"holds":{}}],"waits":[7],"cycles":"x"}');
    assert.deepEqual(
      [table.locks, table.flows, table.waits, table.cycles],
      [[], [{ flow: 0, task: '', holds: [] }], [], []],
    );
  });
  it('can not drive a terminal', () => {
    const { waits } = readTable(JSON.stringify(tableOf({}, [{ flow: 1, lock: '\u001b[2J', site: '\u0007' }])));
    assert.deepEqual([waits[0]?.lockClass, waits[0]?.site], [String.raw`\u001b[2J`, String.raw`\u0007`]);
  });
  for (const [json, complaint] of [
    ['', /what is no JSON/],
    ['7', /nothing of use/],
    ['{"version":2}', /in another version: 2/],
    ['{"error":"out of memory"}', /could not answer: out of memory/],
  ] as const) {
    it(`is refused: ${json || 'nothing at all'}`, () =>
      assert.throws(
        () => readTable(json),
        (error) => error instanceof AttachError && complaint.test(error.message),
      ));
  }
  it('comes with how the program follows its locks, as far as it says', () => {
    assert.deepEqual(readAbout('{"mode":"warn","reports":"3"}'), {
      mode: 'warn',
      tracking: '',
      reports: 0,
      holdsMade: 0,
    });
  });
});
