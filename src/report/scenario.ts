/**
 * How the flows of a deadlock run into each other: one column per flow, what each has taken, what each takes next. Flows
 * that do the same, as holders of a lock with several permits, share a column.
 *
 * Invariant: every link of the cycle is a column, that of the reporting flow (the closing link) first, and each flow wants
 * the lock that the next one holds, the last flow that of the first. Pure; linear in the links.
 */
import { holdersOf } from './permit-arithmetic.js';
import type { Dependency, Exhaustion, LockUse } from './types.js';
import { counted, lockCall, plain, REPORT_WIDTH } from './wording.js';

/** More columns than this no longer read as a table; a list follows instead. */
export const MAX_COLUMNS = 5;
/** Flows that the list spells out. */
export const MAX_LISTED_FLOWS = 10;

/** What one flow of the scenario does, or several that do the same. */
interface Column {
  readonly flows: number;
  /** One after the other, '' where it waits for the others to do theirs. */
  readonly steps: readonly string[];
}

/** The same, with its flows by their numbers. */
interface TitledColumn extends Column {
  readonly title: string;
}

/** The scenario of a cycle of one or more links. `past`: none of its flows is the running one. */
export function cycleScenario(cycle: readonly Dependency[], past: boolean): string[] {
  // The closing link wants cycle[0].from, which the flow of cycle[0] holds; that one wants what cycle[1] holds, and so on.
  const ordered = [...cycle.slice(-1), ...cycle.slice(0, -1)];
  const columns = ordered.map((link, index): Column => ({
    flows: link.ahead === true ? 1 : holdersOf(link.held, (ordered.at(index - 1) as Dependency).acquiring),
    steps: stepsOf(link, ordered[(index + 1) % ordered.length]),
  }));
  const isQueued = ordered.some(({ ahead }) => ahead === true);
  return draw(isQueued ? columns.map(withTurnBetween) : columns, past);
}

/** Who merely stands in a queue comes to it between what the others take and what they want. */
function withTurnBetween({ flows, steps: [first = '', then] }: Column): Column {
  return { flows, steps: then === undefined ? ['', first, ''] : [first, '', then] };
}

/** Whoever waits for an event waits for a call: that of a flow which needs a lock first. */
function stepsOf({ held, acquiring, origin, ahead }: Dependency, next: Dependency | undefined): string[] {
  if (ahead === true) return [lockCall(acquiring)];
  if (origin === 'event') return [lockCall(acquiring), `complete(${plain(held.lockClass)})`];
  return [lockCall(held), next?.origin === 'event' ? `wait(${plain(acquiring.lockClass)})` : lockCall(acquiring)];
}

/** The scenario of a flow that wants what it holds, or another lock of the class; `exhaustion` where these have permits. */
export function nestedScenario(
  held: LockUse,
  wanted: LockUse,
  instances: 1 | 2,
  exhaustion: Exhaustion | undefined,
): string[] {
  const { flows, opposite } = exhaustion ?? { flows: instances, opposite: instances - 1 };
  const mine = exhaustion === undefined ? held : { ...held, permits: { count: exhaustion.held, of: permitsOf(held) } };
  const [one, other] = instances === 1 ? ['', ''] : labels(held, wanted);
  const columns: Column[] = [{ flows: flows - opposite, steps: [lockCall(mine, one), lockCall(wanted, other)] }];
  if (instances === 2) {
    const steps = [lockCall(inPlaceOf(wanted, mine), other), lockCall(inPlaceOf(mine, wanted), one)];
    columns.push({ flows: opposite, steps });
  }
  return draw(held.mode === 'shared' && wanted.mode === 'shared' ? withWriters(columns) : columns);
}

/** Readers do not stand in each other's way by themselves: a writer queues between the two reads of each flow. */
function withWriters(columns: readonly Column[]): Column[] {
  const readers = columns.map(({ flows, steps: [first, then] }) => ({ flows, steps: [first ?? '', '', then ?? ''] }));
  const writers = columns.map(({ steps: [first] }) => ({ flows: 1, steps: ['', (first ?? '').replace(/^r/, ''), ''] }));
  return [...readers, ...writers];
}

/** `lock` used as `other` is. */
function inPlaceOf(lock: LockUse, { mode, permits, forUnlock }: LockUse): LockUse {
  const { forUnlock: _, ...plainUse } = lock;
  return {
    ...plainUse,
    mode,
    ...(permits === undefined ? {} : { permits: { count: permits.count, of: permitsOf(lock) } }),
    ...(forUnlock === undefined ? {} : { forUnlock }),
  };
}

function permitsOf({ permits }: LockUse): number {
  return permits?.of ?? 1;
}

/** What tells two locks of one class apart. */
function labels(held: LockUse, wanted: LockUse): readonly [string, string] {
  const named = held.name !== undefined && wanted.name !== undefined && held.name !== wanted.name;
  return named ? [` "${plain(held.name)}"`, ` "${plain(wanted.name)}"`] : [', one', ', other'];
}

function titled(columns: readonly Column[], past: boolean): TitledColumn[] {
  let next = 1;
  const total = columns.reduce((sum, { flows }) => sum + flows, 0);
  return columns.map((column) => {
    const first = next;
    next += column.flows;
    return { ...column, title: title(first, column.flows, total, past) };
  });
}

function title(first: number, flows: number, total: number, past: boolean): string {
  if (total === 1) return past ? 'one flow' : 'this flow';
  const numbers = flows === 1 ? `flow ${first}` : `each of flows ${first} to ${first + flows - 1}`;
  if (first > 1 || past) return numbers;
  return flows === 1 ? `${numbers} (this)` : `${numbers} (this is 1)`;
}

function draw(plainColumns: readonly Column[], past = false): string[] {
  const columns = titled(plainColumns, past);
  const widths = columns.map(({ title, steps }) => Math.max(title.length, ...steps.map(({ length }) => length)));
  const total = widths.reduce((sum, width) => sum + width, 0) + 3 * columns.length;
  const fits = columns.length === 1 || (columns.length <= MAX_COLUMNS && total <= REPORT_WIDTH);
  return [...(fits ? table(columns, widths) : list(columns)), '', '*** DEADLOCK ***'];
}

function table(columns: readonly TitledColumn[], widths: readonly number[]): string[] {
  const row = (cell: (column: TitledColumn, width: number) => string): string => {
    return columns
      .map((column, index) => cell(column, widths[index] ?? 0).padEnd(widths[index] ?? 0))
      .join('   ')
      .trimEnd();
  };
  const steps = (columns[0] as TitledColumn).steps.map((_, at) => row((column) => column.steps[at] ?? ''));
  return [row((column) => column.title), row((_, width) => '-'.repeat(width)), ...steps];
}

function list(columns: readonly TitledColumn[]): string[] {
  const shown = columns.slice(0, MAX_LISTED_FLOWS);
  const width = Math.max(...shown.map((column) => column.title.length));
  const lines = shown.map(({ title, steps }) => {
    return `${title.padEnd(width)}   ${steps.filter((step) => step !== '').join(', then ')}`;
  });
  const left = columns.length - shown.length;
  return left === 0 ? lines : [...lines, `... and ${counted(left, 'more flow')}`];
}
