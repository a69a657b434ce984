/**
 * The summary of a run, as `lockdep run` shows it.
 *
 * Guarantee: one line per distinct report, strict ones first; reports of worker threads as counts, since their text
 * has been shown by the thread that made them. Pure.
 */
import type { Report } from '../index.js';
import { plain } from '../platform/plain-text.js';
import { countReports, type Counts } from './worker-counts.js';

export interface RunSummary {
  readonly classes: number;
  readonly edges: number;
  readonly reports: readonly Report[];
  readonly accepted: readonly { readonly classes: readonly string[]; readonly reason: string }[];
}

export function summaryText(summary: RunSummary, workers: Counts): string {
  const { classes, edges, reports } = summary;
  const learned = `${counted(classes, 'lock class', 'lock classes')}, ${counted(edges, 'order')} between them`;
  const lines = [`lockdep: ${learned}, ${tally(countReports(reports))}`];
  const strictFirst = reports.toSorted((a, b) => Number(b.tier === 'strict') - Number(a.tier === 'strict'));
  for (const report of strictFirst) lines.push(`  ${report.tier}: ${headlineOf(report)} (${times(report.count)})`);
  for (const { classes: pair, reason } of summary.accepted) {
    lines.push(`  accepted: ${plain(`${pair.join(' and ')} in both orders: ${reason}`)}`);
  }
  if (workers.strict + workers.advisory > 0) lines.push(`  in worker threads: ${tally(workers)}`);
  return `${lines.join('\n')}\n`;
}

/** The first line of the report's text, and the classes that it is about. */
function headlineOf({ message, cycle, acquiring }: Report): string {
  const end = message.indexOf('\n');
  const first = (end === -1 ? message : message.slice(0, end)).replace(/^LOCKDEP: /, '');
  const names = cycle?.map((link) => link.from) ?? [];
  const closing = names[0] ?? acquiring?.lockClass;
  return closing === undefined ? first : `${first}: ${plain([...names, closing].join(' -> '))}`;
}

function tally({ strict, advisory }: Counts): string {
  if (strict + advisory === 0) return 'no reports';
  return `${counted(strict + advisory, 'report')} (${strict} strict, ${advisory} advisory)`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
