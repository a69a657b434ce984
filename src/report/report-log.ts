/**
 * Every distinct report so far.
 *
 * Invariant: one report per id, in the order in which the ids were first seen; distinct ids are all kept, without a limit
 * that would switch reporting off. An advisory report whose violation comes again with proof is replaced by the strict
 * one, in place, once: the way back does not exist.
 *
 * Cost: a repeat is one map lookup and one addition. The text is built for new and upgraded reports only.
 */
import { buildReport } from './build-report.js';
import { DEFAULT_STACK_DEPTH } from './stack-text.js';
import type { Report, Violation } from './types.js';

export class ReportLog {
  /** Lines kept of each stack, for reports to come. */
  stackDepth: number = DEFAULT_STACK_DEPTH;
  readonly #now: () => number;
  readonly #reports = new Map<string, Report>();

  /** `now` gives milliseconds since the epoch. */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Records a violation. `isNew`: it is to be shown, being the first of its id or the first strict one. */
  add(v: Violation): { report: Report; isNew: boolean } {
    const known = this.#reports.get(v.id);
    if (known === undefined) return this.#keep(buildReport(v, this.#now(), this.stackDepth));
    if (known.tier === 'advisory' && v.tier === 'strict') {
      const strict = buildReport(v, known.firstSeen, this.stackDepth);
      strict.count = known.count + 1;
      return this.#keep(strict);
    }
    countAgain(known);
    return { report: known, isNew: false };
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
  }

  #keep(report: Report): { report: Report; isNew: boolean } {
    this.#reports.set(report.id, report);
    return { report, isNew: true };
  }
}

/** Users get the report itself, and may have frozen it: then its count stands still, and nothing else. */
function countAgain(report: Report): void {
  if (!Object.isFrozen(report)) report.count += 1;
}
