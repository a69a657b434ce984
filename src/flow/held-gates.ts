/**
 * The locks that are held and may be gates (order/gates.ts): each is known from all others, as the only one of its class or
 * because the locks of its class are told apart, and lets one in, readers aside. Whoever looks for gates meets nothing else
 * that is held or awaited in the process.
 *
 * Invariant: every such lock is in while it is held, and on its list the holds come before the waits. A lock that is not such a
 * one any more is taken out when it is met next. The only lock of its class stays in when it is free, as it may soon be
 * held again, until the next `sweep` or until there are many.
 *
 * Cost: O(1) per grant and end, amortised. A look takes a step for each lock, and for one that is read as many as there are readers
 * before the first that counts, at most MAX_READERS_LOOKED_AT.
 */
import type { LockClass } from '../model/lock-class.js';
import { soleLockOf } from '../model/sole-lock.js';
import { WAITING, type Hold, type TrackedLock } from '../model/hold.js';

/** Readers of one lock that are looked at. Where none of so many counts, it is taken for granted that another one does. */
export const MAX_READERS_LOOKED_AT = 1000;

/**
 * Held locks of classes whose locks are told apart that are looked at. More of them are the keys of some map under load, and are
 * taken for no gates at all, so that their number changes no verdict.
 */
export const MAX_GATES_APART = 1000;

/** Only locks of their classes that may be in while they are free, where no more are held. */
const MAX_FREE = 64;

/** The place of a lock that is not in. */
const NOWHERE = -1;

export class HeldGates {
  /** The only locks of their classes. */
  readonly #sole: TrackedLock[] = [];
  readonly #apart: TrackedLock[] = [];
  /** With so many only locks of their classes it is worth a look for those that are free. */
  #sweepAt = MAX_FREE;
  readonly #isApart: (lockClass: LockClass) => boolean;

  constructor(isApart: (lockClass: LockClass) => boolean = () => false) {
    this.#isApart = isApart;
  }

  /** `node` is held from now on, or in another class than before. */
  held(node: Hold): void {
    if (node.lock.gateAt === NOWHERE && !this.#enter(node)) return;
    // It was served before some that had asked earlier.
    if (node.previous?.state === WAITING) moveToFront(node);
  }

  /** True: it may be a gate. */
  #enter(node: Hold): boolean {
    const { lock } = node;
    const list = this.#listFor(node);
    if (list === undefined) return false;
    if (list === this.#sole && list.length >= this.#sweepAt) this.sweep();
    lock.gateAt = list.push(lock) - 1;
    return true;
  }

  /** A hold or wait on `lock` has ended. */
  ended(lock: TrackedLock): void {
    if (this.#apart.length > 0 && lock.gateAt !== NOWHERE && this.#apart[lock.gateAt] === lock && !isHeld(lock)) {
      this.#remove(lock);
    }
  }

  /** Takes out the locks that are free. */
  sweep(): void {
    // From the end: what takes the place of one that is taken out was looked at before.
    for (let i = this.#sole.length - 1; i >= 0; i--) {
      const lock = this.#sole[i] as TrackedLock;
      if (!isHeld(lock)) this.#remove(lock);
    }
    this.#sweepAt = MAX_FREE + 2 * this.#sole.length;
  }

  /** The class of `lock` has changed, and that of its holds, or its locks are told apart from now on. */
  reclassified(lock: TrackedLock): void {
    if (lock.gateAt !== NOWHERE) this.#remove(lock);
    for (let node = lock.firstHold; node !== undefined; node = node.next) if (node.state !== WAITING) this.held(node);
  }

  /** Of each lock but `except` a hold that counts, if it has one. */
  oneOfEach(except: TrackedLock, counts: (hold: Hold) => boolean): Hold[] {
    const found: Hold[] = [];
    for (const list of this.#apart.length > MAX_GATES_APART ? [this.#sole] : [this.#sole, this.#apart]) {
      // From the end: what takes the place of one that is taken out was looked at before.
      for (let i = list.length - 1; i >= 0; i--) {
        const lock = list[i] as TrackedLock;
        if (lock === except) continue;
        if (!isHeld(lock) || !lock.excludes || (list === this.#sole && soleLockOf(lock.lockClass) === undefined)) {
          this.#remove(lock);
          continue;
        }
        const hold = this.#firstThatCounts(lock, counts);
        if (hold !== undefined) found.push(hold);
      }
    }
    return found;
  }

  #listFor({ lock, lockClass }: Hold): TrackedLock[] | undefined {
    if (!lock.excludes) return undefined;
    // Most classes are no subclasses: asked for every grant, so without a call.
    const isSole = lockClass.base === undefined ? lockClass.locks === 1 : soleLockOf(lockClass) !== undefined;
    if (isSole) return this.#sole;
    return lockClass.isByPlace && this.#isApart(lockClass) ? this.#apart : undefined;
  }

  #firstThatCounts({ firstHold }: TrackedLock, counts: (hold: Hold) => boolean): Hold | undefined {
    let looked = 0;
    for (let hold = firstHold; hold !== undefined && hold.state !== WAITING; hold = hold.next) {
      if (this.#listFor(hold) !== undefined && (counts(hold) || ++looked === MAX_READERS_LOOKED_AT)) return hold;
    }
    return undefined;
  }

  #remove(lock: TrackedLock): void {
    const list = this.#sole[lock.gateAt] === lock ? this.#sole : this.#apart;
    const last = list.pop() as TrackedLock;
    if (last !== lock) {
      list[lock.gateAt] = last;
      last.gateAt = lock.gateAt;
    }
    lock.gateAt = NOWHERE;
  }

  /** Throws if what is in is not what should be, of all that is held: for tests. */
  checkInvariants(holds: Iterable<Hold>): void {
    for (const hold of holds) {
      if (hold.state === WAITING || this.#listFor(hold) === undefined) continue;
      const { lock } = hold;
      const isIn = [this.#sole, this.#apart].some((list) => list[lock.gateAt] === lock);
      if (!isIn) throw new Error('held gates: one is missing');
      if (hold.previous?.state === WAITING) throw new Error('held gates: a wait comes before a hold');
    }
    for (const list of [this.#sole, this.#apart]) {
      for (const [at, lock] of list.entries()) {
        if (lock.gateAt !== at) throw new Error('held gates: one is at another place');
        if (list === this.#apart && !isHeld(lock)) throw new Error('held gates: one is in that is not held');
      }
    }
  }
}

function isHeld({ firstHold }: TrackedLock): boolean {
  return firstHold !== undefined && firstHold.state !== WAITING;
}

/** Puts `node` at the head of its lock's list. */
function moveToFront(node: Hold): void {
  const { lock, previous, next } = node;
  if (previous === undefined) return;
  previous.next = next;
  if (next === undefined) lock.lastHold = previous;
  else next.previous = previous;
  node.previous = undefined;
  node.next = lock.firstHold;
  if (lock.firstHold !== undefined) lock.firstHold.previous = node;
  lock.firstHold = node;
}
