/**
 * What one of very many costs does not depend on how many they are: the cost of each is compared between a few and ten times as
 * many. Where it grew with the square of the number, it would be ten times as much.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LONG = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000;
const FACTOR = 10;
const COUNT = LONG ? 10_000 : 250;
/** One in so many. */
const SLICE = LONG ? 1 : 3;
/** Times as much. */
const ALLOWED = 4;

const SETTINGS = [
  ['warn', 'precise'],
  ['warn', 'light'],
  ['enforce', 'precise'],
] as const;

/** The instance under test is the only one that follows anything, and nothing counts what the code under test has run. */
const env: NodeJS.ProcessEnv = { ...process.env, LOCKDEP: 'off' };
delete env['NODE_V8_COVERAGE'];

/** Scopes in scopes end in one go. */
const FLAGS = ['--expose-gc', '--stack-size=3900'];

const child = fileURLToPath(new URL('crowds-child.js', import.meta.url));
const run = promisify(execFile);

for (const [at, [mode, tracking]] of SETTINGS.entries()) {
  it(`in mode ${mode} with tracking ${tracking}, one of very many costs no more than one of a few`, async (t) => {
    const figures = [COUNT, FACTOR, SLICE, at % SLICE].map(String);
    const { stdout } = await run(process.execPath, [...FLAGS, child, mode, tracking, ...figures], { env });
    const growth = Object.entries(JSON.parse(stdout) as Record<string, number>);
    t.diagnostic(`${growth.length} crowds, at most ${Math.max(...growth.map(([, times]) => times))} times as much`);
    assert.ok(growth.length > 0);
    assert.deepEqual(
      growth.filter(([, times]) => times >= ALLOWED),
      [],
    );
  });
}
