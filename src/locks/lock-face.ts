/** What users find on every lock, whatever it grants. */
import { INSPECT } from '../platform/inspect.js';
import type { LockClass } from '../model/lock-class.js';
import type { LockCore } from './lock-core.js';
import { checkedClass } from './options/constructor-options.js';
import { CORE, WORLD } from './symbols.js';
import { processWorld, type LockObserver } from './observer.js';
import type { World } from './world.js';

export abstract class LockFace {
  /** @internal */
  static [WORLD]: World<LockObserver> = processWorld;

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

  /**
   * The end of the lock's life: held or awaited, it is reported as held-lock-freed; a queue or an item with work that did not run,
   * with the places where that was submitted. Changes nothing else.
   */
  [Symbol.dispose](): void {
    const core = this[CORE];
    core.world.observer?.disposed(core, this[Symbol.dispose]);
  }
}
