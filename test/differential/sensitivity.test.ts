import { asyncMutexEsm, plain, type Subject } from './subjects.js';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { RUNS, SEED } from './check.js';
import { type FreeProgram, freePrograms, replay, runFreely } from './free-running.js';
import { LATE, MUTANTS, UNBROKEN } from './mutants.js';
import { type Program, programs } from './program.js';
import { runByTurns, sections } from './sections.js';
import { logOf } from './stage.js';

/** Within this many programs a comparison must have noticed the defect. */
const PATIENCE = 3_000;

async function isNoticed<T>(
  arbitrary: fc.Arbitrary<T>,
  differs: (program: T) => Promise<boolean>,
  patience: number = PATIENCE,
): Promise<boolean> {
  const property = fc.asyncProperty(arbitrary, async (program) => !(await differs(program)));
  const result = await fc.check(property, { seed: SEED, numRuns: patience, endOnFailure: true });
  return result.failed;
}

async function steppedDiffers(program: Program, subject: Subject): Promise<boolean> {
  return !isDeepStrictEqual(await logOf(program, subject), await logOf(program, asyncMutexEsm));
}

async function freeDiffers(program: FreeProgram, subject: Subject): Promise<boolean> {
  const { trace, decisions } = await runFreely(program, subject);
  return !isDeepStrictEqual(decisions, await replay(program.locks, trace, asyncMutexEsm));
}

test('a lock that is built like the defective ones, but without a defect, is not told from async-mutex', async () => {
  const unbroken = plain('unbroken', UNBROKEN);
  assert.equal(await isNoticed(programs, (program) => steppedDiffers(program, unbroken), RUNS), false);
  assert.equal(await isNoticed(freePrograms, (program) => freeDiffers(program, unbroken), RUNS), false);
});

test('logs stamped with turns tell a lock that takes one turn more, and only they do', async () => {
  const late = plain('late', LATE);
  const differsByTurns = isNoticed(sections, async (program) => {
    return !isDeepStrictEqual(await runByTurns(program, late), await runByTurns(program, asyncMutexEsm));
  });
  assert.equal(await differsByTurns, true);
  assert.equal(await isNoticed(freePrograms, (program) => freeDiffers(program, late), RUNS), false);
});

describe('stepped programs tell async-mutex from a lock with which', () => {
  for (const { defect, library, libraryUnder } of MUTANTS) {
    test(defect, async () => {
      const subject = { ...plain(defect, library), ...(libraryUnder && { libraryUnder }) };
      assert.ok(await isNoticed(programs, (program) => steppedDiffers(program, subject)));
    });
  }
});

describe('free-running programs tell async-mutex from a lock with which', () => {
  for (const { defect, library, steppedOnly } of MUTANTS) {
    if (steppedOnly) continue;
    test(defect, async () => {
      assert.ok(await isNoticed(freePrograms, (program) => freeDiffers(program, plain(defect, library))));
    });
  }
});
