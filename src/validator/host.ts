/** Where the validator's verdicts go. */
import type { LockClass } from '../model/lock-class.js';
import type { Events } from '../report/channels.js';
import type { Report, Violation } from '../report/types.js';

export interface ValidatorHost {
  /** Records a violation: shows it if it is new, else counts it. */
  report(violation: Violation): Report;
  /** Is there a report of that id, or room for one? */
  keeps(id: string): boolean;
  /** Reports that took two locks of the class for one another are suspicions from now on. */
  toldApart(lockClass: LockClass): void;
  onComparatorError(className: string, error: unknown): void;
  /** The program has replaced the promises of the language. */
  onReplacement(): void;
  /** Promises can not be followed any further. */
  onFault(error: unknown): void;
  /** Those who are told of what is learned. */
  readonly events: Events;
  /** In enforce a strict violation is thrown. */
  readonly enforce: boolean;
}

/** Locks that one flow may hold before further ones are no longer checked (the kernel's limit is the same). */
export const MAX_HELD_DEPTH = 48;

/** Tells of each limit once that it is reached, and what that means. */
export class Limits {
  readonly #host: ValidatorHost;
  readonly #told = new Set<string>();

  constructor(host: ValidatorHost) {
    this.#host = host;
  }

  reached(limit: string, meaning: string): void {
    if (this.#told.has(limit)) return;
    this.#told.add(limit);
    this.#host.report({
      id: `limit:${limit}`,
      kind: 'limit',
      tier: 'advisory',
      summary: `${limit} is reached: ${meaning}`,
      held: [],
      task: 'main',
    });
  }

  clear(): void {
    this.#told.clear();
  }
}
