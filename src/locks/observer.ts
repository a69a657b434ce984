/**
 * Who looks on at locks: the interface between them and a validator. A lock knows nothing else of it.
 *
 * A lock of a world without an observer is a lock and nothing more. With one, each operation of a flow is handed to it: it takes
 * or queues by the lock's own methods, so that grants and their order are those of the lock, and notes what it sees. What
 * becomes of an acquisition later, whoever causes it, the lock tells by `granted` and `ended`.
 *
 * Rules: an observer changes no grant and no order of grants. Where it refuses an attempt it gives the place or the permits
 * back as the lock would. `below` is the public function that was called: the program's own frames begin below it.
 */
import { sharedState } from '../platform/shared-state.js';
import type { LockTimeoutError } from '../errors.js';
import type { Hold, WaitKind } from '../model/hold.js';
import type { LockClass } from '../model/lock-class.js';
import type {
  Awaited,
  Below,
  EventWait,
  ForeignAttempt,
  ForeignWant,
  Grant,
  ObservedForeign,
  ObservedLock,
  ObservedPermits,
  ObservedSection,
  PermitRequest,
  Submission,
  Undo,
  UnlockFault,
  UnlockRequest,
} from './observed.js';
import { World } from './world.js';

/** The life of a lock. */
export interface LifeObserver {
  /** A lock that names no class is constructed: notes what its place says, and returns its class. undefined: it says nothing. */
  constructed(lock: ObservedLock, below: Below): LockClass | undefined;
  /** A lock was given a class that the program has chosen. */
  classChosen(lockClass: LockClass, below: Below): void;
  /** The program has given it another class. In enforce throws where it is held and the order is wrong for the new one. */
  reclassified(lock: ObservedLock, former: LockClass, below: Below): void;
  /** It comes to its end. */
  disposed(lock: ObservedLock, below: Below): void;
}

/** What a flow wants of locks that are held. `T` is what the caller gets. */
export interface AcquisitionObserver {
  /** The lock is wanted; whoever awaits the promise holds it. */
  wanted<T>(lock: ObservedPermits, request: PermitRequest, grant: Grant<T>, below: Below): Promise<T>;
  /** It is taken, since it is free. */
  taken<T>(lock: ObservedPermits, request: PermitRequest, grant: Grant<T>, below: Below): T;
  /** It is wanted for a callback, which runs with it. `passValue`: the callback gets the value before the grant. */
  scope<T>(
    lock: ObservedPermits,
    request: PermitRequest,
    callback: (value: number) => T | Promise<T>,
    passValue: boolean,
    below: Below,
  ): Promise<T>;
  /** It may be wanted here. In enforce throws what is certain. */
  mayWant(lock: ObservedPermits, request: PermitRequest, below: Below): void;
  /** Somebody waits until it could be had, without taking it. */
  unlockWanted(lock: ObservedPermits, request: UnlockRequest, below: Below): Promise<void>;
}

/** What becomes of acquisitions. Called for holds that this observer has made, also after the mode has turned off. */
export interface HoldObserver {
  /** It has to wait. */
  queued(hold: Hold, waiter: object): void;
  granted(hold: Hold): void;
  /** The wait is given up with that reason, and nobody hears of the hold again. */
  ended(hold: Hold, reason: unknown): void;
  /** Its time of so many milliseconds is up: the error that it is given up with, after that. */
  timedOut(hold: Hold, timeout: number): LockTimeoutError;
  /** Its releaser or guard is called: ends the hold, and gives the permits back. */
  released(lock: ObservedPermits, weight: number, hold: Hold, below: Below): void;
  /** `release()` of the lock itself is called: permits are about to go back, whoever took them. */
  releasedByLock(lock: ObservedPermits, weight: number, below: Below): void;
  /** A writer's hold is that of a reader from now on. */
  downgraded(hold: Hold, wait: WaitKind, permits: number): void;
  /** Its flow gives it away. */
  transferred(hold: Hold): void;
  /** Until the result is disposed of, releasing is a fault. */
  pinned(hold: Hold): Disposable;
  /** The class of the promise of a wait: it may have to see the calls of its `then`. */
  promiseClass(hold: Hold): PromiseConstructor;
  /** The promise of what was had at once, for the same reason. */
  resolved<T>(value: T, hold: Hold): Promise<T>;
  /** Permits of the lock that are held, as far as they were seen to be taken. */
  permitsHeld(lock: ObservedLock): number;
  /** More permits may be free than before. Where there are more than there ever were, sets how many the lock counts with. */
  grown(lock: ObservedPermits): void;
  /** So many permits are given back that are not held. */
  misuse(lock: ObservedPermits, fault: UnlockFault, below: Below, weight: number): void;
  /** Promises that settle from here to `unmute` are settled by locks, and are nobody's return. */
  mute(): void;
  unmute(): void;
}

/** What a flow waits for without holding it, and sections that nobody waits to enter. */
export interface EventObserver {
  /** A wait for all of `awaited`. `queue` takes the place among those who wait. */
  waited<T>(awaited: readonly Awaited[], queue: () => EventWait<T>, undo: Undo<T>, below: Below): Promise<T>;
  /** There is an event: from now on what each flow is granted is remembered. Returns the number of the last grant. */
  eventBegins(): number;
  /** The running flow is about to let an event come. `since`: what `eventBegins` returned. */
  signalled(lock: ObservedSection, since: number, below: Below): void;
  /** Runs `fn` as a section, which lasts until its result has settled. */
  section<T>(lock: ObservedSection, fn: () => T, below: Below): T;
  /** A section of the running function, until the result is disposed of. */
  sectionBegins(lock: ObservedSection, below: Below): Disposable;
  /** The flow depends on sections being left. In enforce throws what is certain. */
  touched(lock: ObservedSection, below: Below): void;
  /** Work is submitted; resolves with its result. */
  submitted<T>(queue: ObservedLock, submission: Submission<T>, below: Below): Promise<T>;
}

/** Locks of other packages. What becomes of a request is told to the attempt. */
export interface ForeignObserver {
  /** The running flow calls the package for it. */
  foreignWanted(lock: ObservedForeign, want: ForeignWant, below: Below): ForeignAttempt;
  /** More or fewer may hold it at once from now on. Also called while the mode is off. */
  capacityChanged(lock: ObservedForeign, former: number): void;
}

export interface LockObserver extends LifeObserver, AcquisitionObserver, HoldObserver, EventObserver, ForeignObserver {}

/** The world of this process. */
export const processWorld: World<LockObserver> = sharedState('lockdep.world.3', () => new World<LockObserver>());
