/**
 * Tasks: named roots. What starts in a task inherits no hold from outside, and what it leaves held is judged at its end.
 *
 * A root is an empty list cell, so a flow without holds still knows its task.
 */
import { INSPECT } from '../platform/inspect.js';
import type { ChainNode } from '../order/chain-trie.js';
import { plain } from '../platform/plain-text.js';
import {
  RELEASED,
  type FlowRoot,
  type Hold,
  type ListCell,
  type Nesting,
  type RememberedGrant,
} from '../model/hold.js';

/** The name of what runs in no task. */
export const MAIN = 'main';

/** Distinct nestings that a task remembers to have been granted; beyond it the oldest are forgotten. */
export const MAX_REMEMBERED_GRANTS = 64;

export class Task implements ListCell, FlowRoot {
  /** Never among the holds. */
  readonly state: typeof RELEASED = RELEASED;
  readonly target: ListCell['target'] = this;
  readonly parent: undefined = undefined;
  readonly task: Task = this;
  /** Its holds and waits that are not over. */
  live = 0;
  endedAt: number | undefined = undefined;
  /** The last grant of each nesting, oldest first. */
  #grants: Map<ChainNode<Nesting>, RememberedGrant> | undefined = undefined;
  readonly #name: string | (() => string);

  /** A name that is costly to find out may be given as a function. */
  constructor(name: string | (() => string)) {
    this.#name = name;
  }

  remember({ lock, lockClass, wait, chain }: Hold, at: number): void {
    if (chain === undefined) return;
    const grants = (this.#grants ??= new Map());
    grants.delete(chain);
    grants.set(chain, { lock, lockClass, wait, chain, at });
    if (grants.size <= MAX_REMEMBERED_GRANTS) return;
    const [oldest] = grants.keys();
    if (oldest !== undefined) grants.delete(oldest);
  }

  /** What was granted after the grant of that number. */
  grantsSince(at: number): RememberedGrant[] {
    return [...(this.#grants?.values() ?? [])].filter((grant) => grant.at > at);
  }

  /** @internal */
  [INSPECT](): string {
    return `Task { ${plain(this.name)} }`;
  }

  get name(): string {
    return typeof this.#name === 'string' ? this.#name : this.#name();
  }
}
