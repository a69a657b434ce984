/**
 * The validator as an observer of locks: hands each thing that a lock tells to the one file that knows what to make of it.
 *
 * It looks on while the mode is on; what it has seen begin it is told the end of in any mode. A new rule is called from the files
 * beside this one, and no lock hears of it.
 */
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
} from '../../locks/observed.js';
import type { LockTimeoutError } from '../../errors.js';
import type { LockObserver } from '../../locks/observer.js';
import type { ItemCore } from '../../locks/work/item-core.js';
import type { QueueCore } from '../../locks/work/queue-core.js';
import { admitted, submitUnobserved } from '../../locks/work/submitting.js';
import { birthAt } from '../../model/construction-site.js';
import { countLock, tellShared } from '../../model/class-events.js';
import { isScope, WAITING, type Hold, type WaitKind } from '../../model/hold.js';
import { NativePromise, resolved } from '../../platform/intrinsics.js';
import type { LockClass } from '../../model/lock-class.js';
import { badUnlockBalance } from '../rules/bad-unlock-balance.js';
import { heldLockFreed } from '../rules/held-lock-freed.js';
import { LostHandles } from '../lost-handles.js';
import type { ObserverHost } from './host.js';
import { AcquireTrace } from './acquire-trace.js';
import { Acquisitions } from './acquisitions.js';
import { beginWaits, followWait } from './event-waits.js';
import { FollowedAttempt } from './foreign.js';
import { Releases } from './releases.js';
import { Sections } from './sections.js';
import { runTracked, TrackedWork, unstartedIn } from './tracked-work.js';
import { timedOut } from './timed-out.js';
import { followUnlock } from './unlock-waits.js';

export class ValidatingObserver implements LockObserver {
  readonly #rt: ObserverHost;
  readonly #releases: Releases;
  readonly #acquisitions: Acquisitions;
  readonly #sections: Sections;
  readonly #trace: AcquireTrace;

  constructor(runtime: ObserverHost) {
    this.#rt = runtime;
    const lost = new LostHandles(runtime);
    this.#releases = new Releases(runtime, lost);
    this.#acquisitions = new Acquisitions(runtime, this.#releases, lost);
    this.#sections = new Sections(runtime);
    this.#trace = new AcquireTrace(runtime.acquireChannels);
  }

  constructed(lock: ObservedLock, below: Below): LockClass | undefined {
    const birth = birthAt(below, lock.primitive);
    if (birth === undefined) return undefined;
    const { lockClass, making } = birth;
    countLock(lockClass);
    lock.ordinal = lockClass.locks;
    lock.making = making;
    if (making !== undefined) lock.nth = making.count += 1;
    return lockClass;
  }

  classChosen(lockClass: LockClass, below: Below): void {
    this.#rt.classChosen(lockClass, below);
  }

  reclassified(lock: ObservedLock, former: LockClass, below: Below): void {
    this.classChosen(lock.lockClass, below);
    if (lock.firstHold === undefined) return;
    const offence = this.#rt.validator.reclassified(lock, former, lock.lockClass, below);
    if (offence !== undefined) this.#rt.refuse(offence);
  }

  disposed(lock: ObservedLock, below: Below): void {
    const violation = heldLockFreed(lock, below, unstartedIn(lock));
    if (violation !== undefined) this.#rt.report(violation);
  }

