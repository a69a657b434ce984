import { MODES, asyncMutexCommonJs, asyncMutexEsm, lockdepIn, type Subject } from './subjects.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forAll, RUNS } from './check.js';
import { type Decisions, freePrograms, replay, runFreely } from './free-running.js';
import { sorted } from './stage.js';

// LOCKDEP_FUZZ_RUNS sets the number of programs per test, LOCKDEP_FUZZ_SEED which ones.

/** A nesting that is new to the validator may let its flow hear of a decision later than others hear of theirs. */
function withoutOrder({ calls, order }: Decisions): Decisions {
  return { calls, order: sorted(order) };
}

async function decidesAsAsyncMutex(subject: Subject, inOrder: boolean): Promise<void> {
  let compared = 0;
  await forAll(freePrograms, async (program) => {
    const { trace, decisions } = await runFreely(program, subject);
    // A strict report makes the offending call fail in enforce mode.
    if (subject.strictReports().length > 0 && subject.name.includes('enforce')) return;
    compared++;
    const expected = await replay(program.locks, trace, asyncMutexEsm);
    if (inOrder) assert.deepEqual(decisions, expected);
    else assert.deepEqual(withoutOrder(decisions), withoutOrder(expected));
  });
  assert.ok(compared > RUNS / 20, `only ${compared} programs were compared`);
}

test('replaying the calls of a free-running program repeats the decisions of async-mutex itself', async () => {
  await decidesAsAsyncMutex(asyncMutexCommonJs, true);
});

for (const mode of MODES) {
  test(`in mode ${mode} each call of free-running flows is decided as async-mutex decides it`, async () => {
    await decidesAsAsyncMutex(lockdepIn(mode), mode === 'off');
  });
}
