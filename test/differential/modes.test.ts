import { asyncMutexEsm, MODES, lockdepIn, setMode } from './subjects.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forAll } from './check.js';
import { type FreeProgram, freePrograms, replay, runFreely } from './free-running.js';
import { programs } from './program.js';
import { runByTurns, runStepped, sections } from './sections.js';
import { decided, logOf } from './stage.js';

// LOCKDEP_FUZZ_RUNS sets the number of programs per test, LOCKDEP_FUZZ_SEED which ones.

const off = lockdepIn('off');
const warn = lockdepIn('warn');

/** A nesting counts as known when it has been seen a few times from each of its call sites. */
const LEARNING_RUNS = 12;

for (const mode of MODES) {
  const subject = lockdepIn(mode);

  test(`nested sections in one order for all do in mode ${mode} what they do with async-mutex`, async () => {
    await forAll(sections, async (program) => {
      subject.enter();
      const log = await runStepped(program, subject);
      assert.deepEqual(subject.strictReports(), []);
      assert.deepEqual(log, await runStepped(program, asyncMutexEsm));
      assert.match(log.at(-1)!, /^0 live timers; (\d) of \1 done$/);
    });
  });

  if (mode === 'off') continue;
  test(`sections nested as before take the same microtask turns in mode ${mode} as in mode off`, async () => {
    await forAll(sections, async (program) => {
      off.enter();
      const expected = await runByTurns(program, off);
      subject.enter();
      for (let run = 0; run < LEARNING_RUNS; run++) await runByTurns(program, subject);
      const repeated = await runByTurns(program, subject);
      assert.deepEqual(subject.strictReports(), []);
      assert.deepEqual(repeated, expected);
      assert.match(expected.at(-1)!, /all done; 0 live timers/);
    });
  });
}

test('mode warn changes nothing in any program, misuse included', async () => {
  await forAll(programs, async (program) => {
    assert.deepEqual(decided(await logOf(program, warn)), decided(await logOf(program, off)));
  });
});

test('locks that are in use while the mode changes keep deciding alike', async () => {
  await forAll(freePrograms, async (program: FreeProgram) => {
    const { trace, decisions } = await runFreely(program, off);
    let calls = 0;
    const switching = { ...off, eachCall: () => setMode(++calls % 3 === 1 ? 'warn' : 'off') };
    assert.deepEqual(await replay(program.locks, trace, switching), decisions);
  });
});
