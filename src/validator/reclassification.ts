/**
 * A lock that is held changes its class: what its flow took before and after it is judged anew.
 *
 * Invariant: no verdict that was found under the former class is kept with a nesting in which the lock takes part. Cost: a walk
 * over all holds of the process, and a judgement for each lock that the flow took under the changed one.
 */
import { isTry } from '../model/hold-kinds.js';
import type { Hold, TrackedLock } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import type { Below } from '../platform/below.js';
import { captureFrames, type CapturedFrame } from '../platform/captured-frame.js';
import type { Report } from '../report/types.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import type { Debts } from './debts.js';
import { MAX_HELD_DEPTH } from './host.js';
import type { Judge } from './judge.js';
import { NestingFacts } from './nesting-facts.js';
import { isChecked, type Pending } from './pending.js';

/** What is to be judged of an attempt with these holds beside it, of which `open` are not proven. */
type PendingOf = (wanted: Hold, facts: NestingFacts, beside: readonly Hold[], open: Hold[], nested: boolean) => Pending;

export class Reclassification {
  readonly #tracker: HeldTracker;
  readonly #judge: Judge;
  readonly #pendingOf: PendingOf;

  constructor(tracker: HeldTracker, judge: Judge, pendingOf: PendingOf) {
    this.#tracker = tracker;
    this.#judge = judge;
    this.#pendingOf = pendingOf;
  }

  /** In enforce returns the strict report that follows. */
  changed(lock: TrackedLock, former: LockClass, lockClass: LockClass, below: Below): Report | undefined {
    this.#forgetNestings(lock);
    this.#tracker.reclassified(lock, former, lockClass);
    const held = this.#tracker.held(MAX_HELD_DEPTH);
    const at = held.findIndex((node) => node.lock === lock);
    if (at === -1) return undefined;
    const stack = captureFrames(below);
    let offence: Report | undefined;
    for (let i = at; i >= 0; i--) {
      const open = i === at ? held.slice(at + 1) : held.slice(at, at + 1);
      const report = this.#judgeAgain(held[i] as Hold, open.filter(isChecked), held, stack);
      offence ??= report;
    }
    return offence;
  }

  /** What is still to be judged with a hold of this lock in it is no part any more of what is known of its nesting. */
  #forgetNestings(lock: TrackedLock): void {
    for (const node of this.#tracker.live()) {
      const pending = node.asked.pending as Pending | undefined;
      const touched = node.lock === lock || pending?.holds.some((hold) => hold.lock === lock) === true;
      if (!touched) continue;
      if (pending !== undefined) pending.facts = new NestingFacts();
      (node.asked.debts as Debts | undefined)?.detach();
    }
  }

  #judgeAgain(wanted: Hold, open: Hold[], held: readonly Hold[], stack: readonly CapturedFrame[]): Report | undefined {
    if (isTry(wanted.kind) || !isChecked(wanted) || open.length === 0) return undefined;
    // What was found out about the nesting of its former class is of no use.
    const beside = held.slice(held.indexOf(wanted) + 1);
    const base = this.#pendingOf(wanted, new NestingFacts(), beside, open, false);
    const { moment, had } = (wanted.asked.pending as Pending | undefined) ?? base;
    const holds = beside.toReversed();
    const returned = holds.map((hold) => hold.asked.returnedBy);
    const pending: Pending = { ...base, holds, returned, vouched: [], stack, moment, had };
    const offence = this.#judge.judge(wanted, pending, stack);
    this.#judge.leaveOpen(wanted, pending, true);
    return offence;
  }
}
