import { performance } from 'node:perf_hooks';
import { Bench } from 'tinybench';
import type { Batch } from './scenarios.js';

export type Nanoseconds = number;
export type Milliseconds = number;

export interface Budget {
  readonly clock: 'cpu' | 'wall';
  /** Time to measure for, after a third of it to warm up. */
  readonly time: Milliseconds;
  /** Batches to measure at least. */
  readonly batches: number;
}

/** Of this process alone, so that whatever else the machine does is not counted; the collector's threads are. */
function cpuTime(): Milliseconds {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The median time of one operation. The clock is read twice a batch, so it may be a slow one. */
export async function measure(batch: Batch, operations: number, budget: Budget): Promise<Nanoseconds> {
  const bench = new Bench({
    now: budget.clock === 'cpu' ? cpuTime : () => performance.now(),
    time: budget.time,
    iterations: budget.batches,
    warmup: budget.time > 0,
    warmupTime: budget.time / 3,
    warmupIterations: 2,
    throws: true,
  });
  bench.add('batch', batch, { async: true });
  const [task] = await bench.run();
  const result = task?.result;
  if (result === undefined || !('latency' in result)) throw new Error(`nothing was measured: ${result?.state}`);
  return (result.latency.p50 * 1e6) / operations;
}
