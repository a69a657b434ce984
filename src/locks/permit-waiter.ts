/** One request in the queue of a lock. */
import type { Hold } from '../model/hold.js';
import { BoundedWaiter } from './bounded-waiter.js';
import type { PermitCore } from './permit-core.js';

/** Makes what the caller of a granted request receives: a releaser, a guard, a value. */
export type Grant<T> = (lock: PermitCore, weight: number, previousValue: number, node: Hold | undefined) => T;

export class PermitWaiter<T> extends BoundedWaiter {
  readonly weight: number;
  readonly node: Hold | undefined;
  readonly grant: Grant<T>;
  readonly resolve: (granted: T) => void;
  readonly reject: (reason: unknown) => void;

  constructor(
    weight: number,
    priority: number,
    node: Hold | undefined,
    grant: Grant<T>,
    resolve: (granted: T) => void,
    reject: (reason: unknown) => void,
  ) {
    super(priority);
    this.weight = weight;
    this.node = node;
    this.grant = grant;
    this.resolve = resolve;
    this.reject = reject;
  }
}
