/**
 * How the flows of a cycle run into each other: one column per flow, what each has taken, what each takes next.
 *
 * Invariant: every link of the cycle is one flow, the reporting flow (the closing link) first, and each flow wants the lock
 * that the next one holds, the last flow that of the first. Pure; linear in the links.
 */
import type { Dependency, LockUse } from './types.js';
import { counted, lockCall, REPORT_WIDTH } from './wording.js';

/** More columns than this no longer read as a table; a list follows instead. */
export const MAX_COLUMNS = 5;
/** Flows that the list spells out. */
export const MAX_LISTED_FLOWS = 10;

/** What one flow of the scenario does. */
interface Column {
  readonly title: string;
  readonly holds: string;
  readonly wants: string;
}

/** The scenario of a cycle of one or more links. */
export function cycleScenario(cycle: readonly Dependency[]): string[] {
  // The closing link wants cycle[0].from, which the flow of cycle[0] holds; that one wants what cycle[1] holds, and so on.
  const ordered = [...cycle.slice(-1), ...cycle.slice(0, -1)];
  const columns = ordered.map((link, index) => ({
    title: title(index, ordered.length),
    holds: lockCall(link.from, link.held.mode),
    wants: lockCall(link.to, link.acquiring.mode),
  }));
  return draw(columns);
}

/** The scenario of a flow that stands in its own way. */
export function selfScenario(held: LockUse, wanted: LockUse): string[] {
  const call = ({ lockClass, mode }: LockUse): string => lockCall(lockClass, mode);
  return draw([{ title: title(0, 1), holds: call(held), wants: call(wanted) }]);
}

function title(index: number, flows: number): string {
  if (flows === 1) return 'this flow';
  return index === 0 ? 'flow 1 (this)' : `flow ${index + 1}`;
}

function draw(columns: readonly Column[]): string[] {
  const widths = columns.map(({ title, holds, wants }) => Math.max(title.length, holds.length, wants.length));
  const total = widths.reduce((sum, width) => sum + width, 0) + 3 * columns.length;
  const fits = columns.length === 1 || (columns.length <= MAX_COLUMNS && total <= REPORT_WIDTH);
  return [...(fits ? table(columns, widths) : list(columns)), '', '*** DEADLOCK ***'];
}

function table(columns: readonly Column[], widths: readonly number[]): string[] {
  const row = (cell: (column: Column, width: number) => string): string => {
    return columns
      .map((column, index) => cell(column, widths[index] ?? 0).padEnd(widths[index] ?? 0))
      .join('   ')
      .trimEnd();
  };
  return [
    row((column) => column.title),
    row((_, width) => '-'.repeat(width)),
    row((column) => column.holds),
    row((column) => column.wants),
  ];
}

function list(columns: readonly Column[]): string[] {
  const shown = columns.slice(0, MAX_LISTED_FLOWS);
  const width = Math.max(...shown.map((column) => column.title.length));
  const lines = shown.map((column) => `${column.title.padEnd(width)}   ${column.holds}, then ${column.wants}`);
  const left = columns.length - shown.length;
  return left === 0 ? lines : [...lines, `... and ${counted(left, 'more flow')}`];
}
