/**
 * The wait table as text: circles first, then what is held and awaited, oldest first, lines that differ in nothing but age and
 * flow folded into one with a count.
 *
 * Invariant: every line is plain text. Pure; linear in the table, and in the lines that are printed no longer than `limit`.
 */
import { plain } from '../platform/plain-text.js';
import type { WaitTable, WaitTableHold, WaitTableLock, WaitTableWait } from './wait-data.js';

export interface WaitTextOptions {
  /** Fold equal lines into one? */
  readonly group: boolean;
  /** Lines that are printed at most. */
  readonly limit: number;
}

/** Nothing is held or awaited. */
export const NOTHING = 'no locks are held or awaited';

interface Line {
  readonly text: string;
  /** What has to be the same for two lines to be one. */
  readonly key: string;
  readonly since: number;
}

export function waitText(table: WaitTable, { group, limit }: WaitTextOptions): string {
  const lines = linesOf(table).sort((one, other) => one.since - other.since);
  if (lines.length === 0) return NOTHING;
  const shown = group ? folded(lines) : lines.map(({ text }) => text);
  const left = shown.length - limit;
  if (left > 0) shown.splice(limit, left, `... and ${left} more`);
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

function linesOf(table: WaitTable): Line[] {
  const { at, locks } = table;
  const sites = new Map<number, string>();
  const lines: Line[] = [];
  for (const { holds } of table.flows) {
    for (const hold of holds) {
      if (hold.site !== '' && !sites.has(hold.flow)) sites.set(hold.flow, hold.site);
      lines.push(line('held', hold, locks, at, hold.handedOff === true ? ', handed off' : ''));
    }
  }
  const held = heldSites(table);
  for (const wait of table.waits) lines.push(line('waiting', wait, locks, at, awaitedText(wait, held)));
  return lines;
}

/** Where each lock was taken by whoever holds it, as far as one place says it. */
function heldSites({ flows }: WaitTable): Map<number, string> {
  const sites = new Map<number, string>();
  for (const { holds } of flows) for (const { lock, site } of holds) if (!sites.has(lock)) sites.set(lock, site);
  return sites;
}

function awaitedText(
  { kind, lock, bounded, parked, blockedBy }: WaitTableWait,
  held: ReadonlyMap<number, string>,
): string {
  const how = kind === 'unlock' ? ', for its unlock' : '';
  const end = `${bounded === true ? ', bounded' : ''}${parked === true ? ', parked' : ''}`;
  if (blockedBy.length === 0) return how + end;
  const site = held.get(lock) ?? '';
  return `${how}${end}, held${site === '' ? '' : ` since ${site}`} by flow ${blockedBy.slice(0, 3).join(', ')}${blockedBy.length > 3 ? ', ...' : ''}`;
}

function line(state: string, row: WaitTableHold, locks: readonly WaitTableLock[], at: number, how: string): Line {
  const { name } = locks[row.lock - 1] as WaitTableLock;
  const label = name === undefined ? row.lockClass : `${row.lockClass} "${name}"`;
  const what = `${state} ${label}, ${row.mode}${how}`;
  const where = row.site === '' ? '' : `, at ${row.site}`;
  return {
    text: plain(`${what}, for ${at - row.since} ms${where}`),
    // Who holds it differs from flow to flow, and makes no difference to what is wrong.
    key: `${what.replace(/ by flow .*$/, '')}${where}`,
    since: row.since,
  };
}

function folded(lines: readonly Line[]): string[] {
  const groups = new Map<string, { readonly first: Line; count: number }>();
  for (const each of lines) {
    const group = groups.get(each.key);
    if (group === undefined) groups.set(each.key, { first: each, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()].map(({ first, count }) => (count === 1 ? first.text : `${count} x ${first.text}`));
}
