/**
 * Every hold and wait in the process.
 *
 * Invariant: the newest are kept, half of MAX_LISTED or more. An older one is known weakly: a lock that was abandoned while it
 * was held, and that nobody can release or want any more, goes with whoever dropped it. A hold that somebody can still end is
 * always listed. Each that is kept knows its place, which is of no order: who is older, their numbers tell.
 *
 * Cost: O(1), amortised; a few microseconds more for each hold beyond MAX_LISTED, most of them the collector's. A look sorts what it shows.
 */
import type { Hold, TrackedLock } from '../model/hold.js';
import { weakly, type Weak } from '../platform/weak.js';

/** Holds and waits that are kept whoever else knows them, of 540 to 800 bytes each with their locks. */
export const MAX_LISTED = 16_384;

/** Prime, so that loops which take turns are met by turns. */
const PERIOD = 509;

/** An older hold. */
class AgedHold implements Weak<Hold> {
  /** The last look at all that came by it. */
  look = 0;
  readonly #hold: Weak<Hold>;

  constructor(hold: Hold) {
    this.#hold = weakly(hold);
  }

  deref(): Hold | undefined {
    return this.#hold.deref();
  }
}

export class LiveHolds {
  readonly #kept: Hold[] = [];
  readonly #aged = new Set<AgedHold>();
  /** With more than so many there is something to do for each. */
  #calm = MAX_LISTED;
  #sweepAt = MAX_LISTED;
  #added = 0;
  #looks = 0;
  readonly #onGone: (count: number) => void;

  /** `onGone` is told of holds that went without an end. */
  constructor(onGone: (count: number) => void) {
    this.#onGone = onGone;
  }

  /** True now and then, while there are more than MAX_LISTED. */
  add(node: Hold): boolean {
    node.listedAt = this.#kept.push(node) - 1;
    return this.#kept.length > this.#calm && this.#addToMany();
  }

  remove(node: Hold): void {
    const aged = node.isPlain ? undefined : node.asked.aged;
    if (aged !== undefined) {
      this.#aged.delete(aged as AgedHold);
      return;
    }
    const last = this.#kept.pop() as Hold;
    if (last === node) return;
    this.#kept[node.listedAt] = last;
    last.listedAt = node.listedAt;
  }

  /** Oldest first, as they are at the call. */
  [Symbol.iterator](): Iterator<Hold> {
    const all: Hold[] = [];
    for (const aged of this.#aged) {
      const node = aged.deref();
      if (node !== undefined) all.push(node);
    }
    for (const node of this.#kept.toSorted(byAge)) all.push(node);
    return all[Symbol.iterator]();
  }

  /**
   * Shows all holds and waits of each lock, one lock after the other, in no order of the locks and in that of the lock's own list.
   * Cost: a weak reference is read for each lock, and not for each hold: a read takes longer than what is done with most of what
   * it gives. No iterator, a step of which makes an object until V8 has compiled the loop: who looks mostly looks once.
   */
  eachByLock(see: (node: Hold) => void): void {
    const seen = new Set<TrackedLock>();
    this.#looks += 1;
    const walk = (lock: TrackedLock): void => {
      seen.add(lock);
      for (let node = lock.firstHold; node !== undefined; node = node.next) {
        const aged = node.asked.aged as AgedHold | undefined;
        if (aged !== undefined) aged.look = this.#looks;
        see(node);
      }
    };
    this.#aged.forEach((aged) => {
      if (aged.look === this.#looks) return;
      const lock = aged.deref()?.lock;
      if (lock !== undefined && !seen.has(lock)) walk(lock);
    });
    for (let i = 0; i < this.#kept.length; i++) {
      const { lock } = this.#kept[i] as Hold;
      if (!seen.has(lock)) walk(lock);
    }
  }

  /** Some, oldest first: `count` of them that are meant. Cost: a walk over what there is, mostly from the newest on. */
  some(count: number, test: (node: Hold) => boolean): Hold[] {
    const found: Hold[] = [];
    for (let i = this.#kept.length - 1; i >= 0 && found.length < count; i--) {
      const node = this.#kept[i] as Hold;
      if (test(node)) found.push(node);
    }
    if (found.length === count) return found.sort(byAge);
    for (const aged of this.#aged) {
      const node = aged.deref();
      if (node !== undefined && test(node)) found.push(node);
    }
    return found.sort(byAge);
  }

  /** Throws if a place is wrong: for tests. */
  checkInvariants(): void {
    if (this.#kept.some((node, at) => node.listedAt !== at)) throw new Error('live holds: one is at another place');
  }

  #addToMany(): boolean {
    if (this.#kept.length > MAX_LISTED) this.#age();
    this.#added += 1;
    return this.#added % PERIOD === 0;
  }

  /** The older half, so that it costs little for each. */
  #age(): void {
    this.#kept.sort(byAge);
    for (const node of this.#kept.splice(0, MAX_LISTED / 2)) {
      const aged = new AgedHold(node);
      node.ask().aged = aged;
      this.#aged.add(aged);
    }
    for (const [at, node] of this.#kept.entries()) node.listedAt = at;
    if (this.#aged.size >= this.#sweepAt) this.#sweep();
    this.#calm = this.#aged.size === 0 ? MAX_LISTED : 0;
  }

  /** Now and then, so that it costs O(1) for each that has aged. */
  #sweep(): void {
    const before = this.#aged.size;
    for (const aged of this.#aged) if (aged.deref() === undefined) this.#aged.delete(aged);
    this.#sweepAt = Math.max(MAX_LISTED, 2 * this.#aged.size);
    this.#onGone(before - this.#aged.size);
  }
}

function byAge(one: Hold, other: Hold): number {
  return one.born - other.born;
}
