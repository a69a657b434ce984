import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_REPORTS, ReportLog } from '../../src/report/report-log.js';
import type { Violation } from '../../src/report/types.js';
import { frame, rawUse, violation } from './samples.js';

function clock(): () => number {
  let time = 100;
  return () => time++;
}

const of = (id: string, more: Partial<Violation> = {}): Violation => violation({ id, ...more });

test('the same report comes once, with a count', () => {
  const log = new ReportLog(clock());
  const first = log.add(of('x'));
  const second = log.add(of('x'));
  assert.equal(first.isNew, true);
  assert.equal(second.isNew, false);
  assert.equal(second.report, first.report);
  assert.equal(first.report.count, 2);
  assert.equal(log.again('x'), first.report);
  assert.equal(first.report.count, 3);
  assert.equal(first.report.firstSeen, 100);
});

function fullLog(): ReportLog {
  const log = new ReportLog(clock());
  for (let index = 0; index < MAX_REPORTS; index++) assert.equal(log.add(of(`report ${index}`)).isNew, true);
  return log;
}

test('distinct reports are kept up to the limit, oldest first, and the rest is counted in one of its own', () => {
  const log = fullLog();
  const advisory = log.add(of('one more', { tier: 'advisory' }));
  assert.deepEqual([advisory.isNew, advisory.isLeftOut], [true, true]);
  const again = log.add(of('and another', { tier: 'advisory' }));
  assert.deepEqual([again.isNew, again.isLeftOut, again.report], [false, true, advisory.report]);
  const ids = log.reports().map(({ id }) => id);
  assert.deepEqual(ids, [...Array.from({ length: MAX_REPORTS }, (_, index) => `report ${index}`), 'limit:MAX_REPORTS']);
  const { kind, tier, count, message } = advisory.report;
  assert.deepEqual([kind, tier, count], ['limit', 'advisory', 2]);
  assert.match(message, /MAX_REPORTS is reached: 1000 distinct reports are kept/);
});

test('a full log still counts and upgrades what it has, tells of other limits, and makes room by forgetting', () => {
  const log = new ReportLog(clock());
  log.add(of('known', { tier: 'advisory' }));
  for (let index = 1; index < MAX_REPORTS; index++) log.add(of(`report ${index}`));
  const strict = log.add(of('known'));
  assert.deepEqual(
    [strict.isNew, strict.isLeftOut, strict.report.count, strict.report.tier],
    [true, false, 2, 'strict'],
  );
  assert.deepEqual(log.add(of('limit:other', { kind: 'limit' })).isNew, true);
  log.clear();
  assert.equal(log.add(of('one more')).isLeftOut, false);
  assert.equal(log.reports().length, 1);
});

test('something strict that is left out makes the limit strict, which is shown once more', () => {
  const log = fullLog();
  const tiers = (['advisory', 'strict', 'strict', 'advisory'] as const).map((tier, index) => {
    const { report, isNew } = log.add(of(`left out ${index}`, { tier }));
    return [report.tier, report.count, isNew];
  });
  assert.deepEqual(tiers, [
    ['advisory', 1, true],
    ['strict', 2, true],
    ['strict', 3, false],
    ['strict', 4, false],
  ]);
});

test('an advisory report turns strict once, in its place, and keeps its count and time', () => {
  const log = new ReportLog(clock());
  log.add(of('x', { tier: 'advisory' }));
  log.add(of('y'));
  log.again('x');
  const { report, isNew } = log.add(of('x'));
  assert.equal(isNew, true);
  assert.equal(report.tier, 'strict');
  assert.equal(report.count, 3);
  assert.equal(report.firstSeen, 100);
  assert.match(report.message, /^LOCKDEP: possible /);
  assert.deepEqual(
    log.reports().map(({ id, tier }) => [id, tier]),
    [
      ['x', 'strict'],
      ['y', 'strict'],
    ],
  );
  assert.equal(log.add(of('x')).isNew, false);
  assert.equal(log.add(of('x', { tier: 'advisory' })).isNew, false);
  assert.equal(report.tier, 'strict');
  assert.equal(report.count, 5);
});

test('a repeat does not look at the facts', () => {
  let looks = 0;
  const use = rawUse('A', []);
  Object.defineProperty(use, 'frames', { get: () => (looks++, [frame('f', '/elsewhere/app.js', 1, 1)]) });
  const log = new ReportLog(clock());
  log.add(of('x', { held: [use] }));
  const once = looks;
  assert.ok(once > 0);
  log.add(of('x', { held: [use] }));
  assert.equal(looks, once);
});

test('a repeat of what was never reported is nothing', () => {
  assert.equal(new ReportLog(clock()).again('x'), undefined);
});

test('a list handed out does not grow', () => {
  const log = new ReportLog(clock());
  log.add(of('x'));
  const list = log.reports();
  log.add(of('y'));
  assert.equal(list.length, 1);
});

test('after clear the same report is new again', () => {
  const log = new ReportLog(clock());
  log.add(of('x'));
  log.clear();
  assert.deepEqual(log.reports(), []);
  assert.equal(log.add(of('x')).isNew, true);
});

test('the stack depth applies to reports to come', () => {
  const log = new ReportLog(clock());
  const acquiring = rawUse(
    'A',
    Array.from({ length: 9 }, (_, line) => frame('f', '/elsewhere/app.js', line + 1, 1)),
  );
  log.stackDepth = 2;
  assert.equal(log.add(of('x', { acquiring })).report.acquiring?.stack.length, 2);
});
