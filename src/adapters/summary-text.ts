/**
 * The summary of a run, as `lockdep run` shows it.
 *
 * Guarantee: one line per distinct report, strict ones first; reports of worker threads as counts, since their text
 * has been shown by the thread that made them; then, where somebody waits, who holds what and who waits for it. Pure.
 */
import type { Report, WaitTable } from '../index.js';
import { plain } from '../platform/plain-text.js';
import { countReports, type Counts } from './worker-counts.js';

export interface RunSummary {
  readonly classes: number;
  readonly edges: number;
  readonly reports: readonly Report[];
  readonly accepted: readonly { readonly classes: readonly string[]; readonly reason: string }[];
  readonly waits: WaitTable;
  /** '' where nobody waits. */
  readonly waitText: string;
}

export function summaryText(summary: RunSummary, workers: Counts): string {
  const { classes, edges, waitText } = summary;
  const learned = `${counted(classes, 'lock class', 'lock classes')}, ${counted(edges, 'order')} between them`;
  return `${reportsText(`lockdep: ${learned}`, summary, workers)}${waitsText(waitText, 'at the end')}`;
}

/** Who held and awaited what; `when` that was so. '' where nobody waited. */
export function waitsText(waitText: string, when: string): string {
  if (waitText === '') return '';
  return `lockdep: what was held and awaited ${when}:\n${waitText.replaceAll(/^/gm, '  ')}\n`;
}

/** The reports, below a line that begins with `head` and counts them. */
export function reportsText(head: string, summary: Pick<RunSummary, 'reports' | 'accepted'>, workers: Counts): string {
  const { reports } = summary;
  const lines = [`${head}, ${tally(countReports(reports))}`];
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
