/**
 * Tasks: named roots. What starts in a task inherits no hold from outside, and what it leaves held is judged at its end.
 *
 * A root is an empty list cell, so a flow without holds still knows its task.
 */
import { INSPECT } from '../classes/inspect.js';
import type { LockClass } from '../classes/lock-class.js';
import type { ChainNode } from '../order/chain-trie.js';
import { plain } from '../text/plain.js';
import { RELEASED, type HeldNode, type ListCell, type Nesting, type TrackedLock, type WaitKind } from './held-node.js';

/** The name of what runs in no task. */
export const MAIN = 'main';

/** Distinct nestings that a task remembers to have been granted; beyond it the oldest are forgotten. */
export const MAX_REMEMBERED_GRANTS = 64;

/** A lock that a task has had to ask for. */
export interface Grant {
  readonly lock: TrackedLock;
  readonly lockClass: LockClass;
  readonly wait: WaitKind;
  /** The held sequence that it ended. */
  readonly chain: ChainNode<Nesting>;
  /** Its number among all grants. */
  readonly at: number;
}

export class Task implements ListCell {
  /** Never among the holds. */
  readonly state: typeof RELEASED = RELEASED;
  readonly target: ListCell['target'] = this;
  readonly parent: undefined = undefined;
  readonly task: Task = this;
  /** Its holds and waits that are not over. */
  live = 0;
  /** The last grant of each nesting, oldest first. */
  #grants: Map<ChainNode<Nesting>, Grant> | undefined = undefined;
  readonly #name: string | (() => string);

  /** A name that is costly to find out may be given as a function. */
  constructor(name: string | (() => string)) {
    this.#name = name;
  }

  remember({ lock, lockClass, wait, chain }: HeldNode, at: number): void {
    if (chain === undefined) return;
    const grants = (this.#grants ??= new Map());
    grants.delete(chain);
    grants.set(chain, { lock, lockClass, wait, chain, at });
    if (grants.size <= MAX_REMEMBERED_GRANTS) return;
    const [oldest] = grants.keys();
    if (oldest !== undefined) grants.delete(oldest);
  }

  /** What was granted after the grant of that number. */
  grantsSince(at: number): Grant[] {
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
