/**
 * The forest of waits as text: deadlocks on top, then the flows that others wait for, those first that most wait for.
 *
 * Invariant: every line is plain text, none further in than `MAX_DEPTH`. Pure; linear in the lines that are printed.
 */
import type { TreeFlow, TreeLock, WaitTree } from './wait-tree.js';

const MAX_DEADLOCKS = 10;
/** What hangs deeper is counted. */
const MAX_DEPTH = 40;
/** Locks of a flow that are named. */
const MAX_HOLDS = 3;

/** `limit` is for the lines of the forest. */
export function waitTreeText(tree: WaitTree, limit: number): string {
  const { deadlocks, roots, unheld, undisturbed } = tree;
  const lines: string[] = [];
  for (const root of roots) addLines(lines, root, tree.at);
  for (const flow of unheld) {
    lines.push(`${times(flow)}${nameOf(flow)} waits for ${wanted(flow, tree.at)}, which nobody is known to hold`);
  }
  const left = lines.length - limit;
  if (left > 0) lines.splice(limit, left, `... and ${amount(left, 'more line')}`);
  if (undisturbed > 0)
    lines.push(`${amount(undisturbed, 'flow')} hold${undisturbed === 1 ? 's' : ''} what nobody waits for`);
  const blocks = [...deadlockLines(deadlocks, tree.at), ...lines];
  return blocks.length === 0 ? 'no locks are held or awaited' : blocks.join('\n');
}

function deadlockLines(deadlocks: WaitTree['deadlocks'], at: number): string[] {
  const certain = deadlocks.filter(({ isSuspected }) => !isSuspected);
  const suspected = deadlocks.filter(({ isSuspected }) => isSuspected);
  return [
    ...circleLines(`Found ${amount(certain.length, 'deadlock')}:`, certain, at),
    ...circleLines(`Found ${amount(suspected.length, 'possible deadlock')} (what holds may not wait):`, suspected, at),
  ];
}

function circleLines(head: string, deadlocks: WaitTree['deadlocks'], at: number): string[] {
  if (deadlocks.length === 0) return [];
  const lines = [head];
  for (const [index, { flows }] of deadlocks.slice(0, MAX_DEADLOCKS).entries()) {
    for (const [nth, flow] of flows.entries()) {
      const number = nth === 0 ? `${index + 1}. ` : '   ';
      lines.push(`  ${number}${nameOf(flow)}${holding(flow)}, waits for ${wanted(flow, at)}`);
    }
  }
  if (deadlocks.length > MAX_DEADLOCKS) lines.push(`  ... and ${deadlocks.length - MAX_DEADLOCKS} more`);
  return [...lines, ''];
}

/** The flow, and further in those that wait for it. Without recursion: a chain of waits may be very long. */
function addLines(lines: string[], root: TreeFlow, at: number): void {
  const open: { readonly flow: TreeFlow; readonly depth: number }[] = [{ flow: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { flow, depth } = next;
    const indent = '  '.repeat(depth);
    lines.push(indent + lineOf(flow, depth, at));
    if (depth === MAX_DEPTH && flow.total > 0) lines.push(`${indent}  ... and ${flow.total} more below`);
    else for (const each of flow.waiters.toReversed()) open.push({ flow: each, depth: depth + 1 });
  }
}

function lineOf(flow: TreeFlow, depth: number, at: number): string {
  const below =
    flow.total === 0
      ? ''
      : `; ${flow.total} wait${flow.total === 1 ? 's' : ''} for ${flow.count === 1 ? 'it' : 'them'}`;
  if (depth === 0) {
    const since = flow.holds.reduce((oldest, hold) => Math.min(oldest, hold.since), at);
    const age = flow.holds.length === 0 ? '' : `, for ${ageText(at - since)}`;
    return `${nameOf(flow)}${holding(flow)}${age}${below}`;
  }
  const others =
    flow.others > 0 ? `, which ${amount(flow.others, 'other')} hold${flow.others === 1 ? 's' : ''} too` : '';
  return `${times(flow)}${nameOf(flow)}${holding(flow)}${flow.holds.length > 0 ? ',' : ''} waits for ${wanted(flow, at)}${others}${below}`;
}

const times = ({ count }: TreeFlow): string => (count === 1 ? '' : `${count} x `);
const nameOf = ({ flow, task }: TreeFlow): string => `flow ${flow} (${task})`;

function holding({ holds }: TreeFlow): string {
  if (holds.length === 0) return '';
  const shown = holds.slice(0, MAX_HOLDS).map(({ lock, site }) => `${lock}${site === '' ? '' : ` since ${site}`}`);
  const more = holds.length > shown.length ? [`${holds.length - shown.length} more`] : [];
  return ` holds ${[...shown, ...more].join(' and ')}`;
}

function wanted({ waitsFor }: TreeFlow, at: number): string {
  const { lock, mode, site, since } = waitsFor as TreeLock;
  return `${lock}${mode === 'exclusive' ? '' : ` (${mode})`}${site === '' ? '' : ` at ${site}`}, for ${ageText(at - since)}`;
}

const amount = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Milliseconds in the unit that suits them. */
export function ageText(ms: number): string {
  const age = Math.max(0, Math.round(ms));
  if (age < 1000) return `${age} ms`;
  if (age < 100_000) return `${(age / 1000).toFixed(1)} s`;
  return age < 6_000_000 ? `${Math.round(age / 60_000)} min` : `${Math.round(age / 3_600_000)} h`;
}
