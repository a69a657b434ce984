/**
 * A hold: one acquisition of one lock, from the attempt to the release.
 *
 * Holds form immutable lists through `parent`: what a flow holds is one node and all its ancestors that are still
 * HELD. A flow's AsyncLocalStorage store is such a node, so a fork shares its parent's list and can not change it; a
 * release changes only the node's own state and so vanishes from every list at once. A link is a second list cell for a
 * hold (`target`), made when a hold is handed to a flow that already holds others.
 *
 * Invariant: state only moves WAITING -> HELD -> RELEASED, WAITING -> RELEASED, or HELD -> TRANSFERRED -> RELEASED.
 */
import type { Weak } from '../platform/weak.js';
import type { ChainNode } from '../order/chain-trie.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { INSPECT } from '../platform/inspect.js';
import type { HoldKind, WaitKind } from './hold-kinds.js';
import type { LockClass } from './lock-class.js';
import type { Making } from './making.js';

export { asTry, isScope, isTry, isWait } from './hold-kinds.js';
export type { HoldKind, WaitKind };

export const WAITING = 0;
export const HELD = 1;
export const RELEASED = 2;
/** Handed off: still held by somebody, by no flow that we know. */
export const TRANSFERRED = 3;
const STATES = ['waiting', 'held', 'released', 'handed off'] as const;
export type NodeState = typeof WAITING | typeof HELD | typeof RELEASED | typeof TRANSFERRED;

/** The moment before all others: how a lock was wanted. */
export const WANTED = 0;

/**
 * Who gives back a lock: the flow that has it, so that a release by another one says that it was handed on; or whoever ends the
 * use of a resource, which says nothing of who had it.
 */
export type ReleasedBy = 'holder' | 'user';

/** What the tracker needs to know of a lock. */
export interface TrackedLock {
  readonly lockClass: LockClass;
  /** The instance's own name in reports. */
  readonly label: string | undefined;
  /** The lock that users see. */
  readonly owner: object;
  /** How many may hold it at once. */
  readonly capacity: number;
  /** Does a holder keep all others out, readers aside? */
  readonly excludes: boolean;
  /** What it is, in the words of its constructor: 'Mutex', 'WorkQueue'. */
  readonly primitive: string;
  /** Of a lock that another package has made: who gives it back. Its grants are told, and its queue is not seen. */
  readonly foreign?: ReleasedBy | undefined;
  /** Of one with several permits: flows that hold any now, and the most at once so far. */
  holders: number;
  mostHolders: number;
  /** The permits that are held, where there are several. */
  heldPermits: number;
  /** How it was made, and as which lock of its class, where the class follows from the place. */
  making?: Making | undefined;
  ordinal?: number;
  nth?: number;
  /** First and last of the holds and waits on this lock, oldest first; the holds before the waits where it may be a gate. */
  firstHold: Hold | undefined;
  lastHold: Hold | undefined;
  /** Its place among the locks that are held and may be gates (held-gates.ts); -1 where it is none of those. */
  gateAt: number;
  /** Acquisitions by a call that came to functions that awaited them; negative once one was waited for otherwise (bare-promises.ts). */
  awaited: number;
}

/** Facts about one held sequence followed by one wanted class; the validator's, kept in the trie. */
export type Nesting = object;

/** A lock that a task has had to ask for. */
export interface RememberedGrant {
  readonly lock: TrackedLock;
  readonly lockClass: LockClass;
  readonly wait: WaitKind;
  /** The held sequence that it ended. */
  readonly chain: ChainNode<Nesting>;
  /** Its number among all grants. */
  readonly at: number;
}

/** Where a task begins. */
export interface FlowRoot {
  readonly name: string;
  /** Its holds and waits that are not over. */
  live: number;
  /** The moment at which it ended. */
  readonly endedAt: number | undefined;
  remember(hold: Hold, at: number): void;
  /** What was granted after the grant of that number. */
  grantsSince(at: number): RememberedGrant[];
}

/** The function instance that has holds. */
export interface HoldOwner {
  /** Has it returned with what it held? */
  readonly hasReturned: boolean;
  /** Is it this instance that holds `hold`? `certain`: without any doubt about who received it. */
  holds(hold: Hold, certain: boolean): boolean;
}

