/**
 * What a tracked program does when it ends.
 *
 * Guarantees: the program's own failure wins. Only where it would have ended with 0 does a strict report, in the
 * main thread or in a worker, make it 1, and only if a summary was asked for. Workers keep their exit codes. A
 * program that a signal ends does so as it would have: no handler is installed, which would keep a busy loop from being ended at
 * all. What it would have said is in its record by then (live-record.ts), and `lockdep run` shows that. An exit
 * listener that calls `process.exit()` keeps those behind it from being called: the end itself is the last moment then.
 */
import { subscribe } from 'node:diagnostics_channel';
import { isMainThread } from 'node:worker_threads';
import { lockdep } from '../index.js';
import { LiveRecord } from './live-record.js';
import { RecordFile, type RecordPlace } from './run-record.js';
import { writeToStderr } from '../platform/stderr-text.js';
import { summaryText } from './summary-text.js';
import { countReports, workerShare, workerTotals } from './worker-counts.js';

export interface ExitOptions {
  /** Print a summary, and let strict reports set the exit code. */
  readonly summary: boolean;
  /** Where the record of the run is kept; undefined for none. */
  readonly record: RecordPlace | undefined;
}

/** The result ends the program's part at once, where its exit listeners will not be called. */
export function watchExit(options: ExitOptions): () => void {
  return isMainThread ? watchMainThread(options) : watchWorker(options);
}

function watchMainThread({ summary, record }: ExitOptions): () => void {
  const workers = workerTotals();
  const file = record && new RecordFile(record);
  const live = file && keepLive(file, summary);
  // So that one that is missing has failed, and is not taken for one with nothing in it.
  if (summary) file?.write(lockdep.summary(), false);
  // What a worker writes to its stderr, reports among it, comes out of ours through a pipe. An error of it would be uncaught.
  process.once('worker', () => process.stderr.on('error', () => {}));
  let isOver = false;
  const finish = (code: number): void => {
    if (isOver) return;
    isOver = true;
    live?.stop();
    const result = lockdep.summary();
    // Before it is shown: a signal may come meanwhile.
    file?.write(result, !summary);
    if (!summary) return;
    const inWorkers = workers();
    writeToStderr(summaryText(result, inWorkers));
    file?.shown(result);
    const strict = countReports(result.reports).strict + inWorkers.strict;
    const failed = code !== 0 || Number(process.exitCode ?? 0) !== 0;
    if (strict > 0 && !failed) process.exitCode = 1;
  };
  process.on('exit', finish);
  if (summary || file !== undefined) beforeTheEnd(finish);
  if (summary && live === undefined) lockdep.watchEnd({ showsWaits: true, waitBegins() {} });
  // Behind the listeners of the program, and behind the one of Node 20 that sets 13 for an unsettled top-level await.
  process.on('beforeExit', () => {
    process.off('exit', finish);
    process.on('exit', finish);
  });
  return () => {
    finish(1);
    file?.abandon();
  };
}

/** Whatever ends the process leaves in `file` what is to be said of it. */
function keepLive(file: RecordFile, showsWaits: boolean): LiveRecord {
  let isEmpty = true;
  const write = (): number => {
    const result = lockdep.summary();
    const waiting = result.waits.waits.length;
    // Most waits are over by the end of their turn.
    if (isEmpty && waiting === 0 && result.reports.length === 0) return 0;
    isEmpty = false;
    file.write(result, false);
    return waiting;
  };
  const live = new LiveRecord(() => {
    try {
      return write();
    } catch (error) {
      file.failed(error);
      return 0;
    }
  });
  lockdep.watchEnd({ showsWaits, waitBegins: () => live.waitBegins() });
  onReport(() => live.changed());
  return live;
}

/** By its channel: one that subscribes to `lockdep` would have all other events made as well. */
function onReport(listener: () => void): void {
  subscribe('lockdep:report', listener);
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
function watchWorker({ record }: ExitOptions): () => void {
  const publish = workerShare();
  const file = record && new RecordFile(record);
  const live = file && keepLive(file, false);
  onReport(() => publish(countReports(lockdep.reports())));
  const finish = (): void => {
    live?.stop();
    const result = lockdep.summary();
    publish(countReports(result.reports));
    file?.write(result, true);
  };
  process.on('exit', finish);
  return finish;
}
