/**
 * What a tracked program does when it ends.
 *
 * Guarantees: the program's own failure wins. Only where it would have ended with 0 does a strict report, in the
 * main thread or in a worker, make it 1, and only if a summary was asked for. Workers keep their exit codes. A
 * program that ends by a signal ends as it would have: no handler is installed, so there is no summary either. An exit
 * listener that calls `process.exit()` keeps those behind it from being called: the end itself is the last moment then.
 */
import { isMainThread } from 'node:worker_threads';
import { lockdep } from '../index.js';
import { writeRecord, writeToStderr } from './run-record.js';
import { summaryText } from './summary-text.js';
import { countReports, workerShare, workerTotals } from './worker-counts.js';

export interface ExitOptions {
  /** Print a summary, and let strict reports set the exit code. */
  readonly summary: boolean;
  /** The folder for records of the run; undefined for none. */
  readonly out: string | undefined;
}

export function watchExit(options: ExitOptions): void {
  if (isMainThread) watchMainThread(options);
  else watchWorker(options);
}

function watchMainThread({ summary, out }: ExitOptions): void {
  const workers = workerTotals();
  // What a worker writes to its stderr, reports among it, comes out of ours through a pipe. An error of it would be uncaught.
  process.once('worker', () => process.stderr.on('error', () => {}));
  let isOver = false;
  const finish = (code: number): void => {
    if (isOver) return;
    isOver = true;
    const result = lockdep.summary();
    if (out !== undefined) writeRecord(out, result);
    if (!summary) return;
    const inWorkers = workers();
    writeToStderr(summaryText(result, inWorkers));
    const strict = countReports(result.reports).strict + inWorkers.strict;
    const failed = code !== 0 || Number(process.exitCode ?? 0) !== 0;
    if (strict > 0 && !failed) process.exitCode = 1;
  };
  process.on('exit', finish);
  if (summary || out !== undefined) beforeTheEnd(finish);
  // Behind the listeners of the program, and behind the one of Node 20 that sets 13 for an unsettled top-level await.
  process.on('beforeExit', () => {
    process.off('exit', finish);
    process.on('exit', finish);
  });
}

/** Node's own last step, which takes the exit code. */
interface Ending {
  reallyExit?: (code?: number) => void;
}

function beforeTheEnd(finish: (code: number) => void): void {
  const ending = process as unknown as Ending;
  const { reallyExit } = ending;
  if (reallyExit === undefined) return;
  ending.reallyExit = (code = 0): void => {
    finish(code);
    Reflect.apply(reallyExit, process, [process.exitCode ?? code]);
  };
}

/** A terminated worker has no 'exit' event, so it tells of each report when it is made. */
function watchWorker({ out }: ExitOptions): void {
  const publish = workerShare();
  const update = (): void => {
    const result = lockdep.summary();
    publish(countReports(result.reports));
    if (out !== undefined) writeRecord(out, result);
  };
  lockdep.subscribe(({ type }) => {
    if (type === 'report') update();
  });
  process.on('exit', update);
}
