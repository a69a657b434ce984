import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readWaits } from '../../src/attach/diagnosis.js';

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