/** What a flow's store is: the innermost cell of its list of holds, or the root of its task. */
export interface ListCell {
  readonly target: { readonly state: NodeState };
  readonly parent: Hold | undefined;
  readonly task: FlowRoot | undefined;
}

/** Cells made so far. */
let cells = 0;

/** Holds and waits that were followed so far, in this thread; a little more than that, since lists have cells of their own. */
export function holdsMade(): number {
  return cells;
}

/** In place of the waiter of a wait that is over. */
const SERVED = Symbol('lockdep.served');

/** Its fields are set in the constructor alone: with initialisers V8 would not build it in the place where it is made. */
export class Hold implements ListCell {
  declare state: NodeState;
  /** Its number among all cells. Outwards a list has ever older ones, and all cells of a hold are as young as itself at most. */
  declare born: number;
  /** The hold that this list cell stands for: itself, except for a link. */
  declare target: Hold;
  /** The next hold outwards. */
  declare parent: Hold | undefined;
  /** The held sequence that ends with this hold; undefined when it has to be found again. */
  declare chain: ChainNode<Nesting> | undefined;
  /** Neighbours on the lock's list of holds. */
  declare previous: Hold | undefined;
  declare next: Hold | undefined;
  /** Its place among all holds and waits (live-holds.ts). */
  declare listedAt: number;
  /** Its place in the queue of the lock, while it waits: it knows the promise of the wait, and so all that this brings. */
  declare waiter: unknown;
  /** What is needed while something about this hold is in question, or it is used in a rare way. */
  declare private question: HoldQuestion | undefined;
  /** Permits that it wants or was granted. */
  declare permits: number;
  /** Milliseconds since the epoch of the attempt, as fine as the tracker's clock. */
  declare readonly since: number;
  declare readonly lock: TrackedLock;
  /** Changes only with the class of the lock, while it is held. */
  declare lockClass: LockClass;
  declare readonly kind: HoldKind;
  /** How it is held, and was wanted, as far as it was not downgraded since. */
  declare wait: WaitKind;
  declare readonly task: FlowRoot | undefined;
  /** Is it the first of its flow's holds of a lock with several permits? */
  declare leads: boolean;
  /** The synchronous turn in which it was requested, where that matters (batch-turns.ts). */
  declare turn: number;
  /** When it was granted, or then ended: a moment in the tracker's count. */
  declare changed: number;
  /** The call of an async function in which its promise was made, in the count of the promise hooks. */
  declare madeIn: number;
  /** Has some function instance received it? */
  declare received: boolean;
  /** How many have asked for it: continuations and callbacks behind its promise, and behind what those make of it. */
  declare takers: number;
  /**
   * Is it with a function that awaited it? Not so where it was last seen in a callback of `then`, on its way through a
   * combinator, or returned to nobody yet: then any flow may go on with it.
   */
  declare followed: boolean;
  /** Was it seen to come to one function alone, which called for it? So it can be told what it holds. */
  declare seen: boolean;
  /** Of a scope that runs, the last wait that began in it. Of a wait in a scope, the promise that its caller got. */
  declare awaits: Hold | Promise<unknown> | undefined;

  constructor(
    lock: TrackedLock,
    lockClass: LockClass,
    kind: HoldKind,
    wait: WaitKind,
    parent: Hold | undefined,
    task: FlowRoot | undefined,
    since: number,
  ) {
    this.state = WAITING;
    this.born = ++cells;
    this.target = this;
    this.parent = parent;
    this.chain = undefined;
    this.previous = undefined;
    this.next = undefined;
    this.listedAt = 0;
    this.waiter = undefined;
    this.question = undefined;
    this.permits = 1;
    this.since = since;
    this.lock = lock;
    this.lockClass = lockClass;
    this.kind = kind;
    this.wait = wait;
    this.task = task;
    this.leads = false;
    this.turn = 0;
    this.changed = 0;
    this.madeIn = -1;
    this.received = false;
    this.takers = 0;
    this.followed = false;
    this.seen = false;
    this.awaits = undefined;
  }

  /** Do others of its kind hold the lock beside it? */
  get shared(): boolean {
    return this.wait !== 'exclusive';
  }

  /** How it was held at that moment, in the tracker's count; at WANTED, how it was wanted. */
  waitAt(moment: number): WaitKind {
    return this.asked.downgraded > moment ? 'exclusive' : this.wait;
  }

