/** The control of one validator, over its runtime. */
import { Liveness, type EndWatch } from '../liveness/liveness.js';
import type { WaitTable } from '../report/wait-data.js';
import { waitText, type WaitTextOptions } from '../report/wait-text.js';
import type { Runtime } from '../validator/runtime.js';
import { HELD, type Hold } from '../model/hold.js';
import type { LockCore } from '../locks/lock-core.js';
import type { Mode, TrackingLevel } from '../model/mode.js';
import type { LockGraph } from '../order/snapshot.js';
import { lookForCopies } from '../platform/foreign-copies.js';
import type { LockdepEvent } from '../report/channels.js';
import { siteOf } from '../report/stack-text.js';
import type { Evidence, Report } from '../report/types.js';
import { evidenceNow } from '../validator/held-by.js';
import { useFacts } from '../validator/lock-use.js';
import type { SomeOptions } from '../validator/options.js';
import type { Split } from '../validator/split-report.js';
import { assertHeld, assertNoneHeld, assertNotHeld, isHeld } from './assertions.js';
import { checkedGraph } from './checked-graph.js';
import type { Below, Control, ControlHost, HeldLock, ShowOptions, Summary } from './control.js';
import { bless, declareOrder } from './declarations.js';
import { runTask } from './run-task.js';
import { dumpOnSignal } from './signal-dump.js';

/** Lines of a dump; folded, so that more than that is a program with very many locks. */
const DUMPED = 1000;

/** How a summary shows the waits: as `showAllLocks` does by default. */
const AT_END: WaitTextOptions = { group: true, limit: 200 };

export class ValidatorControl implements Control, ControlHost {
  readonly #rt: Runtime;
  readonly liveness: Liveness;

  constructor(runtime: Runtime) {
    this.#rt = runtime;
    this.liveness = new Liveness(runtime, runtime.clock);
    runtime.onWait = (wait, promise) => this.liveness.waitBegins(wait, promise);
    runtime.onStop = () => this.liveness.stop();
  }

  get mode(): Mode {
    return this.#rt.mode;
  }

  get tracking(): TrackingLevel {
    return this.#rt.tracking;
  }

  get active(): Control | undefined {
    return this.#rt.off ? undefined : this;
  }

  load(): Control {
    return this;
  }

  configure(options: SomeOptions): void {
    this.#rt.configure(options);
    lookForCopies();
  }

  reports(): readonly Report[] {
    return this.#rt.log.reports();
  }

  subscribe(subscriber: (event: LockdepEvent) => void): Disposable {
    return this.#rt.events.subscribe(subscriber);
  }

  reset(graph: boolean): void {
    this.#rt.reset(graph);
  }

  held(below: Below): readonly HeldLock[] {
    const { tracker } = this.#rt.validator;
    return tracker
      .held()
      .map((hold) => heldLock(hold, evidenceNow(tracker, hold, below)))
      .toReversed();
  }

  waits(): WaitTable {
    return this.liveness.table();
  }

  showAllLocks({ format, ...options }: ShowOptions): string {
    const table = this.waits();
    return format === 'json' ? JSON.stringify(table) : waitText(table, options);
  }

  dumpOnSignal(signal: unknown): Disposable {
    return dumpOnSignal(signal, () => {
      if (this.#rt.off) return 'lockdep is off: no lock is followed\n';
      return `${this.showAllLocks({ format: 'text', group: true, limit: DUMPED })}\n`;
    });
  }

  isHeld(lock: LockCore, below: Below): boolean | undefined {
    return isHeld(this.#rt, lock, below);
  }

  assertHeld(lock: LockCore, mode: 'read' | 'write', below: Below): void {
    assertHeld(this.#rt, lock, mode, below);
  }

  assertNotHeld(lock: LockCore, below: Below): void {
    assertNotHeld(this.#rt, lock, below);
  }

  assertNoneHeld(below: Below): void {
    assertNoneHeld(this.#rt, below);
  }

  task<T>(name: string, fn: () => T): T {
    return runTask(this.#rt, name, fn);
  }

  detached<T>(fn: () => T): T {
    return this.#rt.validator.tracker.detached(fn);
  }

  structured<T>(fn: () => T): T {
    return this.#rt.validator.tracker.structured(fn);
  }

  adopt(hold: Hold, below: Below): void {
    this.#rt.validator.tracker.adopt(hold, below);
  }

  declareOrder(classes: readonly unknown[], below: Below): void {
    declareOrder(this.#rt, classes, below);
  }

  bless(a: unknown, b: unknown, reason: unknown): void {
    bless(this.#rt, a, b, reason);
  }

  snapshot(): LockGraph {
    return this.#rt.validator.graphs.snapshot();
  }

  loadGraph(graph: unknown): void {
    this.#rt.reportAll(this.#rt.validator.load(checkedGraph(graph)));
  }

  splits(): readonly Split[] {
    return this.#rt.validator.splits();
  }

  summary(): Summary {
    lookForCopies();
    const { dependencies } = this.#rt.validator;
    const waits = this.waits();
    return {
      classes: this.#rt.validator.classCount,
      edges: dependencies.edgeCount,
      reports: this.reports(),
      accepted: dependencies.blessings().map(({ a, b, reason }) => ({ classes: [a.name, b.name], reason })),
      waits,
      waitText: waits.waits.length === 0 ? '' : waitText(waits, AT_END),
    };
  }

  watchEnd(watch: EndWatch): void {
    this.liveness.endWatch = watch;
  }
}

function heldLock(hold: Hold, evidence: Evidence): HeldLock {
  return {
    lock: hold.lock.owner,
    lockClass: hold.lockClass,
    mode: hold.shared ? 'shared' : 'exclusive',
    state: hold.state === HELD ? 'held' : 'waiting',
    evidence,
    site: siteOf(useFacts(hold, evidence, []).frames),
  };
}
