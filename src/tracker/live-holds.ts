/**
 * Every hold and wait in the process, oldest first.
 *
 * Invariant: the newest MAX_LISTED are kept. An older one is known weakly: a lock that was abandoned while it was held, and
 * that nobody can release or want any more, goes with whoever dropped it. A hold that somebody can still end is always listed.
 *
 * Cost: O(1); about half a microsecond more for each hold beyond MAX_LISTED.
 */
import type { HeldNode } from './held-node.js';

/** Holds and waits that are kept whoever else knows them, of about 600 bytes each with their locks. */
export const MAX_LISTED = 16_384;

/** Prime, so that loops which take turns are met by turns. */
const PERIOD = 509;

export class LiveHolds {
  #oldest: HeldNode | undefined;
  #newest: HeldNode | undefined;
  #listed = 0;
  readonly #aged = new Set<WeakRef<HeldNode>>();
  #sweepAt = MAX_LISTED;
  #added = 0;
  readonly #onGone: (count: number) => void;

  /** `onGone` is told of holds that went without an end. */
  constructor(onGone: (count: number) => void) {
    this.#onGone = onGone;
  }

  /** True now and then, while there are more than MAX_LISTED. */
  add(node: HeldNode): boolean {
    const newest = this.#newest;
    node.older = newest;
    this.#newest = node;
    if (newest === undefined) this.#oldest = node;
    else newest.newer = node;
    this.#listed += 1;
    if (this.#listed <= MAX_LISTED) return false;
    this.#age(this.#oldest as HeldNode);
    this.#added += 1;
    return this.#added % PERIOD === 0;
  }

  remove(node: HeldNode): void {
    const { aged } = node.asked;
    if (aged === undefined) this.#unlink(node);
    else this.#aged.delete(aged);
  }

  *[Symbol.iterator](): Generator<HeldNode, void, undefined> {
    for (const aged of this.#aged) {
      const node = aged.deref();
      if (node !== undefined) yield node;
    }
    for (let node = this.#oldest; node !== undefined; node = node.newer) yield node;
  }

  *newestFirst(): Generator<HeldNode, void, undefined> {
    for (let node = this.#newest; node !== undefined; node = node.older) yield node;
    for (const aged of [...this.#aged].toReversed()) {
      const node = aged.deref();
      if (node !== undefined) yield node;
    }
  }

  #age(node: HeldNode): void {
    this.#unlink(node);
    const aged = new WeakRef(node);
    node.ask().aged = aged;
    this.#aged.add(aged);
    if (this.#aged.size >= this.#sweepAt) this.#sweep();
  }

  /** Now and then, so that it costs O(1) for each that has aged. */
  #sweep(): void {
    const before = this.#aged.size;
    for (const aged of this.#aged) if (aged.deref() === undefined) this.#aged.delete(aged);
    this.#sweepAt = Math.max(MAX_LISTED, 2 * this.#aged.size);
    this.#onGone(before - this.#aged.size);
  }

  #unlink(node: HeldNode): void {
    const { older, newer } = node;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    node.older = undefined;
    node.newer = undefined;
    this.#listed -= 1;
  }
}
