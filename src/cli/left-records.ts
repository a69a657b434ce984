/**
 * What processes of a run have left behind that ended without having shown it: by a signal, or, as worker threads, with their process.
 *
 * Guarantee: only records of this run, of processes that are gone. What cannot be read is passed over, since it is somebody
 * else's: a record is whole or not there. Cost: a look at each file of the folder, and a read of those that are no older than the run.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RECORD_VERSION, type RunRecord } from '../adapters/run-record.js';
import { reportsText, waitsText } from '../adapters/summary-text.js';
import { countReports, type Counts } from '../adapters/worker-counts.js';

export interface EndedRun {
  readonly folder: string;
  /** When the run began: milliseconds since the epoch. */
  readonly since: number;
  /** The program. */
  readonly pid: number;
  /** What ended it, if it was a signal. */
  readonly signal: NodeJS.Signals | null;
}

/** Times of files may be coarser than those of the clock, by so many milliseconds. */
const SLACK = 2000;
/** A record this young, in milliseconds, tells of the end. */
const FRESH = 100;
/** For so many milliseconds processes that the program has started are waited for. */
const GRACE = 300;
const PAUSE = 20;

/** What is to be shown for them; '' if everything has been. It throws nothing. */
export async function leftText(ended: EndedRun): Promise<string> {
  // What ended the program may be ending those that it has started.
  if (ended.signal !== null) {
    for (let round = 0; round < GRACE / PAUSE && runningBeside(ended); round++) await sleep(PAUSE);
  }
  return textOf(ended);
}

function runningBeside({ folder, since, pid }: EndedRun): boolean {
  return readRecords(folder, since).some((record) => record.pid !== pid && isRunning(record.pid));
}

function textOf({ folder, since, pid, signal }: EndedRun): string {
  const byProcess = new Map<number, RunRecord[]>();
  if (signal !== null) byProcess.set(pid, []);
  for (const record of readRecords(folder, since)) {
    const known = byProcess.get(record.pid);
    if (known === undefined) byProcess.set(record.pid, [record]);
    else known.push(record);
  }
  let text = '';
  for (const [each, records] of byProcess) {
    if (each !== pid && isRunning(each)) continue;
    const ending = each === pid && signal !== null ? `the program was ended by ${signal}` : undefined;
    text += processText(each, ending, records);
  }
  return text;
}

/** `ending`: how the process ended, where it is known to have shown nothing. */
function processText(pid: number, ending: string | undefined, records: readonly RunRecord[]): string {
  const main = records.find(({ thread }) => thread === 0);
  const workers = records.filter(({ thread }) => thread !== 0);
  let text = '';
  if (main?.complete === false) {
    const head = `lockdep: ${ending ?? `process ${pid} has ended without a summary`}; until then`;
    text += reportsText(head, main, countsOf(workers)) + waitsText(main.waitText, whenOf(main));
  } else if (main === undefined && ending !== undefined) {
    text += `lockdep: ${ending}, so there is no summary\n`;
  }
  for (const worker of workers) {
    if (!worker.complete)
      text += waitsText(worker.waitText, `in worker thread ${worker.thread} of process ${pid}, ${whenOf(worker)}`);
  }
  return text;
}

function countsOf(records: readonly RunRecord[]): Counts {
  const counts = records.map(({ reports }) => countReports(reports));
  return {
    strict: counts.reduce((sum, { strict }) => sum + strict, 0),
    advisory: counts.reduce((sum, { advisory }) => sum + advisory, 0),
  };
}

/** When a record was true, which has been renewed since somebody waited. */
function whenOf({ at }: RunRecord): string {
  const age = Date.now() - at;
  return age <= FRESH ? 'at the end' : `${(age / 1000).toFixed(1)} s before the end`;
}

function readRecords(folder: string, since: number): RunRecord[] {
  let names: string[] = [];
  try {
    names = readdirSync(folder).filter((name) => /^lockdep-\d+(?:-\d+)?\.json$/.test(name));
  } catch {
    // Whoever could not write there has said so.
  }
  return names.flatMap((name) => readRecord(join(folder, name), since) ?? []);
}

function readRecord(path: string, since: number): RunRecord | undefined {
  try {
    if (statSync(path).mtimeMs < since - SLACK) return undefined;
    const record = JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
    return record.version === RECORD_VERSION && record.runner === process.pid ? record : undefined;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // One of another user's is there all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return !isZombie(pid);
}

/** Has it ended, and nobody has asked for its exit code yet? Where the system does not tell: no. */
function isZombie(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return status.slice(status.lastIndexOf(')') + 2).startsWith('Z');
  } catch {
    return false;
  }
}
