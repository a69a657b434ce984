/** The control object: modes, reports, and what the running flow holds. A thin face over one Runtime. */
import { describe, type LockClass } from '../classes/lock-class.js';
import { siteOf } from '../report/stack-text.js';
import type { Evidence, HoldMode, HoldState, Report } from '../report/types.js';
import { HELD, WAITING, type HeldNode } from '../tracker/held-node.js';
import { useFacts } from '../validator/lock-use.js';
import type { LockdepOptions, Mode, Runtime } from '../validator/runtime.js';

export interface HeldLock {
  readonly lock: object;
  readonly lockClass: LockClass;
  readonly mode: HoldMode;
  readonly state: HoldState;
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
}

export class Lockdep {
  readonly #rt: Runtime;

  /** @internal */
  constructor(runtime: Runtime) {
    this.#rt = runtime;
  }

  /** Changes options. The environment's LOCKDEP wins over `mode`. Bad values throw and change nothing. */
  configure(options: Partial<LockdepOptions>): void {
    this.#rt.configure(options);
  }

  get mode(): Mode {
    return this.#rt.mode;
  }

  /** Every distinct report so far, oldest first. */
  reports(): readonly Report[] {
    return this.#rt.log.reports();
  }

  /** Forgets held sets and reports; with `graph: true` also all learned order. */
  reset(options: { graph?: boolean } = {}): void {
    if (typeof options !== 'object' || options === null) {
      throw new TypeError(`options must be an object, got ${describe(options)}`);
    }
    this.#rt.reset(options.graph === true);
  }

  /** The locks that this flow holds, outermost first. Empty while the mode is off. */
  held(): readonly HeldLock[] {
    if (this.#rt.off) return [];
    const { tracker } = this.#rt.validator;
    return tracker
      .held()
      .map((node) => heldLock(node, tracker.ownsNow(node) ? 'own' : 'suspected'))
      .toReversed();
  }

  /** Every held lock and every waiter in the process, oldest first, with sites and ages. */
  showAllLocks(): string {
    if (this.#rt.off) return 'lockdep is off: no lock is followed';
    const now = Date.now();
    const lines = [...this.#rt.validator.tracker.live()].map((node) => showNode(node, now));
    return lines.length === 0 ? 'no locks are held or awaited' : lines.join('\n');
  }

  /** Runs `fn` with no inherited holds: for work that nobody here waits for. */
  detached<T>(fn: () => T): T {
    if (typeof fn !== 'function') throw new TypeError(`fn must be a function, got ${describe(fn)}`);
    return this.#rt.off ? fn() : this.#rt.validator.tracker.detached(fn);
  }

  /** @internal */
  summary(): Summary {
    const { dependencies } = this.#rt.validator;
    return { classes: this.#rt.validator.classCount, edges: dependencies.edgeCount, reports: this.reports() };
  }
}

function heldLock(node: HeldNode, evidence: Evidence): HeldLock {
  return {
    lock: node.lock.owner,
    lockClass: node.lockClass,
    mode: node.shared ? 'shared' : 'exclusive',
    state: node.state === HELD ? 'held' : 'waiting',
    evidence,
    site: siteOf(useFacts(node, evidence, []).frames),
  };
}

function showNode(node: HeldNode, now: number): string {
  const { lockClass, name, mode, state, site } = { ...heldLock(node, 'own'), name: node.lock.label };
  const label = name === undefined ? lockClass.name : `${lockClass.name} "${name}"`;
  const handed = node.state !== HELD && node.state !== WAITING ? ', handed off' : '';
  return `${state} ${label}, ${mode}${handed}, for ${now - node.since} ms${site === '' ? '' : `, at ${site}`}`;
}
