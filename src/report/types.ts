import type { ConstructionSite } from '../model/lock-class.js';
import type { Making } from '../model/making.js';
import type { StackFrame } from '../platform/stack-frame.js';

/** Which rule a report is about. Its code in an error is `ERR_LOCKDEP_<KIND>`, in a process warning `LOCKDEP_<KIND>`. */
export type ReportKind =
  | 'circular-dependency'
  | 'recursive-locking'
  | 'semaphore-exhaustion'
  | 'bad-unlock-balance'
  | 'held-lock-freed'
  | 'nest-lock-not-held'
  | 'inconsistent-context'
  | 'context-inversion'
  | 'invalid-wait-context'
  | 'leaked-lock'
  | 'deadlock'
  | 'stall'
  | 'ww-misuse'
  | 'assertion'
  | 'class-conflict'
  | 'limit';

/** strict: certain from the evidence. advisory: inferred, never throws and never sets an exit code. */
export type Tier = 'strict' | 'advisory';
/** How a lock is held or wanted: alone, or beside others (a reader, a permit of several). */
export type HoldMode = 'exclusive' | 'shared';
/** Whether a lock is held by now, or waited for. */
export type HoldState = 'held' | 'waiting';
/**
 * How certain it is that the flow holds the lock. own: it took the lock itself. proven: whoever did is seen to wait for it.
 * suspected: it was started while the lock was held, and nothing shows that the holder waits.
 */
export type Evidence = 'own' | 'proven' | 'suspected';

/** Some of the permits of a lock. */
export interface Permits {
  /** How many are held or wanted. */
  readonly count: number;
  /** All that the lock has. */
  readonly of: number;
}

/** How flows that nest permits of one class run out of them. */
export interface Exhaustion {
  /** Permits of the wanted lock. */
  readonly capacity: number;
  /** Permits that each of the flows holds. */
  readonly held: number;
  /** Permits that it wants besides. */
  readonly wanted: number;
  /** Flows that it takes at least. */
  readonly flows: number;
  /** How many of them take the two locks the other way round; 0 where there is but one lock. */
  readonly opposite: number;
  /** The most flows that have held permits of the wanted lock at once so far. */
  readonly highest: number;
}

/** One use of a lock by a flow, in a report: which lock, how, and where in the source. */
export interface LockUse {
  /** Printed class name (`name`, `name#2`, `name/1`). */
  readonly lockClass: string;
  /** The instance's own label, when it was given one. */
  readonly name?: string;
  /** Of a lock with several permits: how many of them are held or wanted. */
  readonly permits?: Permits;
  /** Whether others may hold it beside this flow. */
  readonly mode: HoldMode;
  /** Whether it was held, or waited for. */
  readonly state: HoldState;
  /** How certain it is that the flow held it. */
  readonly evidence: Evidence;
  /** `file:line:column` of the caller, source maps honoured; '' when unknown. */
  readonly site: string;
  /** The stack, one line per frame without the leading `at `, innermost first; empty when none was captured. */
  readonly stack: readonly string[];
  /** False when `site` and `stack` are those of an earlier acquisition in the same held sequence, not of this very one. */
  readonly exact: boolean;
  /** Present where the lock was not wanted, only its unlock: `waitForUnlock()`. */
  readonly forUnlock?: true;
  /**
   * Of a lock whose class is the place of its construction, where several were made: which of them it is, by the way it was
   * made, for instance `permits in Pool, src/app.ts:6:18`.
   */
  readonly made?: string;
  /** The place that they have in common. */
  readonly madeAt?: string;
}

/** How an order came to be known other than by a flow of this process: by `declareOrder`, or by `load`. */
export type Origin = 'declared' | 'loaded' | 'event';

