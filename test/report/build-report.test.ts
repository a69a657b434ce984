import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { buildReport } from '../../src/report/build-report.js';
import { formatSplat } from '../../src/report/splat.js';
import { frame, rawUse, violation } from './samples.js';

test('raw frames become sites and lines', () => {
  const frames = [frame('refund', resolve('app/refund.js'), 20, 9), frame('main', resolve('app/main.js'), 5, 3, true)];
  const acquiring = rawUse('accounts', frames, { name: 'checking', state: 'waiting' });
  assert.deepEqual(buildReport(violation({ acquiring }), 7).acquiring, {
    lockClass: 'accounts',
    name: 'checking',
    mode: 'exclusive',
    state: 'waiting',
    evidence: 'own',
    site: 'app/refund.js:20:9',
    stack: ['refund (app/refund.js:20:9)', 'async main (app/main.js:5:3)'],
    exact: true,
  });
});

test('facts, text, count and time are on the report', () => {
  const report = buildReport(violation(), 7);
  assert.equal(report.id, 'circular-dependency:A>B');
  assert.equal(report.kind, 'circular-dependency');
  assert.equal(report.tier, 'strict');
  assert.equal(report.task, 'job');
  assert.equal(report.count, 1);
  assert.equal(report.firstSeen, 7);
  assert.equal(report.message, formatSplat(report));
  assert.deepEqual(
    report.cycle?.map(({ from, to, held, acquiring }) => [from, to, held.site, acquiring.site]),
    [
      ['A', 'B', '/elsewhere/app.js:3:5', '/elsewhere/app.js:4:7'],
      ['B', 'A', '/elsewhere/app.js:3:5', '/elsewhere/app.js:4:7'],
    ],
  );
});

test('every field survives JSON', () => {
  const {
    cycle: _,
    acquiring: __,
    ...bare
  } = violation({ kind: 'limit', summary: 'MAX_CLASSES is reached.', held: [] });
  const unknown = violation({ held: [rawUse('A', [], { exact: false, evidence: 'suspected' })] });
  for (const v of [violation(), bare, unknown]) {
    const report = buildReport(v, 7);
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  }
  assert.deepEqual(Object.keys(buildReport(bare, 7)).sort(), [
    'count',
    'firstSeen',
    'held',
    'id',
    'kind',
    'message',
    'task',
    'tier',
  ]);
});

test('a summary is part of the text', () => {
  const v = violation({ kind: 'assertion', summary: 'A is not held.' });
  assert.match(buildReport(v, 7).message, /^A is not held\.$/m);
});

test('a use without frames has no site and says so', () => {
  const report = buildReport(violation({ acquiring: rawUse('A', []) }), 7);
  assert.equal(report.acquiring?.site, '');
  assert.deepEqual(report.acquiring?.stack, []);
  assert.match(report.message, /\(site unknown\)[^]*\(no stack captured\)/);
});

test('stacks are cut at the depth asked for', () => {
  const frames = Array.from({ length: 9 }, (_, line) => frame('f', '/elsewhere/app.js', line + 1, 1));
  assert.equal(buildReport(violation({ acquiring: rawUse('A', frames) }), 7, 3).acquiring?.stack.length, 3);
});
