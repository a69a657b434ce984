/**
 * One world of locks: its mode, its validator, its reports. A process has one (shared by every copy of the package);
 * tests may make isolated ones.
 *
 * Invariant: its world has an observer if and only if the mode is not off.
 */
import type { Below } from '../platform/below.js';
import { INSPECT } from '../platform/inspect.js';
import type { Hold } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import { sitePrinter } from '../model/place-class.js';
import { inMicrotask, systemNow, type Clock } from '../platform/clock.js';
import { onClassConflict, onClassDisposed, onClassesFull, onClassShared } from '../model/class-events.js';
import { lookForCopies } from '../platform/foreign-copies.js';
import { keepWarnings } from '../platform/kept-warnings.js';
import { noteUnknown } from '../platform/unknown-options.js';
import { watchOptions } from '../platform/unknown-options-told.js';
import { errorText, showWarning, warnOnce } from '../platform/warnings.js';
import { Events, type AcquireChannels, type Channels } from '../report/channels.js';
import { emitReport } from '../report/emit.js';
import { ReportLog } from '../report/report-log.js';
import { sitePosition } from '../report/stack-text.js';
import type { Report, Violation } from '../report/types.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import type { Mode, TrackingLevel } from '../model/mode.js';
import { isPromiseReplaced } from '../flow/promise-watch.js';
import { hooksFollowHolds } from '../flow/rehearsal.js';
import type { LockObserver } from '../locks/observer.js';
import { KNOWN_OPTIONS } from '../locks/options/known-options.js';
import { World } from '../locks/world.js';
import type { CheckedSettings } from './checked-settings.js';
import { ClassGrowth } from './class-growth.js';
import { errorCode, LockdepError } from '../errors.js';
import type { ValidatorHost } from './host.js';
import { classConflict } from './rules/class-conflict.js';
import type { ObserverHost } from './observer/host.js';
import { ValidatingObserver } from './observer/observer.js';
import type { SomeOptions } from './options.js';
import { Validator } from './validator.js';

/** What a runtime can be given of its own. */
export interface RuntimeParts {
  /** The locks that it looks on at. */
  readonly world?: World<LockObserver>;
  /** Asks whether the promise hooks can be relied on. */
  readonly rehearsal?: (tracker: HeldTracker) => Promise<boolean>;
  /** Those of the process, for its own runtime. */
  readonly channels?: Channels;
  readonly acquireChannels?: AcquireChannels;
  /** Stands in for the time; its timers are those of the world. */
  readonly clock?: Clock | undefined;
}

/** Classes whose failing comparator is named. */
export const MAX_COMPARATOR_FAILURES = 100;

const TOO_MANY_NAMES =
  'locks of further names and places are listed, but their order is not checked, until other classes are disposed of';

const KNOWN: readonly string[] = [
  'mode',
  'tracking',
  'onReport',
  'warnings',
  'stackDepth',
  'stallTimeout',
  'deadlockCheckAfter',
];

export class Runtime implements ValidatorHost, ObserverHost {
  off = true;
  enforce = false;
  stallTimeout = 30_000;
  deadlockCheckAfter = 1000;
  /** Called where a flow has to wait, while the mode is on. */
  onWait: ((wait: Hold, promise: Promise<unknown>) => void) | undefined;
  /** Called when the mode has turned off, and when all is forgotten. */
  onStop: (() => void) | undefined;
  readonly events: Events;
  readonly validator: Validator = new Validator(this);
  /** The locks that it looks on at. */
  readonly world: World<LockObserver>;
  readonly acquireChannels: AcquireChannels | undefined;
  /** Milliseconds since the epoch, for ages. */
  readonly now: () => number;
  readonly log: ReportLog;
  /** The one that was given. */
  readonly clock: Clock | undefined;
  readonly #growth = new ClassGrowth();
  #onReport: ((report: Report) => void) | undefined;
  #warnings = true;
  #modeIsForced = false;
  #tracking: TrackingLevel = 'precise';
  #trackingIsForced = false;
  readonly #freedFromOutside = new WeakSet<LockClass>();
  #comparatorFailures = new Set<string>();
  /** What is followed now; undefined before the first time. */
  #following: TrackingLevel | 'off' | undefined;
  #changes = 0;

