/**
 * The twin of the class order, by the very definition of a deadlock: flows that all run at once, each of which holds some
 * locks and waits for one that the next flow holds, the last for one that the first holds.
 *
 * It keeps every attempt ever made, whole, and tries all combinations of them.
 */
export type Kind = 'exclusive' | 'fair-read' | 'recursive-read';

export interface Hold {
  readonly lockClass: number;
  readonly shared: boolean;
}

export interface Attempt {
  readonly holds: readonly Hold[];
  readonly wanted: number;
  readonly kind: Kind;
}

/** One flow in a deadlock: where it stands, and by which of its holds the flow before it is blocked. */
interface Blocked {
  readonly attempt: Attempt;
  readonly by: Hold;
}

export class NaiveDeadlocks {
  readonly #attempts: Attempt[] = [];
  /** Classes that have one lock only: two flows can not both hold it, unless both shared. */
  readonly #single: Set<number>;
  /** Pairs whose inversion is accepted, each both ways round. */
  readonly #blessed = new Set<string>();

  constructor(single: ReadonlySet<number>) {
    this.#single = new Set(single);
  }

  /** There is a second lock of the class. */
  retire(lockClass: number): void {
    this.#single.delete(lockClass);
  }

  bless(a: number, b: number): void {
    this.#blessed.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  /** Is any deadlock possible at all? */
  any(): boolean {
    return this.#attempts.some((attempt) =>
      attempt.holds.some((by) =>
        [false, true].some((shared) => {
          return (
            waitsFor(attempt.kind, shared) && this.#closes([{ attempt, by }], { lockClass: attempt.wanted, shared })
          );
        }),
      ),
    );
  }

  /** Is a deadlock possible since this attempt that was not possible before? */
  add(attempt: Attempt): boolean {
    const before = [...this.#attempts];
    this.#attempts.push(attempt);
    for (const by of attempt.holds) {
      for (const shared of [false, true]) {
        const blocker = { lockClass: attempt.wanted, shared };
        if (!waitsFor(attempt.kind, shared) || this.#isOld(before, attempt, by, shared)) continue;
        if (this.#closes([{ attempt, by }], blocker)) return true;
      }
    }
    return false;
  }

  /** Has a flow that held no more than this one, and `by` among it, waited for the same before? */
  #isOld(before: readonly Attempt[], attempt: Attempt, by: Hold, shared: boolean): boolean {
    return before.some((old) => {
      return (
        old.wanted === attempt.wanted &&
        waitsFor(old.kind, shared) &&
        old.holds.some((hold) => same(hold, by)) &&
        old.holds.every(
          (hold) => !this.#single.has(hold.lockClass) || attempt.holds.some((other) => atLeast(other, hold)),
        )
      );
    });
  }

  /** Can the flows be continued to a circle, the next one holding `blocker`? */
  #closes(flows: readonly Blocked[], blocker: Hold): boolean {
    const first = flows[0] as Blocked;
    if (same(first.by, blocker)) return true;
    if (flows.some(({ by }) => same(by, blocker))) return false;
    for (const attempt of this.#attempts) {
      const by = attempt.holds.find((hold) => same(hold, blocker));
      if (by === undefined || flows.some((flow) => !this.#runTogether(flow.attempt, attempt))) continue;
      if (flows.some((flow) => this.#isAccepted(flow, { attempt, by }))) continue;
      for (const shared of [false, true]) {
        if (!waitsFor(attempt.kind, shared)) continue;
        if (this.#closes([...flows, { attempt, by }], { lockClass: attempt.wanted, shared })) return true;
      }
    }
    return false;
  }

  /** Do the two flows wait for each other's classes, in a pair for which that is accepted? */
  #isAccepted(a: Blocked, b: Blocked): boolean {
    const inverse = a.by.lockClass === b.attempt.wanted && b.by.lockClass === a.attempt.wanted;
    return inverse && this.#blessed.has(`${a.by.lockClass} ${b.by.lockClass}`);
  }

  #runTogether(a: Attempt, b: Attempt): boolean {
    return a.holds.every(({ lockClass, shared }) => {
      if (!this.#single.has(lockClass)) return true;
      return b.holds.every((other) => other.lockClass !== lockClass || (shared && other.shared));
    });
  }
}

/** A fair reader waits for readers too: a writer that waits for them may stand before it in the queue. */
function waitsFor(kind: Kind, shared: boolean): boolean {
  return !shared || kind !== 'recursive-read';
}

function same(a: Hold, b: Hold): boolean {
  return a.lockClass === b.lockClass && a.shared === b.shared;
}

function atLeast(a: Hold, b: Hold): boolean {
  return a.lockClass === b.lockClass && (!a.shared || b.shared);
}