  sharedAt(moment: number): boolean {
    return this.waitAt(moment) !== 'exclusive';
  }

  /** What is in question about this hold; most holds never have any of it. */
  get asked(): Readonly<HoldQuestion> {
    return this.question ?? NOTHING_ASKED;
  }

  /** Has it nothing of what `asked` tells? */
  get isPlain(): boolean {
    return this.question === undefined;
  }

  /** The same, to be written. */
  ask(): HoldQuestion {
    return (this.question ??= new HoldQuestion());
  }

  /** Its lock has changed its class; a subclass stays that level of the new one. */
  reclassify(former: LockClass, lockClass: LockClass): void {
    const { level } = this.lockClass;
    const sub = this.lockClass !== former && this.lockClass.base === former && level !== undefined;
    this.lockClass = sub ? lockClass.subclass(level) : lockClass;
  }

  /** It has to wait. */
  queueUp(waiter: unknown): void {
    this.waiter = waiter;
  }

  /** It waits no more, or holds no more. */
  leaveQueue(): void {
    if (this.waiter !== undefined) this.waiter = SERVED;
    if (this.awaits !== undefined) this.awaits = undefined;
  }

  /** Did it have to wait? */
  get hasQueued(): boolean {
    return this.waiter !== undefined;
  }

  /** Nothing is in question any more. */
  settle(): void {
    this.question = undefined;
  }

  /** @internal */
  [INSPECT](): string {
    return `Hold { ${this.lockClass.name}, ${STATES[this.target.state]} }`;
  }
}

/** What releases a hold, where it is watched (lost-handles.ts). */
export interface WatchedHandle {
  /** Until its end: the registry that watches keeps this longer than that. */
  hold: Hold | undefined;
  isGuard: boolean;
  /** The function instance that got it last, where promise hooks show it. */
  owner: Weak<HoldOwner> | undefined;
  /** Has a function thrown that held it? */
  threw: boolean;
}

/** The rare facts of a hold. */
class HoldQuestion {
  handle: WatchedHandle | undefined = undefined;
  /** It was told that nobody releases it. */
  leakTold = false;
  /** The stack of the acquisition, where it was captured. */
  frames: readonly CapturedFrame[] | undefined = undefined;
  /** How many functions at the start of `frames` have returned this hold to their callers. */
  returnedBy = 0;
  /** What the validator still has to decide about this acquisition. */
  pending: unknown = undefined;
  /** The flow's own function instance that awaits this acquisition, when the promise hooks saw it. */
  awaitedBy: HoldOwner | undefined = undefined;
  /** Judgements that wait for proof that the holder of this lock waited, or for its release. The validator's. */
  debts: unknown = undefined;
  /** Received in a turn that may have been a callback's: who holds it is to be confirmed. */
  unsure = false;
  /** Handed on by such a turn, to somebody who may merely have awaited its signal: who holds it is not known. */
  astray = false;
  /** Had at once, by a function that the turn's own one may have called: the rest of that turn lists it too. */
  byCall = false;
  /** Who has taken it over from whoever had it. */
  adoptedBy: HoldOwner | undefined = undefined;
  pins = 0;
  /** How it is listed, when it is among the older of very many holds. */
  aged: Weak<Hold> | undefined = undefined;
  /** The wait for the unlock of the same lock that it was joined with, to be had as one. */
  joined: Hold | undefined = undefined;
  /** A judgement about it waits for the release of an outer lock, and wants its stack. */
  awaited = false;
  /** It was told who has released it in place of its scope. */
  isTheftTold = false;
  /** Ended by a `release()` that was not its own. */
  foreignRelease = false;
  /** By one of the very function that has it, and no other hold of the lock. */
  ownRelease = false;
  /** Permits that a foreign `release()` has returned of it. */
  returned = 0;
  /** The moment, in the tracker's count, when a writer's hold became that of a reader. */
  downgraded = 0;
  /** Of a link that stands for a place in a turn with tries, its number, and that turn's first cell (tries-in-calls.ts). */
  branch = 0;
  branchOf = 0;
  /** Its author has said that somebody from outside ends the wait. */
  parked = false;
  /** A link made by `structured`: all holds from here outwards are those of somebody who waits. */
  vouched = false;
}

const NOTHING_ASKED: Readonly<HoldQuestion> = Object.freeze(new HoldQuestion());