  readonly #rehearsal: (tracker: HeldTracker) => Promise<boolean>;

  constructor({
    clock,
    world = new World(clock),
    rehearsal = hooksFollowHolds,
    channels,
    acquireChannels,
  }: RuntimeParts = {}) {
    keepWarnings();
    sitePrinter.print = sitePosition;
    this.world = world;
    this.clock = clock;
    this.acquireChannels = acquireChannels;
    this.#rehearsal = rehearsal;
    this.events = new Events(channels);
    this.now = clock === undefined ? systemNow : () => clock.now();
    this.log = new ReportLog(this.now);
    if (clock !== undefined) this.validator.tracker.ageBy(this.now);
    const observer = new ValidatingObserver(this);
    world.attached = observer;
    if (world.hasEvents) observer.eventBegins();
  }

  readonly #listeners: (() => void)[] = [
    onClassDisposed((lockClass) => {
      this.validator.forget(lockClass);
      this.#growth.forget(lockClass);
    }),
    onClassConflict((...conflict) => this.reportAll(this.off ? [] : [classConflict(...conflict)])),
    onClassesFull(() => {
      if (!this.off) this.validator.limits.reached('MAX_KEPT_CLASSES', TOO_MANY_NAMES);
    }),
    onClassShared((lockClass) => this.reportAll(this.validator.retireGate(lockClass))),
  ];

  /** The end of an isolated runtime: its hooks and listeners go, its locks stay usable. */
  dispose(): void {
    this.#setMode('off');
    for (const unlisten of this.#listeners) unlisten();
  }

  /** @internal */
  [INSPECT](): string {
    return `Runtime { ${this.mode} }`;
  }

  get tracking(): TrackingLevel {
    return this.#tracking;
  }

  get mode(): Mode {
    if (this.off) return 'off';
    return this.enforce ? 'enforce' : 'warn';
  }

  /** As the environment and `configure` ask for. */
  begin({ mode, isModeForced, tracking, isTrackingForced }: CheckedSettings): void {
    this.#tracking = tracking;
    this.#trackingIsForced = isTrackingForced;
    this.#modeIsForced = isModeForced;
    this.#setMode(mode);
  }

  /** `options` are checked by now. */
  configure(options: SomeOptions): void {
    const { mode, tracking, onReport, warnings, stackDepth, stallTimeout, deadlockCheckAfter } = options;
    if ('onReport' in options) this.#onReport = onReport;
    if (warnings !== undefined) this.#warnings = warnings;
    if (stallTimeout !== undefined) this.stallTimeout = stallTimeout;
    if (deadlockCheckAfter !== undefined) this.deadlockCheckAfter = deadlockCheckAfter;
    if (stackDepth !== undefined) this.log.stackDepth = stackDepth;
    if (tracking !== undefined && !this.#trackingIsForced) this.#tracking = tracking;
    this.#setMode(mode === undefined || this.#modeIsForced ? this.mode : mode);
    if (!this.off) noteUnknown(options, 'lockdep.configure', KNOWN);
  }

  report(violation: Violation): Report {
    const { report, isNew, isLeftOut } = this.log.add(violation);
    if (isNew) {
      emitReport(report, { onReport: this.#onReport, warn: this.#warnings ? undefined : false });
      if (this.events.isWanted('report')) this.events.tell({ type: 'report', report });
      lookForCopies();
    }
    // Only what is thrown is asked for what it says.
    return isLeftOut && this.enforce ? this.log.build(violation) : report;
  }

  get hasReports(): boolean {
    return this.log.hasAny;
  }

  /** A flow has to wait; `promise` is what its caller gets. */
  waitBegins(wait: Hold, promise: Promise<unknown>): void {
    if (!this.off) this.onWait?.(wait, promise);
  }

  /** Somebody who neither has a lock of the class nor waits for it has freed it, or ended a wait. */
  freedFromOutside(lockClass: LockClass): void {
    this.#freedFromOutside.add(lockClass.base ?? lockClass);
  }

  slotsFor(event: LockClass): readonly LockClass[] {
    return this.validator.slotsFor(event);
  }

  isFreedFromOutside(lockClass: LockClass): boolean {
    return this.#freedFromOutside.has(lockClass.base ?? lockClass);
  }

  live(): Iterable<Hold> {
    return this.validator.tracker.live();
  }

  toldApart(lockClass: LockClass): void {
    this.log.toldApart(lockClass.name);
  }

  keeps(id: string): boolean {
    return this.log.keeps(id);
  }

  /** A lock has been given a class by the caller of `below`, who has chosen it. */
  classChosen(lockClass: LockClass, below: Below): void {
    const violation = this.off ? undefined : this.#growth.counted(lockClass, below);
    if (violation !== undefined) this.report(violation);
  }

  /** What comes to light without a lock being taken. */
  reportAll(violations: readonly Violation[]): void {
    if (!this.off) for (const violation of violations) this.report(violation);
  }

  /** In enforce the offending call throws. */
  refuse(report: Report): void {
    if (this.enforce) throw new LockdepError(report.message, errorCode(report.kind), report);
  }

  onComparatorError(className: string, error: unknown): void {
    const failures = this.#comparatorFailures;
    if (failures.has(className) || failures.size > MAX_COMPARATOR_FAILURES) return;
    failures.add(className);
    const message =
      failures.size > MAX_COMPARATOR_FAILURES
        ? 'MAX_COMPARATOR_FAILURES is reached: the order comparators of further lock classes fail unnamed'
        : `the order comparator of lock class ${className} failed: ${errorText(error)}`;
    showWarning(message, 'LOCKDEP_COMPARATOR_FAILED');
  }

  onReplacement(): void {
    inMicrotask(() => void this.#rehearse());
  }

  onFault(error: unknown): void {
    // Not now: it may be a hook that runs.
    inMicrotask(() => {
      if (!this.off && this.validator.tracker.followsCalls) this.#fallBack('a promise hook failed', errorText(error));
    });
  }

  /** Falls back to light tracking where promises can not be followed as they must. */
  async #rehearse(): Promise<void> {
    const changes = this.#changes;
    if (await this.#rehearsal(this.validator.tracker)) return;
    // One that was interrupted says nothing; if it is precise again by now, another one has begun.
    if (changes !== this.#changes) return;
    this.#fallBack(
      isPromiseReplaced()
        ? 'Promise is replaced by one that promise hooks can not follow'
        : 'promise hooks do not work as expected on this runtime',
    );
  }

  /** For good: a hold that went astray would be worse than one that is not followed. */
  #fallBack(reason: string, detail = ''): void {
    this.#tracking = 'light';
    this.#trackingIsForced = true;
    this.#setMode(this.mode);
    const told = `${reason}: only locks held by runExclusive are followed (tracking light)`;
    if (detail === '') warnOnce(told, 'LOCKDEP_LIGHT');
    else showWarning(`${told}\n${detail}`, 'LOCKDEP_LIGHT');
  }

  /** Forgets what is held and all reports; with `graph` also all learned order. */
  reset(graph: boolean): void {
    this.validator.tracker.forgetHolds();
    this.log.clear();
    this.onStop?.();
    this.#comparatorFailures.clear();
    if (!graph) return;
    this.validator.reset();
    this.#growth.clear();
  }

  #setMode(mode: Mode): void {
    if (this.off !== (mode === 'off')) watchOptions(this.off, KNOWN_OPTIONS);
    this.off = mode === 'off';
    this.enforce = mode === 'enforce';
    this.world.observer = this.off ? undefined : this.world.attached;
    const { tracker } = this.validator;
    const following = this.off ? 'off' : this.#tracking;
    if (this.#following !== following) {
      this.#following = following;
      this.#changes += 1;
    }
    if (this.off) {
      tracker.stop();
      this.onStop?.();
      return;
    }
    const followed = tracker.followsCalls;
    tracker.start(this.#tracking);
    if (this.#tracking === 'precise' && !tracker.followsCalls) this.#fallBack('this runtime has no promise hooks');
    else if (tracker.followsCalls && !followed) void this.#rehearse();
  }
}
