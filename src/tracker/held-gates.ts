/**
 * The locks that are held and may be gates (order/gates.ts): each is the only one of its class, and lets one in, readers aside.
 * Whoever looks for gates meets nothing else that is held or awaited in the process.
 *
 * Invariant: every such lock is in while it is held, and on its list the holds come before the waits. A lock that ceases to
 * be such a one is taken out when it is met next.
 *
 * Cost: O(1) per grant and end. A look takes a step for each lock, and for one that is read as many as there are readers
 * before the first that counts, at most MAX_READERS_LOOKED_AT.
 */
import { soleLockOf } from '../classes/sole-lock.js';
import { WAITING, type HeldNode, type TrackedLock } from './held-node.js';

/** Readers of one lock that are looked at. Where none of so many counts, it is taken for granted that another one does. */
export const MAX_READERS_LOOKED_AT = 1000;

/** The place of a lock that is not in. */
const NOWHERE = -1;

export class HeldGates {
  readonly #locks: TrackedLock[] = [];

  /** `node` is held from now on, or in another class than before. */
  held(node: HeldNode): void {
    const { lock } = node;
    if (!isGate(node)) return;
    if (lock.gateAt === NOWHERE) lock.gateAt = this.#locks.push(lock) - 1;
    // It was served before some that had asked earlier.
    if (node.previous?.state === WAITING) moveToFront(node);
  }

  /** A hold or wait on `lock` has ended. */
  ended(lock: TrackedLock): void {
    if (lock.gateAt !== NOWHERE && !isHeld(lock)) this.#remove(lock);
  }

  /** The class of `lock` has changed, and that of its holds. */
  reclassified(lock: TrackedLock): void {
    if (lock.gateAt !== NOWHERE) this.#remove(lock);
    for (let node = lock.firstHold; node !== undefined; node = node.next) if (node.state !== WAITING) this.held(node);
  }

  /** Of each lock but `except` a hold that counts, if it has one. */
  oneOfEach(except: TrackedLock, counts: (hold: HeldNode) => boolean): HeldNode[] {
    const found: HeldNode[] = [];
    // From the end: what takes the place of one that is taken out was looked at before.
    for (let i = this.#locks.length - 1; i >= 0; i--) {
      const lock = this.#locks[i] as TrackedLock;
      if (lock === except) continue;
      if (!lock.excludes || soleLockOf(lock.lockClass) === undefined) {
        this.#remove(lock);
        continue;
      }
      const hold = firstThatCounts(lock, counts);
      if (hold !== undefined) found.push(hold);
    }
    return found;
  }

  #remove(lock: TrackedLock): void {
    const last = this.#locks.pop() as TrackedLock;
    if (last !== lock) {
      this.#locks[lock.gateAt] = last;
      last.gateAt = lock.gateAt;
    }
    lock.gateAt = NOWHERE;
  }

  /** Throws if what is in is not what should be, of all that is held: for tests. */
  checkInvariants(holds: Iterable<HeldNode>): void {
    for (const hold of holds) {
      if (hold.state === WAITING || !isGate(hold)) continue;
      if (this.#locks[hold.lock.gateAt] !== hold.lock) throw new Error('held gates: one is missing');
      if (hold.previous?.state === WAITING) throw new Error('held gates: a wait comes before a hold');
    }
    for (const [at, lock] of this.#locks.entries()) {
      if (lock.gateAt !== at || !isHeld(lock)) throw new Error('held gates: one is in that is not held');
    }
  }
}

function isGate({ lock, lockClass }: HeldNode): boolean {
  return lock.excludes && soleLockOf(lockClass) !== undefined;
}

function isHeld({ firstHold }: TrackedLock): boolean {
  return firstHold !== undefined && firstHold.state !== WAITING;
}

function firstThatCounts({ firstHold }: TrackedLock, counts: (hold: HeldNode) => boolean): HeldNode | undefined {
  let looked = 0;
  for (let hold = firstHold; hold !== undefined && hold.state !== WAITING; hold = hold.next) {
    if (isGate(hold) && (counts(hold) || ++looked === MAX_READERS_LOOKED_AT)) return hold;
  }
  return undefined;
}

/** Puts `node` at the head of its lock's list. */
function moveToFront(node: HeldNode): void {
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
