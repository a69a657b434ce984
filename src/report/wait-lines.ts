/**
 * The wait table as lines of a table: equal ones are one with a count, the oldest first.
 *
 * Invariant: lines are equal that differ in nothing but flow, instance of the class, and age. Pure; linear in the table.
 */
import { plain } from '../platform/plain-text.js';
import type { WaitTable, WaitTableHold } from './wait-data.js';

export interface WaitLine {
  readonly count: number;
  /** When the oldest of them asked; milliseconds since the epoch. */
  readonly since: number;
  readonly state: 'held' | 'waiting';
  readonly lock: string;
  readonly mode: string;
  readonly task: string;
  /** Where it was asked for; '' when unknown. */
  readonly site: string;
  /** Of a wait: where one of those took the lock that hold it; '' when unknown, or nobody is known to. */
  readonly heldSince: string;
}

export function waitLines(table: WaitTable): WaitLine[] {
  const names = lockNames(table);
  const found = new Map<string, WaitLine & { count: number; since: number }>();
  const add = (state: WaitLine['state'], row: WaitTableHold, mode: string, heldSince: string): void => {
    const lock = plain(names.get(row.lock) ?? row.lockClass);
    const line = { state, lock, mode: plain(mode), task: plain(row.task), site: plain(row.site), heldSince };
    const key = Object.values(line).join('\n');
    const equal = found.get(key);
    if (equal === undefined) found.set(key, { ...line, count: 1, since: row.since });
    else {
      equal.count += 1;
      equal.since = Math.min(equal.since, row.since);
    }
  };
  const sites = holdSites(table);
  for (const { holds } of table.flows) {
    for (const hold of holds) add('held', hold, hold.handedOff === true ? `${hold.mode}, handed off` : hold.mode, '');
  }
  for (const wait of table.waits) {
    const how: string[] = [wait.kind === 'lock' ? wait.mode : wait.kind];
    if (wait.bounded === true) how.push('bounded');
    if (wait.parked === true) how.push('parked');
    const heldSince = wait.blockedBy.length === 0 ? '' : plain(sites.get(wait.lock) ?? '');
    add('waiting', wait, how.join(', '), heldSince);
  }
  return [...found.values()].sort((one, other) => one.since - other.since);
}

/** By number: the class of a lock, and its own name where it has one. A subclass is told by the row alone. */
export function lockNames({ locks }: WaitTable): Map<number, string> {
  return new Map(
    locks.flatMap(({ id, lockClass, name }) => (name === undefined ? [] : [[id, `${lockClass} "${name}"`]])),
  );
}

/** By lock: where one of those took it that hold it. */
function holdSites({ flows }: WaitTable): Map<number, string> {
  const sites = new Map<number, string>();
  for (const { holds } of flows) for (const { lock, site } of holds) if (!sites.has(lock)) sites.set(lock, site);
  return sites;
}
