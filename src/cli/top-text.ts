/** One frame of `lockdep top`. Pure. */
import type { WaitTable } from '../report/wait-data.js';
import type { About } from '../attach/diagnosis.js';
import { summaryText, tableLines, type Sort } from './ps-text.js';

/** One answer of the process. */
export interface Sample {
  readonly table: WaitTable;
  readonly about: About;
}

export interface FrameOptions {
  readonly pid: number;
  readonly sort: Sort;
  readonly isPaused: boolean;
  /** Does anybody press keys? */
  readonly hasKeys: boolean;
  /** Lines and characters that there is room for. */
  readonly rows: number;
  readonly columns: number;
}

/** `before` is the sample that rates are counted from. */
export function topFrame(sample: Sample, before: Sample | undefined, options: FrameOptions): string[] {
  const { pid, sort, isPaused, hasKeys, rows, columns } = options;
  const { table, about } = sample;
  const head = [
    `lockdep top - process ${pid}, ${clockText(table.at)}${rateText(sample, before)}${isPaused ? ' [paused]' : ''}`,
    summaryText(table, about),
    `sorted by ${sort}${hasKeys ? '; q quits, s sorts by the next one, p pauses' : ''}`,
    '',
  ];
  // A line for the head of the table, and one for what is left.
  const limit = Math.max(1, rows - head.length - 2);
  return [...head, ...tableLines(table, { sort, limit })].slice(0, rows).map((line) => cut(line, columns));
}

/** Holds and waits that were begun in a second, and how much longer the queues have become. */
function rateText({ table, about }: Sample, before: Sample | undefined): string {
  const seconds = (table.at - (before?.table.at ?? table.at)) / 1000;
  if (before === undefined || seconds <= 0) return '';
  const rate = Math.max(0, about.holdsMade - before.about.holdsMade) / seconds;
  const more = table.waits.length - before.table.waits.length;
  return `: ${Math.round(rate)} asked for in a second, waits ${more < 0 ? '' : '+'}${more}`;
}

function clockText(at: number): string {
  return new Date(at).toTimeString().slice(0, 8);
}

function cut(line: string, columns: number): string {
  const characters = Array.from(line);
  return characters.length <= columns ? line : `${characters.slice(0, Math.max(0, columns - 3)).join('')}...`;
}
