/** How many cases a property test runs, and which ones. */
const DEFAULT_RUNS = 200;
const DEFAULT_SEED = 1_987_042;

/** LOCKDEP_FUZZ_RUNS scales it. */
export const RUNS: number = numberFrom('LOCKDEP_FUZZ_RUNS', DEFAULT_RUNS);
/** The same cases every time, unless LOCKDEP_FUZZ_SEED asks for others. */
export const SEED: number = numberFrom('LOCKDEP_FUZZ_SEED', DEFAULT_SEED);

/** Numbers in [0, below), the same for the same seed (mulberry32: the low bits are as good as the high ones). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export function shuffled<T>(items: readonly T[], random: (below: number) => number): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [result[i], result[j]] = [result[j] as T, result[i] as T];
  }
  return result;
}

function numberFrom(variable: string, fallback: number): number {
  const text = process.env[variable];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${variable} must be a whole number, not ${JSON.stringify(text)}`);
  return value;
}
