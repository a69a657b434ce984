/**
 * How many reports the worker threads of this process have made.
 *
 * Each thread has locks, orders and reports of its own; only these counts cross over. Guarantee: they are read
 * without waiting, from memory that all threads share, so a worker that has been terminated still counts, and
 * process.exit() loses nothing that was reported before it.
 */
import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';
import type { Report } from '../index.js';

export interface Counts {
  readonly strict: number;
  readonly advisory: number;
}

const KEY = 'lockdep.worker-reports.1';
const STRICT = 0;
const ADVISORY = 1;

/** Environment data is what a worker, and a worker of that worker, is born with. */
function sharedCells(): Int32Array | undefined {
  const found: unknown = getEnvironmentData(KEY);
  if (found instanceof SharedArrayBuffer) return new Int32Array(found);
  if (!isMainThread) return undefined;
  const made = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  setEnvironmentData(KEY, made);
  return new Int32Array(made);
}

/** For the main thread: a function that reads the counts of all workers. */
export function workerTotals(): () => Counts {
  const cells = sharedCells();
  return () => ({
    strict: cells === undefined ? 0 : Atomics.load(cells, STRICT),
    advisory: cells === undefined ? 0 : Atomics.load(cells, ADVISORY),
  });
}

/** For a worker: a function that brings its share of the counts up to date. */
export function workerShare(): (counts: Counts) => void {
  const cells = sharedCells();
  let published: Counts = { strict: 0, advisory: 0 };
  return (counts) => {
    if (cells === undefined) return;
    Atomics.add(cells, STRICT, counts.strict - published.strict);
    Atomics.add(cells, ADVISORY, counts.advisory - published.advisory);
    published = counts;
  };
}

export function countReports(reports: readonly Report[]): Counts {
  const strict = reports.filter((report) => report.tier === 'strict').length;
  return { strict, advisory: reports.length - strict };
}
