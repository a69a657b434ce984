/** What users find on every lock, whatever it grants. */
import { INSPECT } from '../platform/inspect.js';
import type { LockClass } from '../model/lock-class.js';
import { heldLockFreed } from '../validator/rules/held-lock-freed.js';
import { processRuntime, type Runtime } from '../validator/runtime.js';
import type { LockCore } from './lock-core.js';
import { checkedClass } from './lock-options.js';
import { CORE, RUNTIME } from './symbols.js';

export abstract class LockFace {
  /** @internal */
  static [RUNTIME]: Runtime = processRuntime;

  /** @internal Only declared by the subclasses too: initialising it would make construction three times slower. */
  abstract readonly [CORE]: LockCore;

  /** The class whose order this lock obeys. */
  get lockClass(): LockClass {
    return this[CORE].lockClass;
  }

  /**
   * Gives the lock another class; a string is `lockClass(string)`. While it is held, the locks that this flow took under it
   * are validated again: in enforce it throws if their order is wrong for the new class, which the lock has all the same.
   */
  setClass(lockClass: LockClass | string): void {
    this[CORE].setClass(checkedClass(lockClass, 'lockClass'), this.setClass);
  }

  /** @internal With what users have put on it. */
  [INSPECT](_depth: number, options: object, inspect: (value: object, options: object) => string): string {
    const text = this[CORE][INSPECT]();
    const own = Object.entries(this);
    return own.length === 0 ? text : `${text} ${inspect(Object.fromEntries(own), options)}`;
  }

  /** The end of the lock's life: held or awaited, it is reported as held-lock-freed. Changes nothing else. */
  [Symbol.dispose](): void {
    const core = this[CORE];
    if (core.rt.off) return;
    const violation = heldLockFreed(core, this[Symbol.dispose]);
    if (violation !== undefined) core.rt.report(violation);
  }
}
