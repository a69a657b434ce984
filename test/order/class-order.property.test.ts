import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClassOrder } from '../../src/order/class-order.js';
import { holdText, learn, randomAttempts, type TextOrder } from './attempts.js';
import { NaiveDeadlocks, type Attempt } from './naive-deadlocks.js';
import { randomNumbers, SEED } from './property.js';

// LOCKDEP_FUZZ_RUNS sets the number of traces, LOCKDEP_FUZZ_SEED which ones.
const TRACES = Math.max(6000, Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) * 5);

/** Runs one trace on both; how many of its steps brought a new possible deadlock. */
function compare(attempts: readonly Attempt[], single: ReadonlySet<number>, run: number): number {
  const order = new ClassOrder<string, string>();
  const naive = new NaiveDeadlocks(single);
  let deadlocks = 0;
  for (const [step, each] of attempts.entries()) {
    const expected = naive.add(each);
    const found = learn(order, each, (lockClass) => single.has(lockClass));
    assert.equal(found.length > 0, expected, `trace ${run}, step ${step}: ${show(attempts.slice(0, step + 1))}`);
    if (expected) deadlocks += 1;
  }
  if (run % 16 === 0) order.checkInvariants();
  assert.equal(order.limited, false);
  return deadlocks;
}

function show(attempts: readonly Attempt[]): string {
  return attempts.map(({ holds, wanted, kind }) => `${holds.map(holdText).join(' ')} > ${wanted} ${kind}`).join('; ');
}

function compareMany(traces: number, singles: (random: (below: number) => number) => number[]): [number, number] {
  let [steps, deadlocks] = [0, 0];
  for (let run = 0; run < traces; run++) {
    const random = randomNumbers(SEED + run);
    const single = new Set(singles(random));
    const attempts = randomAttempts(random, 3 + random(3), 2 + random(5));
    steps += attempts.length;
    deadlocks += compare(attempts, single, run);
  }
  return [steps, deadlocks];
}

test('read and write locks: the verdicts of the twin at every step', () => {
  const [steps, deadlocks] = compareMany(TRACES, () => []);
  assert.ok(deadlocks > steps / 50 && deadlocks < steps / 2, `${deadlocks} of ${steps} steps`);
});

test('gates in either mode: the verdicts of the twin at every step', () => {
  const [steps, deadlocks] = compareMany(TRACES, (random) => [1, 2, 3, 4, 5].filter(() => random(2) === 0));
  assert.ok(deadlocks > steps / 100 && deadlocks < steps / 2, `${deadlocks} of ${steps} steps`);
});

test('a program whose locks are all single ones', () => {
  const [steps, deadlocks] = compareMany(TRACES / 2, () => [1, 2, 3, 4, 5]);
  assert.ok(deadlocks > steps / 200 && deadlocks < steps / 2, `${deadlocks} of ${steps} steps`);
});

test('accepted pairs, and gates that stop being some: the verdicts of the twin before and after', () => {
  let opened = 0;
  for (let run = 0; run < TRACES / 2; run++) {
    const random = randomNumbers(SEED + run);
    const single = new Set([1, 2, 3, 4].filter(() => random(6) > 0));
    const attempts = randomAttempts(random, 4, 4 + random(3)).map((each) => (random(4) > 0 ? underGate(each) : each));
    const order = new ClassOrder<string, string>();
    const naive = new NaiveDeadlocks(single);
    if (random(2) === 0) {
      const [a, b] = [1 + random(2), 3 + random(2)];
      order.bless(a, b);
      naive.bless(b, a);
    }
    for (const [step, each] of attempts.entries()) {
      if (random(12) === 0) opened += retire(1 + random(4), order, naive, single, run);
      const expected = naive.add(each);
      const found = learn(order, each, (lockClass) => single.has(lockClass));
      assert.equal(found.length > 0, expected, `trace ${run}, step ${step}: ${show(attempts.slice(0, step + 1))}`);
    }
    if (run % 16 === 0) order.checkInvariants();
  }
  assert.ok(opened > TRACES / 2000, `${opened} gates`);
});

/** The attempt with class 1 held around all of it, where that can be. */
function underGate(attempt: Attempt): Attempt {
  const { holds, wanted } = attempt;
  if (wanted === 1 || holds.some(({ lockClass }) => lockClass === 1)) return attempt;
  return { ...attempt, holds: [{ lockClass: 1, shared: false }, ...holds] };
}

/** 1 if this opened the first deadlock of the trace. */
function retire(gate: number, order: TextOrder, naive: NaiveDeadlocks, single: Set<number>, run: number): number {
  const before = naive.any();
  single.delete(gate);
  naive.retire(gate);
  const found = order.retireGate(gate);
  const after = naive.any();
  if (!after) assert.deepEqual(found, [], `trace ${run}`);
  if (before || !after) return 0;
  assert.ok(found.length > 0, `trace ${run}: the second lock of ${gate} opened a deadlock`);
  return 1;
}
