/**
 * Waits that last: who waits for whom is looked at while somebody waits, and told when nobody can go on; and once more as the process ends.
 *
 * States: idle (no timer); soon (a timer that is due within `deadlockCheckAfter`: a wait is younger than that); later (all waits
 * are older, the timer is due when one of them is to be told as stalled). `waitBegins` leads to soon, a look at which nobody waits
 * to idle. One timer for all waits, which keeps no process alive.
 *
 * Circles that scopes make need no look: they are told when their last wait begins (scope-circles.ts), which costs what is said there.
 *
 * Invariant: each circle, and each stalled lock, is told once. Cost: a comparison for a wait that begins where nothing is held;
 * for a look one walk over all holds and waits, never more than a twentieth of the time.
 */
import { isWait, WAITING, type Hold, type TrackedLock } from '../model/hold.js';
import { DeadlockError } from '../errors.js';
import type { LockClass } from '../model/lock-class.js';
import { elapsed, later, type Clock } from '../platform/clock.js';
import { errorText, showWarning } from '../platform/warnings.js';
import type { Report, Violation } from '../report/types.js';
import { deadlock, neverReleased, stalled } from './deadlock.js';
import type { SlotsFor } from './event-queues.js';
import type { WaitTable } from '../report/wait-data.js';
import { areUnseen, seeAwaiters } from './wait-stack.js';
import { tellLeftScopes, tellLeftWaits } from './left-over.js';
import { refuseWait } from './refuse-wait.js';
import { ScopeCircles, type FoundCircle } from './scope-circles.js';
import { mayEnd, WaitGraph } from './wait-graph.js';
import { waitTable } from './wait-table.js';

export interface LivenessHost {
  readonly off: boolean;
  /** Has anything been reported so far? */
  readonly hasReports: boolean;
  readonly enforce: boolean;
  readonly now: () => number;
  /** Milliseconds; 0: never. */
  readonly stallTimeout: number;
  readonly deadlockCheckAfter: number;
  live(): Iterable<Hold>;
  report(violation: Violation): Report;
  /** The classes of queues whose work alone was seen to bring events of that class. */
  slotsFor(event: LockClass): readonly LockClass[];
  /** Has a lock of the class been freed, or a wait for it ended, by somebody from outside? */
  isFreedFromOutside(lockClass: LockClass): boolean;
}

/** A look comes as late as this part of `deadlockCheckAfter` at most, so that waits that begin apart share one. */
const GRAIN = 10;
/** A look takes at most one part in so many of the time. */
const SHARE = 20;
/** Ages are counted by a clock that ticks ten times in a second. */
const TICK = 100;
/** What is awaited for so long is told where the program ends itself: a test's time-out is longer. */
const LASTING = 1000;
/** Locks that are told so at most, those with the oldest waits. */
const MAX_AT_EXIT = 10;
/** Lines about waits for events at the end. */
/** Waits whose awaiting functions are looked at, at one time. */
const MAX_SEEN = 200;
/** Circles that are told to be suspected, and looked at for whether they go on. */
const MAX_WATCHED = 100;

/** Who keeps what is to be said at the end of the process. */
export interface EndWatch {
  /** All waits are shown at the end: then nothing is said of those that are no error. */
  readonly showsWaits: boolean;
  /** Somebody has to wait. Called very often. */
  readonly waitBegins: () => void;
}

export class Liveness {
  endWatch: EndWatch | undefined;
  readonly #host: LivenessHost;
  readonly #clock: Clock | undefined;
  readonly #scopes: ScopeCircles;
  readonly #seen: { readonly slotsFor: SlotsFor };
  #stop: (() => void) | undefined;
  #isSoon = false;
  #told = new WeakSet<Hold>();
  #stalled = new WeakSet<TrackedLock>();
  /** Waits of circles that were told as certain: nothing is left to say of them at the end. */
  #certain = new WeakSet<Hold>();
  #toldAtEnd = new WeakSet<Hold>();
  /** Was something awaited when nothing was left to run, and so told? */
  #isLeftTold = false;
  #watched: { readonly circle: readonly Hold[]; readonly report: Report }[] = [];

