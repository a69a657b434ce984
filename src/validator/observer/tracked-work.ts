/**
 * Work that the validator follows: it runs in a flow of its own, holding the queue's class and then its own.
 *
 * The same microtask turns as work that is not followed; only a nesting that may deadlock is looked at first, which takes
 * two turns more. Submitting is a wait for the queue as far as the caller awaits the result, and nothing otherwise.
 */
import type { Below, ObservedLock, Submission } from '../../locks/observed.js';
import type { ItemCore } from '../../locks/work/item-core.js';
import type { QueueCore } from '../../locks/work/queue-core.js';
import { GRANTED, OVER, RUNNING, Work } from '../../locks/work/work.js';
import type { Hold, TrackedLock } from '../../model/hold.js';
import type { LockClass } from '../../model/lock-class.js';
import { classOfSite } from '../../model/place-class.js';
import { capturePlace, type CapturedFrame } from '../../platform/captured-frame.js';
import { NativePromise, ready } from '../../platform/intrinsics.js';
import { scopeFrames, type JointScope, type ScopeKeeper } from '../../platform/scope-frame.js';
import { siteOf } from '../../report/stack-text.js';
import type { RawUse } from '../../report/types.js';
import { Task } from '../../flow/task.js';
import { reportLeaks } from '../leaks.js';
import type { UnstartedWork } from '../rules/held-lock-freed.js';
import type { ObserverHost } from './host.js';
import { beginWaits } from './event-waits.js';
import { offenceOf } from './offence.js';
import { noteFailure } from './unhandled-work.js';

interface Settlers {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

const NONE: readonly Hold[] = [];

/** In place of a function that has run, or never will. */
function spent(): never {
  throw new Error('the work is over');
}

export class TrackedWork<T = unknown> extends Work<T> implements TrackedLock, JointScope, UnstartedWork {
  /** Where it was submitted. */
  readonly frames: readonly CapturedFrame[];
  readonly lockClass: LockClass;
  readonly label: string | undefined;
  readonly owner: object;
  readonly capacity = 1;
  /** Other tasks of its class may run beside it. */
  readonly excludes = false;
  holders = 0;
  mostHolders = 0;
  heldPermits = 0;
  readonly primitive = 'task';
  firstHold: Hold | undefined = undefined;
  lastHold: Hold | undefined = undefined;
  gateAt = -1;
  awaited = 0;
  /** The holds of its run. */
  scopeHolds: readonly Hold[] = [];
  /** What the caller waits for, if it awaits the result. */
  waits: readonly Hold[];
  readonly runtime: ObserverHost;
  readonly #task: Task;
  #turn: Settlers | undefined = undefined;

  constructor(runtime: ObserverHost, queue: QueueCore, submission: Submission<T, ItemCore>, below: Below) {
    super(queue, submission.fn, submission.priority, submission.signal, submission.item);
    const { item, lockClass, name } = submission;
    this.runtime = runtime;
    this.frames = capturePlace(below);
    this.lockClass = item?.lockClass ?? lockClass ?? classOfFrame(this.frames[0]);
    this.label = item?.label ?? name;
    this.owner = item?.owner ?? queue.owner;
    // Nobody waits for an item by enqueueing it, and with slots for all nobody waits for one.
    const isWait = item === undefined && queue.concurrency !== Infinity;
    this.waits = isWait ? beginWaits(runtime, [{ lock: queue, permits: 1 }], below) : [];
    this.#task = taskNamed(this.label, this.lockClass);
    unstartedOf(queue).add(this);
    for (const wait of this.waits) wait.queueUp(this);
  }

  /** What settles its turn: a wait's stack goes on with those who await that. undefined where the turn has come. */
  get resolve(): (() => void) | undefined {
    return this.#turn?.resolve;
  }

  get reject(): ((reason: unknown) => void) | undefined {
    return this.#turn?.reject;
  }

  /** The promise of its turn, which is to come. */
  turn(): Promise<void> {
    return new NativePromise((resolve, reject) => {
      this.#turn = { resolve, reject };
    });
  }

  override begin(): void {
    this.#takeTurn()?.resolve();
  }

  override refuse(reason: unknown): void {
    this.#takeTurn()?.reject(reason);
  }

  /** The promise of a turn that has come knows all that this brings. */
  #takeTurn(): Settlers | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    return turn;
  }