  wanted<T>(lock: ObservedPermits, request: PermitRequest, grant: Grant<T>, below: Below): Promise<T> {
    if (!this.#trace.isWanted) return this.#acquisitions.wanted(lock, request, grant, below);
    return this.#trace.around(lock, request, () => this.#acquisitions.wanted(lock, request, grant, below));
  }

  taken<T>(lock: ObservedPermits, request: PermitRequest, grant: Grant<T>, below: Below): T {
    if (!this.#trace.isWanted) return this.#acquisitions.taken(lock, request, grant, below);
    return this.#trace.around(lock, request, () => this.#acquisitions.taken(lock, request, grant, below));
  }

  scope<T>(
    lock: ObservedPermits,
    request: PermitRequest,
    callback: (value: number) => T | Promise<T>,
    passValue: boolean,
    below: Below,
  ): Promise<T> {
    if (!this.#trace.isWanted) return this.#acquisitions.scope(lock, request, callback, passValue, below);
    return this.#trace.around(lock, request, () => this.#acquisitions.scope(lock, request, callback, passValue, below));
  }

  mayWant(lock: ObservedPermits, request: PermitRequest, below: Below): void {
    this.#acquisitions.mayWant(lock, request, below);
  }

  unlockWanted(lock: ObservedPermits, request: UnlockRequest, below: Below): Promise<void> {
    return followUnlock(this.#rt, lock, request, below);
  }

  queued(hold: Hold, waiter: object): void {
    hold.queueUp(waiter);
    if (this.#trace.isBusy) this.#trace.queued(hold);
  }

  granted(hold: Hold): void {
    const { tracker } = this.#rt.validator;
    if (hold.kind !== 'wait') tracker.granted(hold);
    // A signal is never held.
    else tracker.ended(hold);
    if (this.#trace.isBusy) this.#trace.granted(hold);
  }

  ended(hold: Hold, reason: unknown): void {
    if (reason === (hold.lock as ObservedPermits).cancelError) this.#rt.freedFromOutside(hold.lock.lockClass);
    this.#rt.validator.tracker.ended(hold);
    if (this.#trace.isBusy) this.#trace.ended(hold, reason);
  }

  timedOut(hold: Hold, timeout: number): LockTimeoutError {
    return timedOut(hold, timeout, this.#rt.now());
  }

  released(lock: ObservedPermits, weight: number, hold: Hold, below: Below): void {
    this.#releases.released(lock, weight, hold, below);
  }

  releasedByLock(lock: ObservedPermits, weight: number, below: Below): void {
    this.#releases.releasedByLock(lock, weight, below);
  }

  downgraded(hold: Hold, wait: WaitKind, permits: number): void {
    this.#rt.validator.tracker.downgraded(hold, wait);
    if (hold.lock.capacity > 1) hold.lock.heldPermits -= hold.permits - permits;
    hold.permits = permits;
  }

  transferred(hold: Hold): void {
    this.#rt.validator.tracker.transferred(hold);
  }

  pinned(hold: Hold): Disposable {
    let isPinned = true;
    hold.ask().pins += 1;
    return {
      [Symbol.dispose](): void {
        if (isPinned) hold.ask().pins -= 1;
        isPinned = false;
      },
    };
  }

  // That of a scope is nobody's but the scope's.
  promiseClass({ kind, lock }: Hold): PromiseConstructor {
    return isScope(kind) || kind === 'wait' ? NativePromise : this.#rt.validator.tracker.promiseClass(lock);
  }

  resolved<T>(value: T, { kind, lock }: Hold): Promise<T> {
    return isScope(kind) ? resolved(value) : this.#rt.validator.tracker.resolved(value, lock);
  }

  permitsHeld(lock: ObservedLock): number {
    let sum = 0;
    for (let hold = lock.firstHold; hold !== undefined; hold = hold.next)
      if (hold.state !== WAITING) sum += hold.permits - hold.asked.returned;
    return sum;
  }

  /** What let in one only is no gate then. */
  grown(lock: ObservedPermits): void {
    this.#rt.freedFromOutside(lock.lockClass);
    const held = lock.capacity > 1 ? lock.heldPermits : this.permitsHeld(lock);
    const all = lock.value + held;
    if (all <= lock.capacity) return;
    const wasSole = lock.excludes;
    lock.heldPermits = held;
    lock.capacity = all;
    if (wasSole) tellShared(lock.lockClass);
  }

  misuse(lock: ObservedPermits, fault: UnlockFault, below: Below, weight: number): void {
    const mode = lock.waitOf(weight) === 'exclusive' ? 'exclusive' : 'shared';
    this.#rt.report(badUnlockBalance(lock, fault, below, mode));
  }

  mute(): void {
    this.#rt.validator.tracker.mute();
  }

  unmute(): void {
    this.#rt.validator.tracker.unmute();
  }

  waited<T>(awaited: readonly Awaited[], queue: () => EventWait<T>, undo: Undo<T>, below: Below): Promise<T> {
    return followWait(this.#rt, beginWaits(this.#rt, awaited, below), queue, undo);
  }

  eventBegins(): number {
    const { tracker } = this.#rt.validator;
    tracker.rememberGrants();
    return tracker.grants;
  }

  signalled(lock: ObservedSection, since: number, below: Below): void {
    this.#sections.signalled(lock, since, below);
  }

  section<T>(lock: ObservedSection, fn: () => T, below: Below): T {
    return this.#sections.run(lock, fn, below);
  }

  sectionBegins(lock: ObservedSection, below: Below): Disposable {
    return this.#sections.begin(lock, below);
  }

  touched(lock: ObservedSection, below: Below): void {
    this.#sections.touch(lock, below);
  }

  foreignWanted(lock: ObservedForeign, { kind, wait, permits }: ForeignWant, below: Below): ForeignAttempt {
    const hold = this.#rt.validator.attempt(lock, lock.lockClass, kind, wait, permits, below);
    return new FollowedAttempt(this.#rt, hold);
  }

  /** One that lets several in obeys other rules than one that lets one in, and keeps nobody out. */
  capacityChanged(lock: ObservedForeign, former: number): void {
    const isCounted = lock.capacity > 1;
    if (former > 1 === isCounted) return;
    lock.heldPermits = isCounted ? this.permitsHeld(lock) : 0;
    if (isCounted) tellShared(lock.lockClass);
    this.#rt.validator.rulesChanged(lock);
  }

  submitted<T>(queue: QueueCore, submission: Submission<T, ItemCore>, below: Below): Promise<T> {
    if (queue.lockClass.options.track === false) return submitUnobserved(queue, submission);
    const work = new TrackedWork(this.#rt, queue, submission, below);
    this.mute();
    try {
      return admitted(queue, work, submission.delay, (hasSlot) => runTracked(work, hasSlot));
    } finally {
      this.unmute();
    }
  }
}
