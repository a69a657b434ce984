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
const COUNT = LONG ? 10_000 : 1000;
/** Times as much. */
const ALLOWED = 4;

const SETTINGS = [
  ['warn', 'precise'],
  ['warn', 'light'],
  ['enforce', 'precise'],
] as const;

/** The instance under test is the only one that follows anything. */
const env = { ...process.env, LOCKDEP: 'off' };

const child = fileURLToPath(new URL('crowds-child.js', import.meta.url));
const run = promisify(execFile);

for (const [mode, tracking] of SETTINGS) {
  it(`in mode ${mode} with tracking ${tracking}, one of very many costs no more than one of a few`, async (t) => {
    const flags = ['--expose-gc', '--stack-size=3900'];
    const { stdout } = await run(process.execPath, [...flags, child, mode, tracking, `${COUNT}`, `${FACTOR}`], { env });
    const growth = Object.entries(JSON.parse(stdout) as Record<string, number>);
    t.diagnostic(`${growth.length} crowds, at most ${Math.max(...growth.map(([, times]) => times))} times as much`);
    assert.ok(growth.length > 0);
    assert.deepEqual(
      growth.filter(([, times]) => times >= ALLOWED),
      [],
    );
  });
}
