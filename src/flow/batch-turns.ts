/**
 * Which acquisitions does one flow request in one synchronous turn, to wait for them as one: `Promise.all([a.acquire(),
 * b.acquire()])`? All that is asked of the promises themselves is in promise-hooks.ts.
 *
 * Invariant: two holds with one turn were requested in one run of the program's own code, with no turn of a promise in
 * between. What is not certain is no batch. Cost: a number per acquisition; where no promise's turn is open, as in the
 * callback of a timer, one microtask per callback.
 */
import { isTry, type Hold, type TrackedLock } from '../model/hold.js';
import { inMicrotask } from '../platform/clock.js';

export class BatchTurns {
  #turn = 1;
  #armed = false;

  /** Another turn begins. */
  next(): void {
    this.#turn += 1;
  }

  /** `node` is requested now. `inTurn`: a promise's turn is open, whose end is seen. */
  requested(node: Hold, inTurn: boolean): void {
    if (!inTurn && !this.#armed) {
      this.#armed = true;
      this.#turn += 1;
      inMicrotask(() => {
        this.#armed = false;
        this.#turn += 1;
      });
    }
    node.turn = this.#turn;
  }

  /** Was it requested in this very turn, and does it wait its turn in the queue, as all of a batch must? */
  isOfThisTurn(node: Hold): boolean {
    return node.turn === this.#turn && !isTry(node.kind) && node.wait !== 'recursive-read';
  }
}

type Join = readonly [hold: Hold, unlock: Hold];

/** The elements of one combinator, as they are handed to it. O(1) for each. */
export class Batch {
  readonly nodes: Hold[] = [];
  readonly #known = new Set<Hold>();
  /** Waits for the unlock of a lock among them; and of each lock the first acquisition, and the first such wait. */
  #unlocks: Hold[] | undefined = undefined;
  #firstHolds: Map<TrackedLock, Hold> | undefined = undefined;
  #firstUnlocks: Map<TrackedLock, Hold> | undefined = undefined;
  #handler: unknown = undefined;
  #isAll = true;

  /** `Promise.all` gives each element a handler of its own; `race` gives all the same. */
  add(node: Hold, handler: unknown): void {
    if (this.#handler === handler) this.#isAll = false;
    this.#handler = handler;
    if (this.#known.has(node)) return;
    this.#known.add(node);
    if (node.kind === 'unlock') {
      (this.#unlocks ??= []).push(node);
      this.#firstUnlocks = noteFirst(this.#firstUnlocks, node);
      this.#firstHolds ??= this.nodes.reduce<Map<TrackedLock, Hold>>(noteFirst, new Map());
    } else {
      this.nodes.push(node);
      if (this.#firstHolds !== undefined) noteFirst(this.#firstHolds, node);
    }
  }

  get isOne(): boolean {
    return this.#isAll && this.nodes.length > 1;
  }

  /** The elements of one lock, acquisition and unlock, that `node` is one of. Of several of a kind only the first. */
  joinOf(node: Hold): Join | undefined {
    if (!this.#isAll) return undefined;
    const isUnlock = node.kind === 'unlock';
    const other = (isUnlock ? this.#firstHolds : this.#firstUnlocks)?.get(node.lock);
    if (other === undefined) return undefined;
    return isUnlock ? [other, node] : [node, other];
  }

  /** All of them. */
  *joined(): Generator<Join, void, undefined> {
    if (this.#unlocks === undefined) return;
    for (const unlock of this.#unlocks) {
      const join = this.joinOf(unlock);
      if (join !== undefined) yield join;
    }
    for (const hold of this.nodes) {
      if (this.#firstHolds?.get(hold.lock) === hold) continue;
      const join = this.joinOf(hold);
      if (join !== undefined) yield join;
    }
  }
}

function noteFirst(first: Map<TrackedLock, Hold> | undefined, node: Hold): Map<TrackedLock, Hold> {
  const firsts = first ?? new Map<TrackedLock, Hold>();
  if (!firsts.has(node.lock)) firsts.set(node.lock, node);
  return firsts;
}
