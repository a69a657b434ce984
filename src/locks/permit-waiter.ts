/** One request in the queue of a lock. */
import type { Hold } from '../model/hold.js';
import { BoundedWaiter } from './bounded-waiter.js';
import type { Grant } from './observed.js';

export class PermitWaiter<T> extends BoundedWaiter {
  declare readonly weight: number;
  declare hold: Hold | undefined;
  /** How many ghosts it stands for (ghosts.ts); 0: somebody waits. */
  ghosts = 0;
  declare readonly grant: Grant<T>;
  declare readonly resolve: (granted: T) => void;
  declare readonly reject: (reason: unknown) => void;

  constructor(
    weight: number,
    priority: number,
    hold: Hold | undefined,
    grant: Grant<T>,
    resolve: (granted: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super(priority);
    this.weight = weight;
    this.hold = hold;
    this.grant = grant;
    this.resolve = resolve;
    this.reject = reject;
  }
}
