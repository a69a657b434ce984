/**
 * The text report.
 *
 * Invariant: the order of its parts never varies, so that two reports can be laid side by side: headline; who wants
 * what; what stands in the way; the chain in reverse, each link with both of its stacks; the scenario; all locks held;
 * this flow's stack; advice. A part without facts is left out, except the held locks and the stack: there "none" is a fact.
 * Plain text laid out for 100 columns. Pure; linear in the facts.
 */
import { blocker, headline, isFoundLate, KINDS, operation } from './kinds.js';
import type { KindText, ReportFacts } from './kinds.js';
import { cycleScenario, nestedScenario } from './scenario.js';
import type { Dependency, LockUse } from './types.js';
import {
  counted,
  exactnessNote,
  indent,
  lockName,
  lockText,
  madeLine,
  plain,
  REPORT_WIDTH,
  siteLine,
  stackText,
  wrap,
} from './wording.js';

export type { ReportFacts } from './kinds.js';

/** Links of a chain that are printed with their stacks. A longer chain says how many it leaves out; `Report.cycle` has all. */
export const MAX_PRINTED_LINKS = 10;

/** The whole text of a report, without a trailing line break. */
export function formatSplat(facts: ReportFacts): string {
  const kind = KINDS[facts.kind];
  const title = headline(facts);
  const parts = [
    introduction(facts, kind),
    chain(facts, kind),
    scenario(facts, kind),
    isFoundLate(facts) || (kind.ofClass === true && facts.held.length === 0) ? [] : heldLocks(facts),
    // That of the closing link is in the chain.
    isFoundLate(facts) ? [] : ownStack(facts),
    wrap(`Advice: ${facts.advice ?? kind.advice(facts)}`, 2),
  ];
  const body = parts.filter((part) => part.length > 0).map((part) => part.join('\n'));
  return `${title}\n${'='.repeat(Math.min(title.length, REPORT_WIDTH))}\n${body.join('\n\n')}`;
}

function introduction(facts: ReportFacts, kind: KindText): string[] {
  const lines = facts.summary === undefined ? [] : wrap(plain(facts.summary));
  if (facts.tier === 'advisory') {
    lines.push('Advisory: part of this is inferred, not proven. It never throws and sets no exit code.');
  }
  const use = operation(facts);
  if (use === undefined) return facts.task === '' ? lines : [...lines, `Seen in task "${plain(facts.task)}".`];
  if (kind.ofClass) return [...lines, 'The class concerned:', `  ${plain(use.lockClass)}`, `    ${siteLine(use)}`];
  if (kind.doing === undefined) return [...lines, `The lock concerned${inTask(facts.task)}:`, ...lockAt(use)];
  const who = facts.task === '' ? (isFoundLate(facts) ? 'A flow' : 'This flow') : `Task "${plain(facts.task)}"`;
  const late = isFoundLate(facts);
  const doing = use.forUnlock === true ? 'is waiting for the unlock of' : kind.doing;
  const done = use.forUnlock === true ? 'has waited for the unlock of' : 'has wanted';
  lines.push(`${who} ${late ? done : doing}:`, ...lockAt(use));
  const obstacle = kind.blocked ? blocker(facts) : undefined;
  return obstacle === undefined
    ? lines
    : [...lines, late ? 'while it held:' : 'but it already holds:', ...lockAt(obstacle)];
}

function inTask(task: string): string {
  return task === '' ? '' : `, in task "${plain(task)}"`;
}

function lockAt(use: LockUse): string[] {
  return [`  ${lockText(use)}`, ...indent(madeLine(use), 4), `    ${siteLine(use)}`];
}

function chain(facts: ReportFacts, kind: KindText): string[] {
  const cycle = facts.cycle ?? [];
  const closing = cycle.at(-1);
  if (closing === undefined) return [];
  // Back from the held lock along the known orders, then the attempt that closes the cycle, as #0.
  const known = cycle.slice(0, -1).reverse();
  const shown = known.slice(0, MAX_PRINTED_LINKS - 1);
  const lines = [
    kind.happened
      ? 'Who waits for whom, in reverse (#0 is this flow):'
      : `The chain of lock orders, in reverse (#0 ${isFoundLate(facts) ? 'closes it' : 'is this attempt'}):`,
  ];
  shown.forEach((link, index) => lines.push('', ...chainLink(link, known.length - index)));
  const left = known.length - shown.length;
  if (left > 0) lines.push('', `   ... long chain, truncated: ${counted(left, 'more link')} not shown`);
  return [...lines, '', ...chainLink(closing, 0)];
}

