import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CASES, NOT_YET, type Case } from './cases.js';
import { runCase } from './run-case.js';
import { formatTable } from './table.js';

const PER_GROUP: Readonly<Record<string, number>> = {
  '1 order': 49,
  '2 state': 14,
  '3 reading': 15,
  '4 reading, three classes': 24,
  '8 a pseudo-lock': 3,
  '12 names': 1,
};

function countByGroup(cases: readonly Case[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { group } of cases) counts[group] = (counts[group] ?? 0) + 1;
  return counts;
}

/** Every order of the flows of a program. */
function orders(program: string): string[] {
  const permute = (flows: readonly string[]): string[][] =>
    flows.length < 2
      ? [[...flows]]
      : flows.flatMap((flow, at) => permute(flows.toSpliced(at, 1)).map((rest) => [flow, ...rest]));
  return permute(program.split(' | ')).map((flows) => flows.join(' | '));
}

describe("the kernel's suite", () => {
  it('has all of its 395 cases, ours or not yet', () => {
    assert.deepEqual(countByGroup(CASES), PER_GROUP);
    assert.equal(CASES.length, 106);
    assert.equal(CASES.length + Object.values(NOT_YET).reduce((sum, count) => sum + count, 0), 395);
    assert.equal(new Set(CASES.map(({ row, column, group }) => `${group} ${row} ${column}`)).size, CASES.length);
  });

  for (const one of CASES) {
    it(`${one.number}: ${one.row}, ${one.column}: ${one.expected ?? 'silent'}`, async () => {
      const { kind, passed } = await runCase(one);
      assert.ok(passed, `${one.program} came to ${kind ?? 'no report'}`);
    });
  }

  for (const one of CASES.filter(({ program, group }) => program.includes(' | ') && !group.startsWith('4'))) {
    it(`${one.number}: ${one.row}, ${one.column}: the same verdict in every order of its flows`, async () => {
      for (const program of orders(one.program)) {
        const { kind, passed } = await runCase({ ...one, program });
        assert.ok(passed, `${program} came to ${kind ?? 'no report'}`);
      }
    });
  }

  it('a case with another verdict than expected, of its kind or at all, fails', async () => {
    const [first] = CASES as [Case];
    const quiet = CASES.find(({ expected }) => expected === undefined) as Case;
    assert.equal((await runCase({ ...first, expected: undefined })).passed, false);
    assert.equal((await runCase({ ...first, expected: 'circular-dependency' })).passed, false);
    assert.equal((await runCase({ ...quiet, expected: 'circular-dependency' })).passed, false);
  });
});

describe('what the suite of the kernel misses', () => {
  const base = { number: 0, group: '', row: '', column: '' } as const;

  it('a nesting that is known through a reader, then taken by a writer', async () => {
    const program = 'xA sB xC -C -B -A | xC xA -A -C';
    assert.equal((await runCase({ ...base, locks: 'rwlock', program, expected: 'circular-dependency' })).passed, true);
    const twin = 'xA sB xC -C -B -A | xA xC -C -A';
    assert.equal((await runCase({ ...base, locks: 'rwlock', program: twin, expected: undefined })).passed, true);
  });

  it('a cycle of which one edge is there twice, once too weak for it', async () => {
    // A reads into B, and writes into it by way of C: only the second is strong enough to go on from B's reader to D.
    const program = 'xA sB -B -A | xA xC -C -A | xC xB -B -C | sB xD -D -B | xD xA -A -D';
    assert.equal((await runCase({ ...base, locks: 'rwlock', program, expected: 'circular-dependency' })).passed, true);
    const twin = 'xA sB -B -A | sB xD -D -B | xD xA -A -D';
    assert.equal((await runCase({ ...base, locks: 'rwlock', program: twin, expected: undefined })).passed, true);
  });
});

describe('the table', () => {
  it('shows a failed case as such, and counts it', () => {
    const [first, second] = CASES as [Case, Case];
    const verdicts = [
      { case: first, passed: true },
      { case: second, passed: false },
    ];
    const { text, failed } = formatTable(verdicts, { 'still missing': 7 });
    assert.equal(failed, 1);
    const lines = text.split('\n');
    assert.match(lines[0] ?? '', /^1 order +spin +wlock$/);
    assert.match(lines[2] ?? '', /^one class twice +ok +FAILED$/);
    assert.match(text, /^still missing +not yet \(7\)$/m);
    assert.match(text, /^1 ok, 1 FAILED, 7 not yet; 9 cases in all$/m);
  });
});
