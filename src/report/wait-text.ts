/**
 * The wait table as text: circles first, then what is held and awaited, oldest first, lines that differ in nothing but age and
 * flow folded into one with a count.
 *
 * Invariant: every line is plain text. Pure; linear in the table, and in the lines that are printed no longer than `limit`.
 */
import { plain } from '../platform/plain-text.js';
import { oldestFirst } from './oldest-first.js';
import type { WaitTable, WaitTableHold, WaitTableWait } from './wait-data.js';

export interface WaitTextOptions {
  /** Fold equal lines into one? */
  readonly group: boolean;
  /** Lines that are printed at most. */
  readonly limit: number;
}

/** Nothing is held or awaited. */
export const NOTHING = 'no locks are held or awaited';

/** What is to be said of one row. The text is made for those that are shown alone. */
interface Line {
  readonly row: WaitTableHold;
  /** `held accounts, exclusive`. */
  readonly what: string;
  /** ` by flow 1, 2`: that differs from flow to flow, and makes no difference to what is wrong. */
  readonly by: string;
  readonly since: number;
}

export function waitText(table: WaitTable, { group, limit }: WaitTextOptions): string {
  const lines = oldestFirst(linesOf(table));
  if (lines.length === 0) return NOTHING;
  const groups = group ? folded(lines) : lines.map((first) => ({ first, count: 1 }));
  const left = groups.length - limit;
  const shown = groups.slice(0, limit).map(({ first, count }) => {
    const text = textOf(first, table.at);
    return count === 1 ? text : `${count} x ${text}`;
  });
  if (left > 0) shown.push(`... and ${left} more`);
  return [...circles(table), ...shown].join('\n');
}

function circles({ cycles, waits }: WaitTable): string[] {
  if (cycles.length === 0) return [];
  const wanted = new Map(waits.map((wait) => [wait.flow, wait]));
  const told = cycles.slice(0, 10).map((cycle) => {
    const steps = cycle.map(
      (flow) => `flow ${flow} (${wanted.get(flow)?.task ?? '?'}) waits for ${wanted.get(flow)?.lockClass ?? '?'}`,
    );
    return `  ${plain(steps.join(', '))}`;
  });
  const more = cycles.length > told.length ? [`  ... and ${cycles.length - told.length} more`] : [];
  const count = cycles.length === 1 ? '1 circle' : `${cycles.length} circles`;
  return [`Found ${count} of flows that wait for each other:`, ...told, ...more];
}

function linesOf({ flows, waits, locks }: WaitTable): Line[] {
  const labels = locks.map(({ name }) => (name === undefined ? '' : ` "${name}"`));
  /** Where each lock was taken by whoever holds it, as far as one place says it. */
  const sites = new Map<number, string>();
  const lines: Line[] = [];
  for (const { holds } of flows) {
    for (const hold of holds) {
      if (!sites.has(hold.lock)) sites.set(hold.lock, hold.site);
      const how = hold.handedOff === true ? ', handed off' : '';
      lines.push({ row: hold, what: whatOf('held', hold, labels) + how, by: '', since: hold.since });
    }
  }
  for (const wait of waits) {
    const site = sites.get(wait.lock) ?? '';
    const what = whatOf('waiting', wait, labels) + howOf(wait, site);
    lines.push({ row: wait, what, by: byOf(wait), since: wait.since });
  }
  return lines;
}

function whatOf(state: string, { lock, lockClass, mode }: WaitTableHold, labels: readonly string[]): string {
  return `${state} ${lockClass}${labels[lock - 1] ?? ''}, ${mode}`;
}

function howOf({ kind, bounded, parked, blockedBy }: WaitTableWait, site: string): string {
  const how = kind === 'unlock' ? ', for its unlock' : '';
  const end = `${bounded === true ? ', bounded' : ''}${parked === true ? ', parked' : ''}`;
  if (blockedBy.length === 0) return how + end;
  return `${how}${end}, held${site === '' ? '' : ` since ${site}`}`;
}

function byOf({ blockedBy }: WaitTableWait): string {
  if (blockedBy.length === 0) return '';
  return ` by flow ${blockedBy.slice(0, 3).join(', ')}${blockedBy.length > 3 ? ', ...' : ''}`;
}

function textOf({ row, what, by }: Line, at: number): string {
  return plain(`${what}${by}, for ${at - row.since} ms${row.site === '' ? '' : `, at ${row.site}`}`);
}

function folded(lines: readonly Line[]): { readonly first: Line; count: number }[] {
  const groups = new Map<string, { readonly first: Line; count: number }>();
  for (const line of lines) {
    const key = `${line.what}\n${line.row.site}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: line, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()];
}
