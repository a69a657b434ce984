/**
 * Random async programs whose true order of locks is known: nothing false may be learned as strict.
 *
 * LOCKDEP_FUZZ_RUNS programs, of the seeds from LOCKDEP_FUZZ_SEED on. A failure prints its seed and the smallest source
 * that still fails. What is true and not learned as strict is counted only.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { randomNumbers } from '../order/property.js';
import { drawProgram } from './generate.js';
import { Misses } from './misses.js';
import * as constructs from './program.js';
import { make, type Program } from './program.js';
import { compare, runProgram, type Outcome, type RunOptions } from './run.js';
import { shrink } from './shrink.js';
import { readable, sourceOf } from './source.js';
import { Truth } from './truth.js';

const RUNS = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? '') || 70;
const SEED = Number(process.env['LOCKDEP_FUZZ_SEED'] ?? '') || 1;

function isWrong({ falseStrict, falseHeld, failure }: Outcome): boolean {
  return falseStrict.length + falseHeld.length > 0 || failure !== undefined;
}

/** Every other program asks what is held; every third has run for long, with locks that were only awaited. */
function variantOf(seed: number): RunOptions {
  return { probes: seed % 2 === 0, worn: seed % 3 === 0, trusted: seed % 3 === 0 };
}

/** The first wrong program, made small; undefined when all are right. */
async function firstWrong(
  from: number,
  count: number,
  options: RunOptions,
  each: (outcome: Outcome) => void,
): Promise<{ seed: number; smallest: Program; outcome: Outcome } | undefined> {
  for (let seed = from; seed < from + count; seed++) {
    const program = drawProgram(randomNumbers(seed));
    const variant = { ...variantOf(seed), ...options };
    const outcome = await runProgram(program, variant);
    each(outcome);
    if (!isWrong(outcome)) continue;
    const kind = outcome.failure?.slice(0, 6);
    const sameFailure = async (candidate: Program): Promise<boolean> => {
      const again = await runProgram(candidate, variant);
      return again.failure?.slice(0, 6) === kind && isWrong(again);
    };
    return { seed, smallest: await shrink(program, sameFailure), outcome };
  }
  return undefined;
}

function wrongs({ falseStrict, falseHeld }: Outcome): string {
  return [...falseStrict, ...falseHeld].join('; ');
}

describe('random async programs', () => {
  it(`teach no order as strict, and are told of no hold, that is not true (${RUNS} from seed ${SEED})`, async (t) => {
    const misses = new Misses();
    let asked = 0;
    const found = await firstWrong(SEED, RUNS, {}, (outcome) => {
      misses.add(outcome);
      asked += outcome.rightlyHeld;
    });
    if (found !== undefined) {
      const { seed, smallest, outcome } = found;
      const again = await runProgram(smallest, variantOf(seed));
      assert.fail(
        `LOCKDEP_FUZZ_SEED=${seed}: ${outcome.failure ?? wrongs(outcome)}\n` +
          `smallest: ${wrongs(again)}${smallest.oneLine ? ' (in one line)' : ''}\n${readable(smallest)}`,
      );
    }
    t.diagnostic(`${misses.missed} of ${misses.expected} provable edges were not proven`);
    for (const line of misses.table()) t.diagnostic(line);
    t.diagnostic(`${asked} times a function was told rightly that it holds a lock`);
    assert.ok(misses.expected > RUNS, 'the programs nest too little');
    assert.ok(asked > RUNS, 'the programs ask too little');
  });

  it('are the same for the same seed', () => {
    const draw = (): string => sourceOf(drawProgram(randomNumbers(7)));
    assert.equal(draw(), draw());
  });

  it('contain every construct', () => {
    const text = Array.from({ length: 400 }, (_, seed) => JSON.stringify(drawProgram(randomNumbers(seed)))).join();
    const lists = Object.values(constructs).filter((list): list is never => Array.isArray(list));
    for (const name of (lists as string[][]).flat()) assert.ok(text.includes(`"${name}"`), name);
  });
});

describe('the check of random programs', () => {
  it('catches an order that nobody taught', async () => {
    const nested = make.program([make.take('a', [make.take('b')])]);
    const honest = await runProgram(nested);
    assert.deepEqual(honest.falseStrict, []);
    const invented = { from: 'b', to: 'a', tier: 'strict' };
    const outcome = await runProgram(nested, { learned: (edges) => [...edges, invented] });
    assert.deepEqual(outcome.falseStrict, ['b -> a']);
  });

  it('catches a hold that nobody has', async () => {
    const asking = make.program([make.take('a', [make.tick('turn')]), make.tick('turn')]);
    const honest = await runProgram(asking, { probes: true });
    assert.deepEqual(honest.falseHeld, []);
    assert.ok(honest.rightlyHeld > 0, 'nothing is asked');
    const outcome = await runProgram(asking, { probes: true, held: () => ['a'] });
    assert.deepEqual(outcome.falseHeld, ['main holds a']);
  });

  it('takes no notice of what is only suspected', async () => {
    const suspected = { from: 'b', to: 'a', tier: 'advisory' };
    const outcome = await runProgram(make.program([]), { learned: () => [suspected] });
    assert.deepEqual(outcome.falseStrict, []);
  });

  it('catches a truth that knows too little', () => {
    const outcome = compare([{ from: 'a', to: 'b', tier: 'strict' }], new Truth(), undefined);
    assert.deepEqual(outcome.falseStrict, ['a -> b']);
  });

  it('finds a validator that believes what it suspects, and shows a small program', async () => {
    const learned: RunOptions['learned'] = (edges) => Array.from(edges, (edge) => ({ ...edge, tier: 'strict' }));
    const found = await firstWrong(1, 200, { learned }, () => undefined);
    assert.ok(found !== undefined, 'not found');
    const kinds = JSON.stringify(found.smallest).match(/"kind":/g) ?? [];
    assert.ok(kinds.length <= 6, readable(found.smallest));
    assert.match(readable(found.smallest), /acquire|runExclusive|tryAcquire|lock\(\)|withLock|withScope/);
  });

  it('finds a program that hangs', async () => {
    const outcome = await runProgram(make.program([make.take('a', [make.take('a')])]));
    assert.match(outcome.failure ?? '', /hangs: a, a not released/);
  });
});