  constructor(host: LivenessHost, clock?: Clock) {
    this.#host = host;
    this.#seen = { slotsFor: (event) => host.slotsFor(event) };
    this.#clock = clock;
    this.#scopes = new ScopeCircles({
      now: host.now,
      get hasReports() {
        return host.hasReports;
      },
      isFreedFromOutside: (lockClass) => host.isFreedFromOutside(lockClass),
      onCircle: (found) => {
        if (!host.off) this.#tellCertain(found);
      },
    });
  }

  /** Somebody has to wait; `promise` is what the caller gets. */
  waitBegins(wait: Hold, promise: Promise<unknown>): void {
    if (!this.#isSoon) this.#begin();
    this.endWatch?.waitBegins();
    if (wait.parent !== undefined && this.#host.deadlockCheckAfter !== 0) this.#scopes.begins(wait, promise);
  }

  /** Who waits for whom now. */
  table(): WaitTable {
    return waitTable(new WaitGraph(this.#host.live(), this.#seen), this.#host.now());
  }

  /** Before `atEnd`: looks at who awaits what, a few turns long. */
  async beforeEnd(): Promise<void> {
    await seeAwaiters(this.#waits(), MAX_SEEN);
  }

  /**
   * Nothing is left to run: tells who waits for ever, as certain. Returns whether somebody does. A caller must be sure that no timer,
   * socket or other flow can go on.
   */
  atEnd(): boolean {
    const waits = this.#waits();
    this.#isLeftTold = waits.length > 0;
    const graph = new WaitGraph(this.#host.live(), { atEnd: true });
    for (const circle of graph.circles()) {
      if (!circle.every((wait) => this.#certain.has(wait))) this.#host.report(deadlock(graph, circle, 'end'));
    }
    for (const wait of graph.stuck) this.#toldAtEnd.add(wait);
    const seen = new Set<TrackedLock>();
    for (const wait of graph.stuck) {
      if (seen.has(wait.lock) || !graph.isRoot(wait)) continue;
      seen.add(wait.lock);
      this.#host.report(neverReleased(graph, wait));
    }
    if (this.endWatch?.showsWaits !== true) tellLeftWaits(waits, graph.stuck, this.#host.now());
    return graph.stuck.size > 0;
  }

  /**
   * The process ends now, whether or not something could still run: tells what would have been told later, as the suspicion that it
   * is. Circles of any age, and what has been awaited for a second. `unsettled`: a top-level await has never settled.
   */
  atExit(unsettled: boolean): void {
    this.#tellOver();
    if (unsettled && !this.#isLeftTold) tellLeftScopes(this.#host.live(), this.#host.now());
    const waits = this.#waits().filter((wait) => !this.#toldAtEnd.has(wait));
    if (waits.length === 0) return;
    const graph = new WaitGraph(this.#host.live());
    const circles = graph.circles();
    if (this.#host.deadlockCheckAfter > 0) {
      const untold = circles.filter(
        (circle) => !circle.every((wait) => this.#told.has(wait) || this.#toldAtEnd.has(wait)),
      );
      for (const circle of untold) this.#tell(circle, deadlock(graph, circle, 'lasting'));
    }
    const known = new Set(circles.flat());
    const others = waits.filter((wait) => !known.has(wait)).sort((one, other) => one.since - other.since);
    this.#tellStalls(others, this.#host.now(), {
      after: Math.min(this.#host.stallTimeout, LASTING),
      most: MAX_AT_EXIT,
    });
  }

  /** No timer is left. What was told may be told again. */
  stop(): void {
    this.#disarm();
    this.#told = new WeakSet();
    this.#stalled = new WeakSet();
    this.#certain = new WeakSet();
    this.#toldAtEnd = new WeakSet();
    this.#watched = [];
  }

  #begin(): void {
    const { deadlockCheckAfter, stallTimeout } = this.#host;
    const due = Math.min(deadlockCheckAfter || Infinity, stallTimeout || Infinity);
    this.#isSoon = true;
    if (due !== Infinity) this.#arm(due, true);
  }

  #arm(delay: number, isSoon: boolean): void {
    this.#disarm();
    this.#isSoon = isSoon;
    this.#stop = later(delay, () => this.#look(), this.#clock);
  }

  #disarm(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#isSoon = false;
  }

  #look(): void {
    this.#disarm();
    if (this.#host.off) return;
    const began = elapsed();
    const waits = this.#waits();
    this.#tellOver();
    if (waits.length === 0) return;
    const now = this.#host.now();
    void this.#lookForCircles(waits, now).catch((error: unknown) => {
      showWarning(`a look for deadlocks failed: ${errorText(error)}`, 'LOCKDEP_WATCH_FAILED');
    });
    this.#tellStalls(waits, now, { after: this.#host.stallTimeout, most: Infinity });
    this.#armFor(waits, now, elapsed() - began);
  }

  async #lookForCircles(waits: readonly Hold[], now: number): Promise<void> {
    const { deadlockCheckAfter } = this.#host;
    if (deadlockCheckAfter === 0) return;
    const isOld = (wait: Hold): boolean => now - wait.since >= deadlockCheckAfter - TICK;
    const old = waits.filter((wait) => isOld(wait) && !this.#told.has(wait));
    if (old.length === 0) return;
    if (areUnseen(old)) await seeAwaiters(old, MAX_SEEN);
    if (this.#host.off) return;
    const graph = new WaitGraph(this.#host.live(), this.#seen);
    for (const circle of graph.circles()) {
      if (!circle.every(isOld) || circle.every((wait) => this.#told.has(wait))) continue;
      this.#tell(circle, deadlock(graph, circle, 'lasting'));
    }
    // What is in no circle by now can only come into one by a wait that is yet to begin.
    for (const wait of waits) if (isOld(wait)) this.#told.add(wait);
  }

  /** Each circle once; told again where it goes on after all. */
  #tell(circle: readonly Hold[], violation: Violation): void {
    for (const wait of circle) this.#told.add(wait);
    const report = this.#host.report(violation);
    if (this.#watched.length < MAX_WATCHED) this.#watched.push({ circle, report });
    // The look that has found it may have been a while ago.
    if (!this.#isSoon) this.#arm(this.#host.deadlockCheckAfter, true);
  }

  /** In enforce the one that began last gives up, and the others go on. */
  #tellCertain({ graph, circle, closing, stackOf }: FoundCircle): void {
    // One place in a queue may be that of several waits: of an item and its queue.
    const places = new Set([closing, ...circle].map(({ waiter }) => waiter));
    for (const wait of this.#host.live()) if (places.has(wait.waiter)) this.#told.add(wait);
    for (const wait of circle) this.#certain.add(wait);
    const violation = deadlock(graph, circle, 'scopes', stackOf);
    if (!this.#host.enforce) this.#tell(circle, violation);
    else {
      const report = this.#host.report(violation);
      refuseWait(closing, new DeadlockError(report.message, report));
    }
  }

  #tellStalls(waits: readonly Hold[], now: number, { after, most }: { after: number; most: number }): void {
    if (this.#host.stallTimeout === 0) return;
    let graph: WaitGraph | undefined;
    let left = most;
    for (const wait of waits) {
      if (now - wait.since < after - TICK || this.#stalled.has(wait.lock) || isIdle(wait)) continue;
      if (left-- <= 0) return;
      this.#stalled.add(wait.lock);
      graph ??= new WaitGraph(this.#host.live(), this.#seen);
      this.#host.report(stalled(graph, wait, now));
    }
  }

  /** What was suspected to be stuck has gone on: whoever was told has to hear of it. */
  #tellOver(): void {
    this.#watched = this.#watched.filter(({ circle, report }) => {
      if (circle.every(({ state }) => state === WAITING)) return true;
      const names = [...new Set(circle.map(({ lockClass }) => lockClass.name))].join(' and ');
      showWarning(
        `the flows that seemed to wait for each other, for ${names}, have gone on: ${report.id}`,
        'LOCKDEP_DEADLOCK_OVER',
      );
      return false;
    });
  }

  #waits(): Hold[] {
    return [...this.#host.live()].filter((node) => node.state === WAITING && node.kind !== 'use');
  }

  #armFor(waits: readonly Hold[], now: number, cost: number): void {
    const { deadlockCheckAfter, stallTimeout } = this.#host;
    let due = this.#watched.length > 0 ? deadlockCheckAfter || Infinity : Infinity;
    let isSoon = due !== Infinity;
    for (const wait of waits) {
      const age = now - wait.since;
      if (deadlockCheckAfter > 0 && age < deadlockCheckAfter - TICK) {
        due = Math.min(due, deadlockCheckAfter - age);
        isSoon = true;
      }
      if (stallTimeout > 0 && !this.#stalled.has(wait.lock) && !isIdle(wait))
        due = Math.min(due, Math.max(0, stallTimeout - age));
    }
    const least = Math.max(TICK, deadlockCheckAfter / GRAIN, SHARE * cost);
    if (due !== Infinity) this.#arm(Math.max(due, least), isSoon);
  }
}

/** Does it wait for what nobody is known to hold, or may it end by itself? That is how a consumer waits that has nothing to do. */
function isIdle(wait: Hold): boolean {
  if (mayEnd(wait)) return true;
  if (!isWait(wait.kind)) return false;
  for (let hold = wait.lock.firstHold; hold !== undefined; hold = hold.next) if (hold.state !== WAITING) return false;
  return true;
}
