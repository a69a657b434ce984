/**
 * Who goes on with a lock that was had at once, by a function that the turn's own one had called? The function that took it may
 * be suspended by now, or have returned it; the rest of the turn, and all that it starts, lists the hold in either case. The
 * release tells: it comes from a lineage that left the turn at some promise, and what was wanted after that promise was
 * derived is not wanted by the function that was suspended there, nor by one that it had called.
 *
 * Invariant: in a turn in which such a hold was taken each derived promise starts with list cells of its own for it, which are
 * numbered in the order of time. Cost: in such a turn a list cell per derived promise; elsewhere nothing.
 */
import { HELD, type HeldNode, type ListCell, nearestHeld, outerHeld } from './held-node.js';

export class TriesInCalls {
  /** Of this turn. */
  readonly #taken: HeldNode[] = [];
  /** Was any taken in this turn? */
  isOpen = false;
  /** Promises derived so far, in such turns. */
  #branches = 0;

  /** `turnsEnd`: is it seen when this turn ends? Without promise hooks none of it is remembered. */
  took(node: HeldNode, turnsEnd: boolean): void {
    node.ask().byCall = true;
    if (!turnsEnd) return;
    const taken = this.#taken;
    while (taken.length > 0 && taken.at(-1)?.state !== HELD) taken.pop();
    taken.push(node);
    this.isOpen = true;
  }

  endTurn(): void {
    this.#taken.length = 0;
    this.isOpen = false;
  }

  /** A moment in the order of branches. */
  get now(): number {
    return this.#branches + 0.5;
  }

  /** A promise is derived in this turn: what its own turn starts with, where the running one lists `list`. */
  branch(list: ListCell): ListCell {
    this.#branches += 1;
    const innermost = nearestHeld(list);
    return innermost === undefined ? list : (this.#copy(innermost) ?? list);
  }

  /** The list from this cell on, as a branch; undefined where none of this turn's holds is in it. */
  #copy(cell: HeldNode): HeldNode | undefined {
    const { target, chain, vouched } = cell;
    const outer = outerHeld(cell);
    const isTaken = this.#taken.includes(target);
    const copied = outer === undefined || (isTaken && this.#taken.length === 1) ? undefined : this.#copy(outer);
    if (!isTaken && copied === undefined) return undefined;
    const branch = target.link(copied ?? outer);
    branch.chain = chain;
    branch.vouched = vouched;
    if (isTaken) branch.branch = this.#branches;
    return branch;
  }

  /**
   * May whoever has `hold` have waited for an attempt that was made at the moment `asked` with the list `wanted`, if it is now
   * released with the list `released`?
   */
  mayHaveWaited(hold: HeldNode, wanted: ListCell | undefined, asked: number, released: ListCell | undefined): boolean {
    const release = this.#branchAt(hold, released, this.now);
    return release !== undefined && (this.#branchAt(hold, wanted, asked) ?? 0) <= release;
  }

  /** Where the flow with this list has left the turn in which `hold` was taken; `otherwise` where it has not. */
  #branchAt(hold: HeldNode, list: ListCell | undefined, otherwise: number): number | undefined {
    for (let cell = nearestHeld(list); cell !== undefined; cell = outerHeld(cell)) {
      if (cell.target === hold) return cell.branch === 0 ? otherwise : cell.branch;
    }
    return undefined;
  }
}
