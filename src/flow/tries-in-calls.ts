/**
 * Who goes on with a lock that was had at once, by a function that the turn's own one had called? The function that took it may
 * be suspended by now, or have returned it; the rest of the turn, and all that it starts, lists the hold in either case. The
 * release tells: it comes from a lineage that left the turn at some promise, and what was wanted after that promise was
 * derived is not wanted by the function that was suspended there, nor by one that it had called.
 *
 * Invariant: in a turn in which such a hold was taken each derived promise starts with a list whose innermost cell tells its
 * number, in the order of time. It stands for all cells outwards that came into the list in that turn; where its hold is
 * released, the next of them tells (hold-list.ts). Cost: in such a turn a list cell per derived promise; elsewhere nothing.
 */
import type { Hold, ListCell } from '../model/hold.js';
import { branched, nearestHeld, outerHeld } from './hold-list.js';

export class TriesInCalls {
  /** Was any taken in this turn? The number of the first one's cell; 0 where none was. */
  #first = 0;
  /** Promises derived so far, in such turns. */
  #branches = 0;

  /** `turnsEnd`: is it seen when this turn ends? Without promise hooks none of it is remembered. */
  took(node: Hold, turnsEnd: boolean): void {
    node.ask().byCall = true;
    if (turnsEnd && this.#first === 0) this.#first = node.born;
  }

  get isOpen(): boolean {
    return this.#first !== 0;
  }

  endTurn(): void {
    this.#first = 0;
  }

  /** A moment in the order of branches. */
  get now(): number {
    return this.#branches + 0.5;
  }

  /** A promise is derived in this turn: what its own turn starts with, where the running one lists `list`. */
  branch(list: ListCell): ListCell {
    this.#branches += 1;
    const innermost = nearestHeld(list);
    return innermost === undefined ? list : branched(innermost, this.#branches, this.#first);
  }

  /**
   * May whoever has `hold` have waited for an attempt that was made at the moment `asked` with the list `wanted`, if it is now
   * released with the list `released`?
   */
  mayHaveWaited(hold: Hold, wanted: ListCell | undefined, asked: number, released: ListCell | undefined): boolean {
    const release = this.#branchAt(hold, released, this.now);
    return release !== undefined && (this.#branchAt(hold, wanted, asked) ?? 0) <= release;
  }

  /** Where the flow with this list has left the turn in which `hold` was taken; `otherwise` where it has not. */
  #branchAt(hold: Hold, list: ListCell | undefined, otherwise: number): number | undefined {
    let branch = otherwise;
    for (let cell = nearestHeld(list); cell !== undefined; cell = outerHeld(cell)) {
      if (cell.asked.branch !== 0 && hold.born >= cell.asked.branchOf) ({ branch } = cell.asked);
      if (cell.target === hold) return branch;
    }
    return undefined;
  }
}
