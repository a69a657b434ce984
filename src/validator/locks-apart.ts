/**
 * Classes by place whose locks are told apart.
 *
 * A class that the program named is a promise: its locks stand in for each other. A class by place is a guess. It is right
 * for the services that a test makes anew each time, and wrong where the locks of one place have different roles: keys of
 * a map, layers, two pools. The sign of that is a flow that holds two of them.
 *
 * States of a class by place: guess -> apart, for good; `forget` and `clear` lead back. A class that is named has none.
 *   guess: its locks stand in for each other, as those of a named class do.
 *   apart: the proven order knows each of its locks by an id of its own, so a cycle there is one of these very locks, and
 *          each may be a gate. The order of all that is suspected goes on to know the class.
 *
 * Invariant: an id is that of one lock in one class, and is never given again. At most MAX_LOCKS_APART locks have one at
 * once, and fewer where they have many orders (orders-apart.ts). The lock that was not used for longest makes room: it gets
 * another id when it is used again, and what was learned of it is learned anew. That is `limited`; that locks which are gone
 * make room is not.
 *
 * Cost: nothing for a nesting that is known. A walk over the holds of the flow where a nesting is met for the first time; a
 * few map operations for each lock of a class that is apart.
 */
import { type LockClass } from '../model/lock-class.js';
import { reserveClassId } from '../model/class-table.js';
import type { Hold, TrackedLock } from '../model/hold.js';

/** Locks that are told apart at once, in all classes. */
export const MAX_LOCKS_APART = 4096;

/** What a lock is known by. */
interface Known {
  readonly id: number;
  readonly lockClass: LockClass;
  /** How many ids had been given when it was put at the end of the line. */
  usedAt: number;
  isGone: boolean;
}

interface Apart {
  readonly known: WeakMap<TrackedLock, Known>;
  readonly live: Set<number>;
}

/** Told of the locks that get an id, of ids that are no lock's any more, and of classes whose locks are told apart from now on. */
export interface ApartListener {
  added?(id: number, lockClass: LockClass): void;
  gone?(id: number): void;
  apart?(lockClass: LockClass): void;
}

type LockUsed = Pick<Hold, 'lock' | 'lockClass'>;

export class LocksApart {
  readonly #classes = new Map<LockClass, Apart>();
  /** By their ids, the lock that was not used for longest first. */
  readonly #known = new Map<number, Known>();
  /** Until the next id is given it does not matter which of several locks was used last. */
  #given = 0;
  readonly #listeners: ApartListener[] = [];
  /** Has a lock lost its id that was used again? */
  limited = false;

  listen(listener: ApartListener): void {
    this.#listeners.push(listener);
  }

  isApart(lockClass: LockClass): boolean {
    return this.#classes.size > 0 && this.#classes.has(lockClass);
  }

  /** Classes that are guesses still, and of which these holds of one flow are two different locks. */
  signs(holds: Iterable<LockUsed>): LockClass[] {
    let seen: Map<LockClass, TrackedLock> | undefined;
    let found: Set<LockClass> | undefined;
    for (const { lock, lockClass } of holds) {
      if (!lockClass.isByPlace || this.#classes.has(lockClass)) continue;
      seen ??= new Map();
      const other = seen.get(lockClass);
      if (other === undefined) seen.set(lockClass, lock);
      else if (other !== lock) (found ??= new Set()).add(lockClass);
    }
    return found === undefined ? [] : [...found];
  }

  /** From now on the locks of the class are told apart. */
  add(lockClass: LockClass): void {
    this.#classes.set(lockClass, { known: new WeakMap(), live: new Set() });
    for (const listener of this.#listeners) listener.apart?.(lockClass);
  }

  /** The id of a lock of a class that is apart; undefined for another one. */
  idOf(hold: LockUsed): number | undefined {
    return this.#of(hold)?.id;
  }

  /** The same; of all locks this one was used last. */
  use(hold: LockUsed): number | undefined {
    const known = this.#of(hold);
    if (known === undefined) return undefined;
    const { id } = known;
    if (known.usedAt === this.#given) return id;
    known.usedAt = this.#given;
    this.#known.delete(id);
    this.#known.set(id, known);
    return id;
  }

  /** The ids of those locks of the class that have one. */
  idsIn(lockClass: LockClass): Iterable<number> {
    return this.#classes.get(lockClass)?.live ?? [];
  }

  /** The class of the lock with this id. */
  classOf(id: number): LockClass | undefined {
    return this.#known.get(id)?.lockClass;
  }

  /** Is it the id of a lock? */
  has(id: number): boolean {
    return this.#known.has(id);
  }

  /** The lock that was not used for longest makes room. */
  dropOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#drop(oldest);
  }

  /** The class is a guess again. */
  forget(lockClass: LockClass): void {
    for (const id of this.idsIn(lockClass)) this.#drop(id);
    this.#classes.delete(lockClass);
  }

  clear(): void {
    this.#classes.clear();
    this.#known.clear();
    this.limited = false;
  }

  checkInvariants(): void {
    let live = 0;
    for (const [lockClass, apart] of this.#classes) {
      live += apart.live.size;
      for (const id of apart.live) {
        if (this.classOf(id) !== lockClass) throw new Error(`locks apart: ${id} is not of its class`);
      }
    }
    if (live !== this.#known.size || live > MAX_LOCKS_APART) throw new Error(`locks apart: ${live} ids`);
  }

  #of({ lock, lockClass }: LockUsed): Known | undefined {
    const apart = this.#classes.get(lockClass);
    if (apart === undefined) return undefined;
    const known = apart.known.get(lock);
    if (known?.isGone === false) return known;
    this.limited ||= known !== undefined;
    return this.#give(lock, lockClass, apart);
  }

  #give(lock: TrackedLock, lockClass: LockClass, apart: Apart): Known {
    if (this.#known.size >= MAX_LOCKS_APART) this.dropOldest();
    this.#given += 1;
    const known = { id: reserveClassId(), lockClass, usedAt: this.#given, isGone: false };
    apart.known.set(lock, known);
    apart.live.add(known.id);
    this.#known.set(known.id, known);
    for (const listener of this.#listeners) listener.added?.(known.id, lockClass);
    return known;
  }

  #drop(id: number): void {
    const known = this.#known.get(id);
    if (known === undefined) return;
    known.isGone = true;
    this.#known.delete(id);
    this.#classes.get(known.lockClass)?.live.delete(id);
    for (const listener of this.#listeners) listener.gone?.(id);
  }
}

/**
 * Names the locks of a nesting that its verdict depends on, one of a class that is apart; undefined where it depends on the
 * classes alone. A guess of which two locks are held counts too: with another lock of it in that place the nesting is another
 * one.
 */
export function choiceOf(holds: readonly LockUsed[], apart: LocksApart): string | undefined {
  let choice: string | undefined;
  for (let at = 0; at < holds.length; at++) {
    const hold = holds[at] as LockUsed;
    const { lockClass } = hold;
    if (!lockClass.isByPlace) continue;
    const id = apart.use(hold);
    if (id !== undefined) choice = choice === undefined ? ` ${id}` : `${choice} ${id}`;
    else if (holds.some((other, before) => before < at && other.lockClass === lockClass && other.lock !== hold.lock))
      choice ??= '';
  }
  return choice;
}
