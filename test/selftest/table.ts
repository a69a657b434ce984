/** The verdicts as a table: a scenario per row, a lock kind per column. */
import type { Case } from './cases.js';

export interface Verdict {
  readonly case: Case;
  readonly passed: boolean;
}

const ROW_WIDTH = 40;
const COLUMN_WIDTH = 9;

export interface Totals {
  readonly text: string;
  readonly failed: number;
}

export function formatTable(verdicts: readonly Verdict[], notYet: Readonly<Record<string, number>>): Totals {
  const lines: string[] = [];
  for (const [group, members] of grouped(verdicts, ({ case: { group } }) => group)) {
    const columns = [...new Set(members.map(({ case: { column } }) => column))];
    lines.push(line(group, columns), '-'.repeat(ROW_WIDTH + COLUMN_WIDTH * columns.length));
    for (const [row, cells] of grouped(members, ({ case: { row } }) => row))
      lines.push(
        line(
          row,
          columns.map((name) => cellOf(cells, name)),
        ),
      );
    lines.push('');
  }
  let waiting = 0;
  for (const [group, count] of Object.entries(notYet)) {
    lines.push(line(group, [`not yet (${count})`]));
    waiting += count;
  }
  const failed = verdicts.filter(({ passed }) => !passed).length;
  const total = verdicts.length + waiting;
  lines.push('', `${verdicts.length - failed} ok, ${failed} FAILED, ${waiting} not yet; ${total} cases in all`);
  return { text: lines.join('\n'), failed };
}

function cellOf(cells: readonly Verdict[], column: string): string {
  const verdict = cells.find((cell) => cell.case.column === column);
  if (verdict === undefined) return '';
  return verdict.passed ? 'ok' : 'FAILED';
}

function line(head: string, cells: readonly string[]): string {
  return (head.padEnd(ROW_WIDTH) + cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join('')).trimEnd();
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item)) ?? [];
    group.push(item);
    groups.set(keyOf(item), group);
  }
  return groups;
}
