/**
 * What one round of an endless flow leaves behind, in bytes. A hold that keeps the one before it costs 600 and more.
 *
 * In `npm test` each form runs at one level and a part of them in all modes; with many LOCKDEP_FUZZ_RUNS each runs in all
 * modes, for long enough to see a few bytes a round.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LONG = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000;
const [WARM_UP, WINDOW] = LONG ? [3000, 20_000] : [60, 100];
/** Bytes a round: less than any object takes, a noise of a few kB apart. */
const ALLOWED = LONG ? 20 : 50;
/** Where not all forms run: one in so many. */
const SLICE = LONG ? 1 : 4;

/** The instance under test is the only one that follows anything, and nothing counts what the code under test has run. */
const env: NodeJS.ProcessEnv = { ...process.env, LOCKDEP: 'off' };
delete env['NODE_V8_COVERAGE'];

/** Without compilers, whose code and figures come and go, a round that leaves nothing behind takes 0 to 3 bytes. */
const EXACT = ['--expose-gc', '--no-opt', '--no-maglev', '--no-flush-bytecode', '--single-threaded-gc'];

const SETTINGS = [
  ['warn', 'precise', 1],
  ['warn', 'light', LONG ? 1 : 2],
  ['enforce', 'precise', SLICE],
  ['enforce', 'light', SLICE],
  ['off', 'light', SLICE],
] as const;

const child = fileURLToPath(new URL('rounds-child.js', import.meta.url));
const run = promisify(execFile);

for (const [at, [mode, tracking, every]] of SETTINGS.entries()) {
  it(`in mode ${mode} with tracking ${tracking}, a round that begins the next one leaves nothing behind`, async (t) => {
    const args = [...EXACT, child, mode, tracking, ALLOWED, WARM_UP, WINDOW, every, at % every].map(String);
    const { stdout } = await run(process.execPath, args, { env });
    const perRound = Object.entries(JSON.parse(stdout) as Record<string, number>);
    const most = Math.max(...perRound.map(([, bytes]) => bytes));
    t.diagnostic(`${perRound.length} forms, at most ${most} bytes a round`);
    assert.ok(perRound.length > 0);
    assert.deepEqual(
      perRound.filter(([, bytes]) => bytes >= ALLOWED),
      [],
    );
  });
}
