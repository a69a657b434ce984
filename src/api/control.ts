/** What `lockdep` can ask of a validator. Types alone: the one who asks may have none yet. */
import type { Below } from '../platform/below.js';
import type { EndWatch } from '../liveness/liveness.js';
import type { WaitTable } from '../report/wait-data.js';
import type { WaitTextOptions } from '../report/wait-text.js';
import type { LockCore } from '../locks/lock-core.js';
import type { Hold } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import type { Mode, TrackingLevel } from '../model/mode.js';
import type { LockGraph } from '../order/snapshot.js';
import type { LockdepEvent } from '../report/channels.js';
import type { Evidence, HoldMode, HoldState, Report } from '../report/types.js';
import type { SomeOptions } from '../validator/options.js';
import type { Split } from '../validator/split-report.js';

export type { Below };

/** What `showAllLocks` is to show, filled in. */
export interface ShowOptions extends WaitTextOptions {
  readonly format: 'text' | 'json';
}

/** One lock that a flow holds or waits for, as `lockdep.held()` lists it. */
export interface HeldLock {
  /** The lock itself. */
  readonly lock: object;
  /** The class that it is held as: a subclass where the acquisition said so. */
  readonly lockClass: LockClass;
  /** Whether others may hold it beside this flow. */
  readonly mode: HoldMode;
  /** Whether it is held by now, or waited for. */
  readonly state: HoldState;
  /** How certain it is that this flow holds it. */
  readonly evidence: Evidence;
  /** Where it was acquired, `file:line:column`; '' when unknown. */
  readonly site: string;
}

/** Figures for a summary line. */
export interface Summary {
  /** Classes that take part in a learned order. */
  readonly classes: number;
  /** Learned orders: distinct pairs of classes. */
  readonly edges: number;
  readonly reports: readonly Report[];
  /** Pairs of classes whose inversion is accepted, and why. */
  readonly accepted: readonly { readonly classes: readonly string[]; readonly reason: string }[];
  /** Who waits for whom. */
  readonly waits: WaitTable;
  /** The same as a text; '' where nobody waits. */
  readonly waitText: string;
}

/** Of a flow, while the mode is on. `below` is the public function that was called. */
export interface FlowControl {
  held(below: Below): readonly HeldLock[];
  waits(): WaitTable;
  showAllLocks(options: ShowOptions): string;
  isHeld(lock: LockCore, below: Below): boolean | undefined;
  assertHeld(lock: LockCore, mode: 'read' | 'write', below: Below): void;
  assertNotHeld(lock: LockCore, below: Below): void;
  assertNoneHeld(below: Below): void;
  task<T>(name: string, fn: () => T): T;
  detached<T>(fn: () => T): T;
  structured<T>(fn: () => T): T;
  adopt(hold: Hold, below: Below): void;
}

/** Of what was learned, on or off. */
export interface OrderControl {
  reports(): readonly Report[];
  subscribe(subscriber: (event: LockdepEvent) => void): Disposable;
  reset(graph: boolean): void;
  /** `signal` is not checked yet. */
  dumpOnSignal(signal: unknown): Disposable;
  declareOrder(classes: readonly unknown[], below: Below): void;
  bless(a: unknown, b: unknown, reason: unknown): void;
  snapshot(): LockGraph;
  loadGraph(graph: unknown): void;
  splits(): readonly Split[];
  summary(): Summary;
  watchEnd(watch: EndWatch): void;
}

export interface Control extends FlowControl, OrderControl {
  readonly mode: Mode;
  readonly tracking: TrackingLevel;
  configure(options: SomeOptions): void;
}

/** Where `lockdep` finds its validator. */
export interface ControlHost {
  readonly mode: Mode;
  readonly tracking: TrackingLevel;
  /** undefined while the mode is off. */
  readonly active: Control | undefined;
  /** Loaded if need be; undefined where there is none to be had. */
  load(): Control | undefined;
  /** `options` are checked by now. */
  configure(options: SomeOptions): void;
}
