/**
 * A violation as the rules found it becomes the report that users see: positions mapped, stacks printed, text written.
 *
 * Invariant: a report is JSON-safe. Every field survives `JSON.parse(JSON.stringify(report))`, so none is ever undefined,
 * a function or a cycle of objects. Every text in it is plain, `id` included, whatever the names and files are called: this
 * is the one place where the facts of the rules become text. Only `count` changes afterwards.
 *
 * Cost: linear in the frames, plus the source maps that are read for the first time. Only a new report pays it.
 */
import { clarified } from './clarified.js';
import { formatSplat } from './splat.js';
import type { ReportFacts } from './splat.js';
import { MadeTexts } from './made-text.js';
import { DEFAULT_STACK_DEPTH, siteOf, sitePosition, stackLines } from './stack-text.js';
import { plain } from '../platform/plain-text.js';
import type { Dependency, LockUse, RawDependency, RawUse, Report, Violation } from './types.js';

/** The report of a violation seen for the first time at `now` (milliseconds since the epoch), stacks cut at `depth` lines. */
export function buildReport(v: Violation, now: number, depth: number = DEFAULT_STACK_DEPTH): Report {
  const made = new MadeTexts();
  for (const raw of usesOf(v)) if (raw.made !== undefined) made.note(raw.made);
  const use = (raw: RawUse): LockUse => lockUse(raw, depth, made);
  const facts: ReportFacts = {
    kind: v.kind,
    tier: v.tier,
    ...(v.acquiring === undefined ? {} : { acquiring: use(v.acquiring) }),
    held: v.held.map(use),
    ...(v.cycle === undefined ? {} : { cycle: v.cycle.map((raw) => dependency(raw, use)) }),
    ...(v.exhaustion === undefined ? {} : { exhaustion: v.exhaustion }),
    task: plain(v.task),
  };
  const message = formatSplat({
    ...clarified(facts),
    ...(v.summary === undefined ? {} : { summary: plain(v.summary) }),
    ...(v.advice === undefined ? {} : { advice: plain(v.advice) }),
    ...(v.instances === undefined ? {} : { instances: v.instances }),
  });
  return { id: plain(v.id), ...facts, message, count: 1, firstSeen: now };
}

function usesOf({ acquiring, held, cycle }: Violation): RawUse[] {
  const links = cycle?.flatMap((link) => [link.held, link.acquiring]) ?? [];
  return [...(acquiring === undefined ? [] : [acquiring]), ...held, ...links];
}

function lockUse(raw: RawUse, depth: number, made: MadeTexts): LockUse {
  return {
    lockClass: plain(raw.lockClass),
    ...(raw.name === undefined ? {} : { name: plain(raw.name) }),
    ...(raw.permits === undefined ? {} : { permits: raw.permits }),
    mode: raw.mode,
    state: raw.state,
    evidence: raw.evidence,
    site: plain(raw.site ?? siteOf(raw.frames)),
    stack: raw.site === undefined || raw.site === '' ? stackLines(raw.frames, depth) : [plain(raw.site)],
    exact: raw.exact,
    ...(raw.forUnlock === true ? { forUnlock: true as const } : {}),
    ...(raw.made === undefined ? {} : { made: made.of(raw.made), madeAt: plain(sitePosition(raw.made.place)) }),
  };
}

function dependency(raw: RawDependency, use: (raw: RawUse) => LockUse): Dependency {
  return {
    from: plain(raw.from),
    to: plain(raw.to),
    tier: raw.tier,
    ...(raw.origin === undefined ? {} : { origin: raw.origin }),
    ...(raw.together === true ? { together: true as const } : {}),
    ...(raw.ahead === true ? { ahead: true as const } : {}),
    held: use(raw.held),
    acquiring: use(raw.acquiring),
    task: plain(raw.task),
  };
}
