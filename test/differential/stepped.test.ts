import { MODES, asyncMutexCommonJs, asyncMutexEsm, lockdepIn } from './subjects.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forAll, RUNS } from './check.js';
import { programs } from './program.js';
import { decided, logOf } from './stage.js';

// LOCKDEP_FUZZ_RUNS sets the number of programs per test, LOCKDEP_FUZZ_SEED which ones.

test('both builds of async-mutex do the same', async () => {
  await forAll(programs, async (program) => {
    assert.deepEqual(await logOf(program, asyncMutexCommonJs), await logOf(program, asyncMutexEsm));
  });
});

for (const mode of MODES) {
  const subject = lockdepIn(mode);
  test(`in mode ${mode} any program does what it does with async-mutex`, async () => {
    let compared = 0;
    await forAll(programs, async (program) => {
      const log = await logOf(program, subject);
      // A strict report makes the offending call fail in enforce mode: from there on the programs are different ones.
      if (mode === 'enforce' && subject.strictReports().length > 0) return;
      compared++;
      const expected = await logOf(program, asyncMutexEsm);
      if (mode === 'off') assert.deepEqual(log, expected);
      else assert.deepEqual(decided(log), decided(expected));
    });
    assert.ok(compared > RUNS / 10, `only ${compared} programs were compared`);
  });
}
