/**
 * A list whose items carry ascending numbers, so that any two of them are compared without a walk.
 *
 * Invariant: along the list the ranks strictly ascend, and they are integers that a number holds exactly.
 *
 * Items put between two others share the gap between their ranks evenly. When a gap is used up the whole list is numbered
 * anew: the plainest of the schemes that Dietz and Sleator improve on in "Two algorithms for maintaining order in a list",
 * STOC 1987; lists here are short enough for it. Cost: O(1) per item, plus O(n) each time that one gap was halved some
 * thirty times, or that thousands of items were put at one end.
 *
 * Calls are serial. Only what is in the list may be removed, and only what is in none inserted: the callers see to it.
 */

/** Distance of new ranks: a fresh gap can be halved 36 times. */
const STRIDE = 2 ** 36;
/** Ranks stay between this and its negative; far enough inside what is exact for a sum of two. */
const MAX_RANK = 2 ** 52;

export interface Ranked<T> {
  rank: number;
  previous: T | undefined;
  next: T | undefined;
}

export class RankedList<T extends Ranked<T>> {
  #first: T | undefined = undefined;
  #last: T | undefined = undefined;
  #size = 0;

  get last(): T | undefined {
    return this.#last;
  }

  get size(): number {
    return this.#size;
  }

  /** First to last. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let item = this.#first; item !== undefined; item = item.next) yield item;
  }

  /** Puts items, in their order, right behind one that is in the list; undefined: in front of all. */
  insertAfter(at: T | undefined, items: readonly T[]): void {
    const following = at === undefined ? this.#first : at.next;
    let before = at;
    for (const item of items) {
      item.previous = before;
      if (before === undefined) this.#first = item;
      else before.next = item;
      before = item;
    }
    if (before === at || before === undefined) return;
    before.next = following;
    if (following === undefined) this.#last = before;
    else following.previous = before;
    this.#size += items.length;
    this.#rank(at, items, following);
  }

  remove(item: T): void {
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
    this.#size -= 1;
  }

  /** Moves items of the list, in the order given, right behind `at`, which is none of them. */
  moveAfter(at: T | undefined, items: readonly T[]): void {
    for (const item of items) this.remove(item);
    this.insertAfter(at, items);
  }

  /** Throws if the list contradicts itself: for tests. */
  checkInvariants(): void {
    let count = 0;
    let before: T | undefined;
    for (const item of this) {
      if (item.previous !== before) throw new Error('ranked list: the two directions disagree');
      if (before !== undefined && before.rank >= item.rank) throw new Error('ranked list: the ranks do not ascend');
      if (!Number.isInteger(item.rank) || Math.abs(item.rank) > MAX_RANK)
        throw new Error('ranked list: a rank is inexact');
      before = item;
      count += 1;
    }
    if (this.#last !== before || this.#size !== count)
      throw new Error('ranked list: the last item or the size is wrong');
  }

  #rank(at: T | undefined, items: readonly T[], following: T | undefined): void {
    const gaps = items.length + 1;
    const low = at?.rank ?? (following?.rank ?? 0) - gaps * STRIDE;
    const high = following?.rank ?? low + gaps * STRIDE;
    const step = Math.floor((high - low) / gaps);
    if (step < 1 || low < -MAX_RANK || high > MAX_RANK) {
      this.#rankAll();
      return;
    }
    let rank = low;
    for (const item of items) {
      rank += step;
      item.rank = rank;
    }
  }

  /** Takes up no more than the middle half of the range, so that there is room at both ends. */
  #rankAll(): void {
    const step = Math.min(STRIDE, Math.floor(MAX_RANK / this.#size));
    let rank = -Math.floor((step * this.#size) / 2);
    for (let item = this.#first; item !== undefined; item = item.next) {
      rank += step;
      item.rank = rank;
    }
  }
}
