/** What users find on every lock, whatever it grants. */
import { INSPECT } from '../platform/inspect.js';
import type { LockClass } from '../model/lock-class.js';
import type { LockCore } from './lock-core.js';
import { checkedClass } from './options/constructor-options.js';
import { CORE, WORLD } from './symbols.js';
import { processWorld, type LockObserver } from './observer.js';
import type { World } from './world.js';

/** What every lock of this package has. */
export abstract class LockFace {
  /** @internal The world that the lock lives in. Read when it is constructed; isolated instances have their own. */
  get [WORLD](): World<LockObserver> {
    return processWorld;
  }

  /** @internal Only declared by the subclasses too: initialising it would make construction three times slower. */
  abstract readonly [CORE]: LockCore;

  /** The class whose order this lock obeys. */
  get lockClass(): LockClass {
    return this[CORE].lockClass;
  }

  /**
   * Gives the lock another class; a string is `lockClass(string)`. While it is held, the locks that this flow took under it are
   * validated again. The lock has the new class also where this throws for their order.
   *
   * @throws {LockdepError} ERR_LOCKDEP_CIRCULAR_DEPENDENCY or ERR_LOCKDEP_RECURSIVE_LOCKING when the mode is enforce and the order of
   * the locks that are held is wrong for the new class
   * @throws {TypeError} when it is neither a LockClass nor a string
   * @throws {RangeError} when the string is empty
   *
   * @example
   * ```ts
   * const connection = new Mutex({ class: 'connection' });
   * connection.setClass('connection of the pool');
   * console.log(connection.lockClass.name); // connection of the pool
   * ```
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
   * Says that the lock's life ends here. One that is held or awaited is reported as `held-lock-freed`; a queue or an item with work
   * that did not run, with the places where that was submitted. Changes nothing else.
   */
  [Symbol.dispose](): void {
    const core = this[CORE];
    core.world.observer?.disposed(core, this[Symbol.dispose]);
  }
}
