/**
 * Tasks: named roots. What starts in a task inherits no hold from outside, and what it leaves held is judged at its end.
 *
 * A root is an empty list cell, so a flow without holds still knows its task.
 */
import { INSPECT } from '../classes/inspect.js';
import { RELEASED, type ListCell } from './held-node.js';

/** The name of what runs in no task. */
export const MAIN = 'main';

export class Task implements ListCell {
  /** Never among the holds. */
  readonly state: typeof RELEASED = RELEASED;
  readonly target: ListCell['target'] = this;
  readonly parent: undefined = undefined;
  readonly task: Task = this;
  /** Its holds and waits that are not over. */
  live = 0;
  readonly #name: string | (() => string);

  /** A name that is costly to find out may be given as a function. */
  constructor(name: string | (() => string)) {
    this.#name = name;
  }

  /** @internal */
  [INSPECT](): string {
    return `Task { ${this.name} }`;
  }

  get name(): string {
    return typeof this.#name === 'string' ? this.#name : this.#name();
  }
}
