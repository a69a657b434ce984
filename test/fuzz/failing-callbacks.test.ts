/**
 * Random programs whose callbacks fail, in every mode: half of LOCKDEP_FUZZ_RUNS of them, of LOCKDEP_FUZZ_SEED. A failure prints the
 * smallest program that still fails.
 */
import { closeSync, openSync } from 'node:fs';
import { devNull } from 'node:os';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { LockdepOptions } from '../../src/index.js';
import { RUNS, SEED } from '../order/property.js';
import { programs, runFailing } from './failing-callbacks.js';

const WORLDS: Readonly<Record<string, Partial<LockdepOptions>>> = {
  off: { mode: 'off' },
  warn: { mode: 'warn' },
  'warn, light': { mode: 'warn', tracking: 'light' },
  enforce: { mode: 'enforce' },
};

describe('programs whose callbacks fail', () => {
  // What `emitWarning` does not take goes to stderr.
  let sink: number;
  before(() => {
    sink = openSync(devNull, 'w');
    Object.defineProperty(process.stderr, 'fd', { value: sink, configurable: true });
  });
  after(() => {
    Object.defineProperty(process.stderr, 'fd', { value: 2, configurable: true });
    closeSync(sink);
  });

  for (const [name, options] of Object.entries(WORLDS)) {
    it(`${name}: nobody gets in beside a holder, every wait ends, and all is free at the end`, async () => {
      await fc.assert(
        fc.asyncProperty(programs, (program) => runFailing(program, options)),
        { seed: SEED, numRuns: Math.ceil(RUNS / 2) },
      );
    });
  }
});
