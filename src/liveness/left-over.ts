/**
 * What is left at an end and is no error by itself, as a warning: waits for what may be brought from anywhere, and scopes whose callbacks
 * have not returned.
 *
 * Invariant: no report, and no exit code. Cost: linear in what is left; few lines are printed. A caller must be sure that nothing runs
 * any more.
 */
import { HELD, isScope, type Hold } from '../model/hold.js';
import { showWarning } from '../platform/warnings.js';
import { waitText } from '../report/wait-text.js';
import { mayEnd, WaitGraph } from './wait-graph.js';
import { waitTable } from './wait-table.js';

const MAX_LINES = 20;

/** Waits for events, and for what nobody is known to hold. */
export function tellLeftWaits(waits: readonly Hold[], stuck: ReadonlySet<Hold>, now: number): void {
  tell(
    'somebody still waits; that is an error only where what is waited for should have come',
    waits.filter((wait) => !stuck.has(wait) && !mayEnd(wait)),
    now,
  );
}

/** For a program whose own top-level await never settles: the callback of a scope may be what does not. */
export function tellLeftScopes(live: Iterable<Hold>, now: number): void {
  const scopes = [...live].filter(({ state, kind }) => state === HELD && isScope(kind));
  tell('a top-level await has not settled, nor have the callbacks that hold these locks', scopes, now);
}

function tell(what: string, left: readonly Hold[], now: number): void {
  if (left.length === 0) return;
  const lines = waitText(waitTable(new WaitGraph(left), now), { group: true, limit: MAX_LINES });
  showWarning(`nothing is left to run, and ${what}:\n${lines}`, 'LOCKDEP_WAITS_LEFT');
}