  /** The wait that may stand in its own way. */
  get suspect(): boolean {
    return this.waits.some((node) => this.runtime.validator.wantsProbe(node));
  }

  /** As a report lists it before it runs. */
  get use(): RawUse {
    const { frames, label: name, lockClass } = this;
    return {
      lockClass: lockClass.name,
      name,
      mode: 'exclusive',
      state: 'waiting',
      evidence: 'own',
      frames,
      exact: true,
    };
  }

  enter(): void {
    unstartedOf(this.queue).delete(this);
    this.runtime.validator.tracker.enterTask(this.#task);
    if (this.runtime.off) return;
    const slot = this.#hold(this.queue, this.queue.lockClass, 'scope');
    const own = this.item ?? this;
    // Nothing leads into its own class from here: whoever waits for it through the queue is ordered by the queue.
    this.scopeHolds = [slot, this.#hold(own, this.lockClass, 'try-scope')];
  }

  leave(): void {
    const { validator } = this.runtime;
    for (const node of this.scopeHolds.toReversed()) {
      validator.close(node, trackedKeeper.leaveScope);
      validator.tracker.ended(node);
    }
    for (const node of this.waits) validator.waited(node, trackedKeeper.leaveScope);
    reportLeaks(this.runtime, this.#task, () => siteOf(this.frames));
  }

  override over(): void {
    unstartedOf(this.queue).delete(this);
    // Work that did not run leaves nobody waiting.
    if (this.state !== RUNNING) for (const node of this.waits) this.runtime.validator.tracker.ended(node);
    // Its own holds name it, and stay in the lists of what was started under them.
    this.fn = spent;
    this.waits = NONE;
    this.scopeHolds = NONE;
    super.over();
  }

  #hold(lock: TrackedLock, lockClass: LockClass, kind: 'scope' | 'try-scope'): Hold {
    const { validator } = this.runtime;
    const node = validator.attempt(lock, lockClass, kind, 'exclusive', 1, this.frames);
    validator.tracker.granted(node);
    validator.tracker.enterScope(node);
    return node;
  }
}

const unstarted = new WeakMap<object, Set<TrackedWork>>();

/** Of a queue, the work that is followed and has not begun, in order of submission. */
function unstartedOf(queue: object): Set<TrackedWork> {
  let works = unstarted.get(queue);
  if (works === undefined) unstarted.set(queue, (works = new Set()));
  return works;
}

/** What was given to a queue, or to an item, and has not begun. */
export function unstartedIn(lock: ObservedLock): TrackedWork[] {
  const { pendingWork } = lock as Partial<ItemCore>;
  return pendingWork instanceof TrackedWork ? [pendingWork] : [...(unstarted.get(lock) ?? [])];
}

/** The promise of the result of `work`. `now`: it has a slot already. */
export function runTracked<T>(work: TrackedWork<T>, now: boolean): Promise<T> {
  const { suspect, waits } = work;
  const turn = now ? undefined : work.turn();
  const promise = scopeFrames.run(
    work,
    turn,
    undefined,
    trackedKeeper,
    () => work.start(),
    false,
    suspect ? ready : undefined,
  );
  if (waits.some((node) => node.asked.pending !== undefined)) {
    work.runtime.validator.tracker.carryWaits(promise, waits);
  }
  for (const wait of waits) work.runtime.waitBegins(wait, promise);
  return promise;
}

const trackedKeeper: ScopeKeeper<TrackedWork> = {
  probe(work, turn) {
    const error = offenceOf(work.runtime, work.waits, trackedKeeper.probe);
    if (error === undefined || work.state === OVER) return;
    turn?.catch(() => undefined);
    if (work.state === GRANTED) work.queue.finished(work);
    else work.queue.takeOut(work, error);
    throw error;
  },
  enterScope(work) {
    work.enter();
  },
  failed(work, error) {
    noteFailure(error, work.frames);
  },
  leaveScope(work) {
    try {
      work.leave();
    } finally {
      work.queue.finished(work);
    }
  },
};

/** A task is known to all that was started in it: it knows nothing of its work but the name. */
function taskNamed(label: string | undefined, lockClass: LockClass): Task {
  return new Task(label ?? (() => lockClass.name));
}

function classOfFrame(frame: CapturedFrame | undefined): LockClass {
  return classOfSite({ file: frame?.file ?? 'unknown', line: frame?.line ?? 0, column: frame?.column ?? 0 }, 'task');
}
