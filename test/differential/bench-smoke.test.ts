import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CONTENDERS } from '../../bench/contenders.js';
import type { OrderPoint } from '../../bench/order.js';
import { median, type ScenarioResults, summarise } from '../../bench/results.js';
import { SCENARIOS } from '../../bench/scenarios.js';

const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url));

function bench(...args: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
}

/** One batch of these takes as long as all others together. */
const isLong = ({ operations }: { readonly operations: number }): boolean => operations >= 100_000;

/** What these scenarios measure, of all contenders or of some. */
function figures(chosen: typeof SCENARIOS, ...contenders: readonly string[]): readonly ScenarioResults[] {
  const words = [...chosen.flatMap(({ id }) => ['--scenario', id]), ...contenders.flatMap((id) => ['--contender', id])];
  const { status, stdout, stderr } = bench('--quick', '--json', ...words);
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const { scenarios } = JSON.parse(stdout) as { readonly scenarios: readonly ScenarioResults[] };
  assert.deepEqual(
    scenarios.map(({ id }) => id),
    chosen.map(({ id }) => id),
  );
  return scenarios;
}

test('a quick benchmark of the long scenarios yields finite positive figures', () => {
  for (const { id, results } of figures(SCENARIOS.filter(isLong), 'fastq (promise)')) {
    assert.equal(results.length, 1, id);
    for (const { median: nanoseconds } of results) assert.ok(Number.isFinite(nanoseconds) && nanoseconds > 0, id);
  }
});

test('a quick benchmark runs every contender and yields finite positive figures', () => {
  const scenarios = figures(SCENARIOS.filter((scenario) => !isLong(scenario)));
  const everyone = CONTENDERS.filter(({ byDefault }) => byDefault).map(({ id }) => id);
  const seen = new Set(scenarios.flatMap(({ results }) => results.map(({ contender }) => contender)));
  assert.deepEqual([...seen].toSorted(), everyone.toSorted());
  for (const { id, results } of scenarios) {
    for (const { contender, median: nanoseconds, timesFloor, timesAsyncMutex } of results) {
      const ratios = id.startsWith('queue') ? [timesFloor] : [timesFloor, timesAsyncMutex];
      for (const figure of [nanoseconds, ...ratios]) {
        assert.ok(figure !== null && Number.isFinite(figure) && figure > 0, `${contender} in ${id}: ${figure}`);
      }
    }
  }
});

test('the table shows one scenario and the contenders that were asked for', () => {
  const { status, stdout } = bench(
    '--quick',
    '--scenario',
    'uncontended',
    '--contender',
    'floor',
    '--contender',
    'async-mutex (cjs)',
  );
  assert.equal(status, 0);
  assert.match(
    stdout,
    /uncontended\)\n +median ns +best ns +x floor +x async-mutex\nfloor .*1\.00 .*\nasync-mutex \(cjs\) .* 1\.00\n/,
  );
});

test('the curve of the order has every shape at every size that is asked for', () => {
  const { status, stdout, stderr } = bench('--order', '--quick', '--json');
  assert.equal(stderr, '');
  assert.equal(status, 0);
  const { order } = JSON.parse(stdout) as { readonly order: readonly OrderPoint[] };
  assert.deepEqual(new Set(order.map(({ classes }) => classes)), new Set([10, 100]));
  for (const point of order) {
    for (const [name, figure] of Object.entries(point)) {
      assert.ok(name === 'shape' || (Number.isFinite(figure) && figure > 0), `${name} of ${point.shape}: ${figure}`);
    }
  }
  assert.match(bench('--order', '--quick').stdout, /classes +orders +new, ns .*\nsparse, near +10 +20 /);
});

test('an unknown scenario is a usage error', () => {
  const { status, stderr } = bench('--scenario', 'unheard-of');
  assert.equal(status, 2);
  assert.match(stderr, /^--scenario unheard-of is unknown\n/);
});

test('ratios are those of medians in the same run', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  const rounds = new Map([
    ['floor', [10, 20, 30]],
    ['async-mutex (cjs)', [100, 200, 100]],
    ['other', [50]],
  ]);
  const [, yardstick, other] = summarise(rounds);
  assert.deepEqual(
    [yardstick!.median, yardstick!.best, yardstick!.timesFloor, yardstick!.timesAsyncMutex],
    [100, 100, 5, 1],
  );
  assert.deepEqual([other!.timesFloor, other!.timesAsyncMutex], [2.5, 0.5]);
});
