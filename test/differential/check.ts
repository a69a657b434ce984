import * as fc from 'fast-check';

const DEFAULT_RUNS = 120;
const DEFAULT_SEED = 20_261_121;

/** Programs per property: LOCKDEP_FUZZ_RUNS scales it. */
export const RUNS = numberFrom('LOCKDEP_FUZZ_RUNS', DEFAULT_RUNS);
/** The same programs every time, unless LOCKDEP_FUZZ_SEED asks for others. */
export const SEED = numberFrom('LOCKDEP_FUZZ_SEED', DEFAULT_SEED);

/** Fails with the smallest program found for which `holds` throws. */
export async function forAll<T>(
  arbitrary: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
  runs = RUNS,
): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, holds), { seed: SEED, numRuns: runs, includeErrorInReport: true });
}

function numberFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${variable} must be a whole number, not ${JSON.stringify(text)}`);
  return value;
}