function chainLink(link: Dependency, number: number): string[] {
  if (link.origin === 'declared') return declaredLink(link, number);
  const tier = link.tier === 'advisory' ? ' (advisory)' : '';
  if (link.origin === 'event') return eventLink(link, number);
  if (link.ahead === true) return aheadLink(link, number);
  const want = link.acquiring.forUnlock === true ? 'its unlock waited for' : 'wanted';
  const how = link.together === true ? 'requested together with' : `${want} while`;
  const what = link.together === true ? plain(link.from) : `${plain(link.from)} was held`;
  const loaded = link.origin === 'loaded' ? ', as loaded from another run' : '';
  return [
    `-> #${number} (${plain(link.to)}): ${how} ${what}${inTask(link.task)}${tier}${loaded}`,
    ...linkStack(link.held, 'taken'),
    ...linkStack(link.acquiring, 'wanted'),
  ];
}

/** Nobody took a lock: there is one stack, that of the declaration. */
function declaredLink(link: Dependency, number: number): string[] {
  return [
    `-> #${number} (${plain(link.to)}): declared to come after ${plain(link.from)}, by lockdep.declareOrder()`,
    ...indent(stackText(link.acquiring), 5),
  ];
}

/** It holds nothing of what the flow behind it wants, but has asked for it before that one. */
function aheadLink({ to, acquiring, task }: Dependency, number: number): string[] {
  return [
    `-> #${number} (${plain(to)}): wanted first, ahead in the queue${inTask(task)}`,
    ...linkStack(acquiring, 'wanted'),
  ];
}

/** Nobody held the event: the flow that completed it had to have the lock. */
function eventLink(link: Dependency, number: number): string[] {
  return [
    `-> #${number} (${plain(link.to)}): needed by who completes ${plain(link.from)}${inTask(link.task)} (advisory)`,
    `   ${lockName(link.held)}, completed:`,
    ...indent(stackText(link.held), 5),
    ...linkStack(link.acquiring, 'taken'),
  ];
}

function linkStack(use: LockUse, verb: 'taken' | 'wanted'): string[] {
  const note = exactnessNote(use);
  const what = use.forUnlock === true ? `waited for the unlock of ${lockText(use)}` : `${lockText(use)}, ${verb}`;
  return [
    `   ${what}:`,
    ...indent(madeLine(use), 5),
    ...(note === '' ? [] : [`    ${note}`]),
    ...indent(stackText(use), 5),
  ];
}

function scenario(facts: ReportFacts, kind: KindText): string[] {
  const lines = scenarioLines(facts);
  if (lines.length === 0) return [];
  return [scenarioTitle(facts, kind), '', ...lines.map((line) => (line === '' ? '' : `  ${line}`))];
}

function scenarioTitle({ tier }: ReportFacts, { happened }: KindText): string {
  if (happened !== true) return 'What can happen:';
  return tier === 'strict' ? 'What has happened:' : 'What seems to have happened:';
}

function scenarioLines(facts: ReportFacts): string[] {
  if (facts.cycle !== undefined && facts.cycle.length > 0) return cycleScenario(facts.cycle, isFoundLate(facts));
  const nested = facts.kind === 'recursive-locking' || facts.kind === 'semaphore-exhaustion';
  const held = nested ? blocker(facts) : undefined;
  if (held === undefined || facts.acquiring === undefined) return [];
  return nestedScenario(held, facts.acquiring, facts.instances ?? 1, facts.exhaustion);
}

function heldLocks(facts: ReportFacts): string[] {
  if (facts.held.length === 0) return ['No locks held by this flow.'];
  const lines = [
    `${counted(facts.held.length, 'lock')} held by this flow${facts.held.length > 1 ? ', outermost first' : ''}:`,
  ];
  facts.held.forEach((use, index) =>
    lines.push(`  #${index}: ${lockText(use)}, ${use.state}`, ...indent([...madeLine(use), siteLine(use)], 6)),
  );
  return lines;
}

function ownStack(facts: ReportFacts): string[] {
  const use = operation(facts);
  const note = use === undefined ? '' : exactnessNote(use);
  return [`Stack of this flow:${note}`, ...indent(stackText(use), 2)];
}
