/**
 * The distinct reports so far.
 *
 * Invariant: one report per id, in the order in which the ids were first seen. The first MAX_REPORTS are kept whole. Whatever
 * comes besides is only counted, in a report of its own that says so: strict as soon as something strict was left out, so that
 * a run still fails for it. Other limits that are reached are told all the same. An advisory report whose violation comes again with proof is replaced by the strict
 * one, in place, once. The way back exists for one kind alone: what took two locks of one place for one another, until they were
 * told apart (validator/locks-apart.ts). It is kept as advisory then.
 *
 * Cost: a repeat is one map lookup and one addition. The text is built for new and upgraded reports only.
 */
import { systemNow } from '../platform/clock.js';
import { buildReport } from './build-report.js';
import { DEFAULT_STACK_DEPTH } from './stack-text.js';
import type { Report, Violation } from './types.js';

/** Distinct reports that are kept, each of about 12 kB. */
export const MAX_REPORTS = 1000;

/** What became of a violation. */
export interface Added {
  /** The report that has it, or that counts what is left out. */
  readonly report: Report;
  /** It is to be shown, being the first of its id or the first strict one. */
  readonly isNew: boolean;
  readonly isLeftOut: boolean;
}

export class ReportLog {
  /** Lines kept of each stack, for reports to come. */
  stackDepth: number = DEFAULT_STACK_DEPTH;
  readonly #now: () => number;
  readonly #reports = new Map<string, Report>();
  /** Of the strict reports those that take two locks of one place for one another. */
  readonly #guesses = new Map<string, Violation>();

  /** `now` gives milliseconds since the epoch. */
  constructor(now: () => number = systemNow) {
    this.#now = now;
  }

  add(v: Violation): Added {
    const known = this.#reports.get(v.id);
    if (known === undefined) {
      const isLeftOut = this.#reports.size >= MAX_REPORTS && v.kind !== 'limit';
      return isLeftOut ? { ...this.add(leftOut(v)), isLeftOut } : this.#keep(this.build(v), v);
    }
    if (known.tier === 'advisory' && v.tier === 'strict') {
      const strict = buildReport(v, known.firstSeen, this.stackDepth);
      strict.count = known.count + 1;
      return this.#keep(strict, v);
    }
    countAgain(known);
    return { report: known, isNew: false, isLeftOut: false };
  }

  get hasAny(): boolean {
    return this.#reports.size > 0;
  }

  /** The locks of the class of that name are told apart from now on. */
  toldApart(name: string): void {
    for (const [id, v] of this.#guesses) {
      const strict = this.#reports.get(id);
      if (strict === undefined || v.standsIn?.includes(name) !== true) continue;
      const advisory = buildReport({ ...v, tier: 'advisory' }, strict.firstSeen, this.stackDepth);
      advisory.count = strict.count;
      this.#reports.set(id, advisory);
      this.#guesses.delete(id);
    }
  }

  /** Is there a report of that id, or room for one? */
  keeps(id: string): boolean {
    return this.#reports.size < MAX_REPORTS || this.#reports.has(id);
  }

  /** The report of a violation, which is not kept. */
  build(v: Violation): Report {
    return buildReport(v, this.#now(), this.stackDepth);
  }

  /** Counts a repeat of a report without its facts; undefined when there is no such report. */
  again(id: string): Report | undefined {
    const known = this.#reports.get(id);
    if (known !== undefined) countAgain(known);
    return known;
  }

  /** Oldest first. A list of its own: reports that come later do not appear in it. */
  reports(): readonly Report[] {
    return [...this.#reports.values()];
  }

  clear(): void {
    this.#reports.clear();
    this.#guesses.clear();
  }

  #keep(report: Report, { standsIn = [], ...v }: Violation): Added {
    this.#reports.set(report.id, report);
    if (v.tier === 'strict' && standsIn.length > 0) this.#guesses.set(v.id, { ...v, standsIn });
    else this.#guesses.delete(v.id);
    return { report, isNew: true, isLeftOut: false };
  }
}

function leftOut({ tier }: Violation): Violation {
  return {
    id: 'limit:MAX_REPORTS',
    kind: 'limit',
    tier,
    summary: `MAX_REPORTS is reached: ${MAX_REPORTS} distinct reports are kept, and further ones are only counted, here`,
    advice: 'Mend what is reported, or bless it; lockdep.reset() forgets the reports, and makes room for others.',
    held: [],
    task: 'main',
  };
}

/** Users get the report itself, and may have frozen it: then its count stands still, and nothing else. */
function countAgain(report: Report): void {
  if (!Object.isFrozen(report)) report.count += 1;
}
