/**
 * How many orders of locks that are told apart are kept (locks-apart.ts).
 *
 * Invariant: at most MAX_ORDERS_APART after each call, whatever other orders there are. The locks that were not used for
 * longest make room, with all their orders. Cost: one comparison; a walk over all orders once for a tenth of the limit.
 */
import { classOfVertex } from '../order/class-order.js';
import type { LocksApart } from './locks-apart.js';

/** Orders of locks that are told apart that are kept at once. */
export const MAX_ORDERS_APART = 10_000;

interface Orders {
  readonly edgeCount: number;
  edges(): Iterable<{ readonly from: number; readonly to: number }>;
}

export class OrdersApart {
  readonly #apart: LocksApart;
  /** With fewer orders of all kinds than that, those of locks which are told apart are not too many. */
  #enough = MAX_ORDERS_APART;

  constructor(apart: LocksApart) {
    this.#apart = apart;
  }

  /** To be called after orders were added. */
  makeRoom(orders: Orders): void {
    this.#enough = Math.min(this.#enough, orders.edgeCount + MAX_ORDERS_APART);
    if (orders.edgeCount < this.#enough) return;
    let kept = 0;
    for (const { from, to } of orders.edges()) {
      if (this.#apart.has(classOfVertex(from)) || this.#apart.has(classOfVertex(to))) kept += 1;
    }
    while (kept > MAX_ORDERS_APART * 0.9) {
      const before = orders.edgeCount;
      this.#apart.dropOldest();
      kept -= before - orders.edgeCount;
    }
    this.#enough = orders.edgeCount + MAX_ORDERS_APART - kept;
  }
}
