/**
 * The record of a run: one JSON file for each process, and one for each of its worker threads.
 *
 * It is written at the end, and before that whenever a report is made or somebody has to wait (live-record.ts): of a process that a
 * signal ends, SIGKILL among them, it is what is left. `lockdep run` shows it then.
 *
 * Guarantee: a file is there whole or not at all, also when several processes write into one folder. Failing to
 * write says so on stderr, once, and disturbs nothing else.
 */
import { mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Report, WaitTable } from '../index.js';
import { plain } from '../platform/plain-text.js';
import { RUNNER } from './runner-watch.js';
import { writeToStderr } from '../platform/stderr-text.js';
import type { RunSummary } from './summary-text.js';

export const RECORD_VERSION = 1;

/** The environment variable with the folder of records that `lockdep run` makes for itself where the user wants none. */
export const JOURNAL = 'LOCKDEP_JOURNAL';

/** What is in the file. Fields may be added without a change of the version. */
export interface RunRecord {
  readonly version: typeof RECORD_VERSION;
  /** The process, and its thread: 0 is the main one. */
  readonly pid: number;
  readonly thread: number;
  /** The `lockdep run` that the process, or one that it comes from, was started by. */
  readonly runner?: number;
  /** False: as it was at `at`, while the process ran. */
  readonly complete: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly counts: { readonly classes: number; readonly edges: number };
  readonly accepted: RunSummary['accepted'];
  readonly reports: readonly Report[];
  readonly waits: WaitTable;
  /** The waits as lines of text; '' where nobody waits. */
  readonly waitText: string;
}

/** Where the record of this thread is. */
export interface RecordPlace {
  readonly folder: string;
  /** The folder is that of one `lockdep run`, which removes it; nobody looks at a record that has been shown. */
  readonly isTemporary: boolean;
}

export class RecordFile {
  readonly #place: RecordPlace;
  readonly #path: string;
  #hasFailed = false;

  constructor(place: RecordPlace) {
    const name = threadId === 0 ? `lockdep-${process.pid}` : `lockdep-${process.pid}-${threadId}`;
    this.#place = place;
    this.#path = join(place.folder, `${name}.json`);
  }

  write(summary: RunSummary, complete: boolean): void {
    try {
      if (!this.#place.isTemporary) mkdirSync(this.#place.folder, { recursive: true });
      // Laid out for a reader where it is written once.
      const text = JSON.stringify(recordOf(summary, complete), undefined, complete ? 2 : 0);
      writeFileSync(`${this.#path}.tmp`, `${text}\n`);
      renameSync(`${this.#path}.tmp`, this.#path);
    } catch (error) {
      this.failed(error);
    }
  }

  /** What is in it has been shown. */
  shown(summary: RunSummary): void {
    if (this.#place.isTemporary) rmSync(this.#path, { force: true });
    else this.write(summary, true);
  }

  /** Nobody is left who would remove a temporary folder. */
  abandon(): void {
    if (!this.#place.isTemporary) return;
    try {
      rmdirSync(dirname(this.#path));
    } catch {
      // Other processes of the run have theirs there.
    }
  }

  /** It could not be made, or not be written: said once. */
  failed(error: unknown): void {
    try {
      rmSync(`${this.#path}.tmp`, { force: true });
    } catch {
      // It may be what fails.
    }
    // A temporary folder goes with its run, which a process may outlive.
    const isGone = this.#place.isTemporary && (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (this.#hasFailed || isGone) return;
    this.#hasFailed = true;
    const reason = error instanceof Error ? error.message : String(error);
    writeToStderr(`${plain(`lockdep: could not write ${this.#path}: ${reason}`)}\n`);
  }
}

function recordOf({ classes, edges, accepted, reports, waits, waitText }: RunSummary, complete: boolean): RunRecord {
  const runner = Number(process.env[RUNNER] ?? '');
  return {
    version: RECORD_VERSION,
    pid: process.pid,
    thread: threadId,
    ...(runner > 0 ? { runner } : {}),
    complete,
    at: waits.at,
    counts: { classes, edges },
    // The one text in it that is as the program gave it.
    accepted: accepted.map(({ classes, reason }) => ({ classes, reason: plain(reason) })),
    reports,
    waits,
    waitText,
  };
}
