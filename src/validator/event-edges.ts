/**
 * What a completion is learned to depend on: at `complete()`, the locks that the completing flow holds, and those that it was
 * granted since the completion was made or reinitialised. Whoever waits for it needs them. As if the flow had been in a
 * `signalling` section, but inferred: another time it may be completed in another way. So these orders are advisory.
 *
 * The kernel's cross-release learned the same, as certain, with one class for many completions, and was taken out for its
 * false alarms. Against those: a tier of its own; a history that starts anew with each task and work item, and counts only
 * where there is one; and no order into what may have several slots or instances at work beside each other (a queue or a
 * semaphore with more than one slot, an item's own class), since one that waits does not keep another one from completing.
 *
 * Cost: a set lookup for each such lock at `complete()`; a stack for an order that is not known yet.
 */
import type { Below } from '../platform/below.js';
import type { LockClass } from '../model/lock-class.js';
import type { Violation } from '../report/types.js';
import { captureFrames, type CapturedFrame } from '../platform/captured-frame.js';
import { isInScope } from '../flow/evidence.js';
import { Hold, isTry, type FlowRoot, type RememberedGrant, type TrackedLock } from '../model/hold.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import { vouchedHolds } from '../flow/hold-list.js';
import type { ClassIds } from './class-ids.js';
import type { Dependencies } from './dependencies.js';
import { MAX_HELD_DEPTH } from './host.js';

/** Primitives that are no lock to whoever completes. */
const NO_LOCKS: ReadonlySet<string> = new Set(['Completion', 'WorkItem', 'task']);

/** Primitives that may have room for whoever waits and for whoever completes. */
const HAVE_SLOTS: ReadonlySet<string> = new Set(['Semaphore', 'WorkQueue']);

export class EventEdges {
  readonly #tracker: HeldTracker;
  readonly #dependencies: Dependencies;
  readonly #ids: ClassIds;
  readonly #report: (violation: Violation) => void;
  /** Of each class of events the classes of queues in whose work each one was completed so far. */
  readonly #slots = new WeakMap<LockClass, readonly LockClass[]>();
  /** Orders that were taught, by both classes and the mode of the second. */
  readonly #taught = new Set<string>();

  constructor(tracker: HeldTracker, dependencies: Dependencies, ids: ClassIds, report: (violation: Violation) => void) {
    this.#tracker = tracker;
    this.#dependencies = dependencies;
    this.#ids = ids;
    this.#report = report;
  }

  /** The running flow completes `event`, which was made or reinitialised after grant number `since`. */
  completed(event: TrackedLock, since: number, below: Below): void {
    if (event.lockClass.options.validate === false) return;
    const task = this.#tracker.store?.task;
    const holds = this.#tracker.held(MAX_HELD_DEPTH);
    this.#noteSlots(event.lockClass, holds);
    const counts = ({ lock, lockClass, wait }: RememberedGrant | Hold): boolean =>
      isNeeded(lock, lockClass, event) && !this.#taught.has(keyOf(event.lockClass, lockClass, wait));
    const held = holds.filter((node) => !isTry(node.kind) && counts(node));
    const granted = task?.grantsSince(since).filter(counts) ?? [];
    if (held.length + granted.length === 0) return;
    const stack = captureFrames(below);
    const vouched = vouchedHolds(this.#tracker.current(), MAX_HELD_DEPTH);
    for (const node of held) {
      // It had to be had, which is before it was held.
      const gates = this.#ids.gatesOf(holds.filter((other) => other !== node));
      const isCertain = this.#tracker.isOwnNow(node) || isInScope(stack, [node]) || vouched.includes(node);
      if (isCertain) this.#teach(event, node, gates, stack);
    }
    for (const grant of granted) this.#teach(event, asNode(grant, task), [], stack);
  }

  /** The classes of queues whose work alone was seen to complete events of that class. None: it may be anybody. */
  slotsFor(event: LockClass): readonly LockClass[] {
    return this.#slots.get(event) ?? [];
  }

  #noteSlots(event: LockClass, holds: readonly Hold[]): void {
    const known = this.#slots.get(event);
    if (known?.length === 0) return;
    const had = holds.flatMap(({ lock, lockClass }) => (lock.primitive === 'WorkQueue' ? [lockClass] : []));
    this.#slots.set(event, known === undefined ? had : known.filter((lockClass) => had.includes(lockClass)));
  }

  /** What was taught is to be taught again. */
  clear(): void {
    this.#taught.clear();
  }

  #teach(
    event: TrackedLock,
    wanted: Hold,
    gates: ReturnType<ClassIds['gatesOf']>,
    stack: readonly CapturedFrame[],
  ): void {
    this.#taught.add(keyOf(event.lockClass, wanted.lockClass, wanted.wait));
    // A section on the way to the completion, as it would have been.
    const held = new Hold(event, event.lockClass, 'scope', 'recursive-read', undefined, wanted.task, 0);
    held.ask().frames = stack;
    const { violation } = this.#dependencies.learn({
      held,
      wanted,
      holds: [],
      gates,
      protection: undefined,
      evidence: 'suspected',
      tier: 'advisory',
      stack: [],
      isEvent: true,
    });
    if (violation !== undefined) this.#report(violation);
  }
}

function isNeeded(lock: TrackedLock, lockClass: LockClass, event: TrackedLock): boolean {
  if (lockClass === event.lockClass || lockClass.options.validate === false) return false;
  if (NO_LOCKS.has(lock.primitive)) return false;
  const hasSlots = lock.foreign !== undefined || HAVE_SLOTS.has(lock.primitive);
  return !hasSlots || lock.capacity === 1;
}

function keyOf(event: LockClass, lockClass: LockClass, wait: Hold['wait']): string {
  return `${event.id} ${lockClass.id} ${wait}`;
}

function asNode({ lock, lockClass, wait, chain }: RememberedGrant, task: FlowRoot | undefined): Hold {
  const node = new Hold(lock, lockClass, 'imperative', wait, undefined, task, 0);
  node.chain = chain;
  return node;
}
