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

const RUNS = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? '') || 300;
const SEED = Number(process.env['LOCKDEP_FUZZ_SEED'] ?? '') || 1;

function isWrong({ falseStrict, failure }: Outcome): boolean {
  return falseStrict.length > 0 || failure !== undefined;
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
    const outcome = await runProgram(program, options);
    each(outcome);
    if (!isWrong(outcome)) continue;
    const kind = outcome.failure?.slice(0, 6);
    const sameFailure = async (candidate: Program): Promise<boolean> => {
      const again = await runProgram(candidate, options);
      return again.failure?.slice(0, 6) === kind && isWrong(again);
    };
    return { seed, smallest: await shrink(program, sameFailure), outcome };
  }
  return undefined;
}

describe('random async programs', () => {
  it(`teach no order as strict that is not true (${RUNS} from seed ${SEED})`, async (t) => {
    const misses = new Misses();
    const found = await firstWrong(SEED, RUNS, {}, (outcome) => misses.add(outcome));
    if (found !== undefined) {
      const { seed, smallest, outcome } = found;
      const again = await runProgram(smallest);
      assert.fail(
        `LOCKDEP_FUZZ_SEED=${seed}: ${outcome.failure ?? outcome.falseStrict.join('; ')}\n` +
          `smallest: ${again.falseStrict.join('; ')}${smallest.oneLine ? ' (in one line)' : ''}\n${readable(smallest)}`,
      );
    }
    t.diagnostic(`${misses.missed} of ${misses.expected} provable edges were not proven`);
    for (const line of misses.table()) t.diagnostic(line);
    assert.ok(misses.expected > RUNS, 'the programs nest too little');
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