/** One learned order, in a report's cycle: `to` was wanted while `from` was held. */
export interface Dependency {
  /** Printed name of the class that was held. */
  readonly from: string;
  /** Printed name of the class that was wanted. */
  readonly to: string;
  /** How certain the order is. */
  readonly tier: Tier;
  /**
   * Absent for what a flow of this process did. Of a declared order both uses are the declaration. `event`: `from` is a
   * completion, and its use the call that completed it, by a flow that needed `to`.
   */
  readonly origin?: Origin;
  /** Present where the flow requested both at once (`Promise.all`): held was whichever it got first. */
  readonly together?: true;
  /** Present where that flow holds nothing of `from`, but asked for it first: whoever wants it has to wait behind that. `held` is the wait. */
  readonly ahead?: true;
  /** The acquisition of `from` by the flow that taught this order. */
  readonly held: LockUse;
  /** That flow's attempt at `to`. */
  readonly acquiring: LockUse;
  /** Name of the task (root) it ran in. */
  readonly task: string;
}

/**
 * What was found, as fields and as a text. One for each distinct finding; repeats are counted.
 *
 * @example
 * ```ts
 * for (const report of lockdep.reports()) {
 *   if (report.tier === 'strict') console.log(report.kind, report.acquiring?.site, report.count);
 * }
 * ```
 */
export interface Report {
  /** Stable across runs: the kind and the canonical cycle, or the rule and its classes. */
  readonly id: string;
  /** Which rule it is about. */
  readonly kind: ReportKind;
  /** How certain it is. */
  readonly tier: Tier;
  /** The whole text report. */
  readonly message: string;
  /** The attempt; for kinds that are not about an attempt the lock and the call concerned. */
  readonly acquiring?: LockUse;
  /** Every lock the reporting flow held, outermost first. */
  readonly held: readonly LockUse[];
  /** Only for cycles: the links in order, `cycle[i].to === cycle[i + 1].from`, the last one closing it. */
  readonly cycle?: readonly Dependency[];
  /** Only for semaphore-exhaustion: the arithmetic. */
  readonly exhaustion?: Exhaustion;
  /** Times seen, repeats included. */
  count: number;
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  /** Name of the task (root) that the reporting flow ran in. */
  readonly task: string;
}

/** What a rule hands to the report layer: the same facts with raw stacks, before anything is mapped or printed. */
export interface RawUse {
  readonly lockClass: string;
  readonly name: string | undefined;
  readonly permits?: Permits | undefined;
  readonly mode: HoldMode;
  readonly state: HoldState;
  readonly evidence: Evidence;
  readonly frames: readonly StackFrame[];
  /** Stands for the frames where there are none, because the acquisition was in another process or thread. */
  readonly site?: string | undefined;
  readonly exact: boolean;
  readonly forUnlock?: boolean | undefined;
  readonly made?: MadeLock | undefined;
}

/** One of several locks that were made at one place. */
export interface MadeLock {
  readonly place: ConstructionSite;
  readonly making: Making | undefined;
  /** It is the lock of that number which was made there. */
  readonly ordinal: number;
  /** As which one of those that were made alike. */
  readonly nth: number;
  readonly primitive: string;
}

export interface RawDependency {
  readonly from: string;
  readonly to: string;
  readonly tier: Tier;
  readonly origin?: Origin | undefined;
  readonly together?: boolean;
  readonly ahead?: boolean;
  readonly held: RawUse;
  readonly acquiring: RawUse;
  readonly task: string;
}

export interface Violation {
  readonly id: string;
  readonly kind: ReportKind;
  readonly tier: Tier;
  /** One sentence for kinds that have no chain, e.g. what was released though it was not held. */
  readonly summary?: string;
  /** What to do about it, where that is not what its kind advises. */
  readonly advice?: string;
  /** The attempt; for kinds that are not about an attempt (a release, an assertion, a leak) the lock and the call concerned. */
  readonly acquiring?: RawUse;
  readonly held: readonly RawUse[];
  readonly cycle?: readonly RawDependency[];
  readonly exhaustion?: Exhaustion;
  /** Where one class is nested in itself: is it one lock, or two? */
  readonly instances?: 1 | 2;
  /** Classes of which the cycle takes two different locks of one place for one another. */
  readonly standsIn?: readonly string[];
  readonly task: string;
}
