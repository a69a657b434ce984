/**
 * The record of a run: one JSON file for each process, and one for each of its worker threads.
 *
 * Guarantee: a file is there whole or not at all, also when several processes write into one folder. Failing to
 * write says so on stderr and disturbs nothing else.
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { plain } from '../platform/plain-text.js';
import type { RunSummary } from './summary-text.js';

export const RECORD_VERSION = 1;

export function writeRecord(folder: string, { classes, edges, reports }: RunSummary): void {
  const name = threadId === 0 ? `lockdep-${process.pid}` : `lockdep-${process.pid}-${threadId}`;
  const path = join(folder, `${name}.json`);
  const record = { version: RECORD_VERSION, counts: { classes, edges }, reports };
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${path}.tmp`, `${JSON.stringify(record, undefined, 2)}\n`);
    renameSync(`${path}.tmp`, path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    writeToStderr(`${plain(`lockdep: could not write ${path}: ${reason}`)}\n`);
  }
}

/** Synchronous on every system, as it has to be while the process exits. */
export function writeToStderr(text: string): void {
  try {
    writeFileSync(2, text);
  } catch {
    // Stderr is closed: nobody is there to be told.
  }
}
