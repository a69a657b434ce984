/** The text of `lockdep ps`, and of a frame of `lockdep top`: a summary, and the table of waits. */
import type { About } from '../attach/diagnosis.js';
import type { WaitTable } from '../report/wait-data.js';
import { waitLines, type WaitLine } from '../report/wait-lines.js';
import { ageText } from '../report/wait-tree-text.js';

/** How lines are sorted: the oldest first, the most first, or by the name of the lock. */
export const SORTS = ['age', 'count', 'lock'] as const;
export type Sort = (typeof SORTS)[number];

const HEAD = ['COUNT', 'AGE', 'STATE', 'LOCK', 'MODE', 'TASK', 'AT', 'HELD SINCE'];
/** Characters of a column, but for the last one. */
const MAX_WIDTH = 48;

export function psText(table: WaitTable, about: About, limit: number): string {
  return `${[`process ${table.pid}: ${summaryText(table, about)}`, ...tableLines(table, { sort: 'age', limit })].join('\n')}\n`;
}

export function summaryText({ flows, waits, cycles }: WaitTable, { mode, tracking, reports }: About): string {
  if (mode === 'off') return 'lockdep is off: no lock is followed';
  const holds = flows.reduce((sum, flow) => sum + flow.holds.length, 0);
  const how = mode === '' ? '' : ` (mode ${mode}, tracking ${tracking})`;
  return `${amount(holds, 'hold')}, ${amount(waits.length, 'wait')}, ${amount(cycles.length, 'deadlock')}, ${amount(reports, 'report')}${how}`;
}

/** Nothing where nothing is held. */
export function tableLines(
  table: WaitTable,
  { sort, limit }: { readonly sort: Sort; readonly limit: number },
): string[] {
  const lines = waitLines(table).sort(ORDERS[sort]);
  if (lines.length === 0) return [];
  const rows = lines.slice(0, limit).map((line) => cells(line, table.at));
  const left = lines.length - rows.length;
  return [...aligned([HEAD, ...rows]), ...(left > 0 ? [`... and ${amount(left, 'more line')}`] : [])];
}

/** What is equal by these stays as it was: the oldest first. */
const ORDERS: Readonly<Record<Sort, (one: WaitLine, other: WaitLine) => number>> = {
  age: () => 0,
  count: (one, other) => other.count - one.count,
  lock: (one, other) => (one.lock < other.lock ? -1 : Number(one.lock > other.lock)),
};

function cells(line: WaitLine, at: number): string[] {
  const { count, since, state, lock, mode, task, site, heldSince } = line;
  return [String(count), ageText(at - since), state, lock, mode, task, site, heldSince];
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.min(MAX_WIDTH, Math.max(...rows.map((row) => row[column]?.length ?? 0))));
  return rows.map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

const amount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
