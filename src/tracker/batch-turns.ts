/**
 * Which acquisitions does one flow request in one synchronous turn, to wait for them as one: `Promise.all([a.acquire(),
 * b.acquire()])`? All that is asked of the promises themselves is in promise-hooks.ts.
 *
 * Invariant: two holds with one turn were requested in one run of the program's own code, with no turn of a promise in
 * between. What is not certain is no batch. Cost: a number per acquisition; where no promise's turn is open, as in the
 * callback of a timer, one microtask per callback.
 */
import { isTry, type HeldNode } from './held-node.js';

/** Captured at load, so that fake timers of a test leave it alone. */
const enqueue = queueMicrotask;

export class BatchTurns {
  #turn = 1;
  #armed = false;

  /** The turn that runs; while nothing is held or awaited turns are not counted. */
  get current(): number {
    return this.#turn;
  }

  /** Another turn begins. */
  next(): void {
    this.#turn += 1;
  }

  /** `node` is requested now. `inTurn`: a promise's turn is open, whose end is seen. */
  requested(node: HeldNode, inTurn: boolean): void {
    if (!inTurn && !this.#armed) {
      this.#armed = true;
      this.#turn += 1;
      enqueue(() => {
        this.#armed = false;
        this.#turn += 1;
      });
    }
    node.turn = this.#turn;
  }

  /** Was it requested in this very turn, and does it wait its turn in the queue, as all of a batch must? */
  isOfThisTurn(node: HeldNode): boolean {
    return node.turn === this.#turn && !isTry(node.kind) && node.wait !== 'recursive-read';
  }
}

/** The elements of one combinator, as they are handed to it. */
export class Batch {
  readonly nodes: HeldNode[] = [];
  /** Waits for the unlock of a lock among them. */
  readonly unlocks: HeldNode[] = [];
  #handler: unknown = undefined;
  #isAll = true;

  /** `Promise.all` gives each element a handler of its own; `race` gives all the same. */
  add(node: HeldNode, handler: unknown): void {
    if (this.#handler === handler) this.#isAll = false;
    this.#handler = handler;
    const nodes = node.kind === 'unlock' ? this.unlocks : this.nodes;
    if (!nodes.includes(node)) nodes.push(node);
  }

  get isOne(): boolean {
    return this.#isAll && this.nodes.length > 1;
  }

  /** Each of the locks whose unlock is an element too. */
  *joined(): Generator<readonly [hold: HeldNode, unlock: HeldNode], void, undefined> {
    if (!this.#isAll) return;
    for (const unlock of this.unlocks)
      for (const hold of this.nodes) if (hold.lock === unlock.lock) yield [hold, unlock];
  }
}
