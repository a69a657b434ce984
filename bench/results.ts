import { FLOOR, YARDSTICK } from './contenders.js';

/** Figures of one contender in one scenario, in nanoseconds an operation. */
export interface Result {
  readonly contender: string;
  readonly median: number;
  readonly best: number;
  readonly rounds: readonly number[];
  /** Times the median of the floor, and of async-mutex's CommonJS build, in the same run; null if they took no part. */
  readonly timesFloor: number | null;
  readonly timesAsyncMutex: number | null;
}

export interface ScenarioResults {
  readonly id: string;
  readonly title: string;
  readonly results: readonly Result[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Medians and ratios from the figures of all rounds. */
export function summarise(figures: ReadonlyMap<string, readonly number[]>): Result[] {
  const medianOf = (contender: string): number | undefined => {
    const rounds = figures.get(contender);
    return rounds === undefined || rounds.length === 0 ? undefined : median(rounds);
  };
  const [floor, yardstick] = [medianOf(FLOOR), medianOf(YARDSTICK)];
  const ratio = (value: number, base: number | undefined): number | null => (base === undefined ? null : value / base);
  return [...figures].map(([contender, rounds]) => {
    const middle = median(rounds);
    return {
      contender,
      median: middle,
      best: Math.min(...rounds),
      rounds,
      timesFloor: ratio(middle, floor),
      timesAsyncMutex: ratio(middle, yardstick),
    };
  });
}

const COLUMNS = ['', 'median ns', 'best ns', 'x floor', 'x async-mutex'] as const;

export function formatTable({ id, title, results }: ScenarioResults): string {
  const times = (value: number | null): string => (value === null ? '-' : value.toFixed(2));
  const rows = results.map((result) => [
    result.contender,
    nanoseconds(result.median),
    nanoseconds(result.best),
    times(result.timesFloor),
    times(result.timesAsyncMutex),
  ]);
  const widths = COLUMNS.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[index]!) : cell.padStart(widths[index]!)))
      .join('  ')
      .trimEnd();
  return [`${title} (${id})`, line(COLUMNS), ...rows.map(line), ''].join('\n');
}

function nanoseconds(value: number): string {
  return value < 100 ? value.toFixed(1) : Math.round(value).toString();
}
