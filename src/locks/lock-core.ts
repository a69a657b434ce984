/**
 * What every primitive has, whatever it grants: its world, its class and name, the list of its holds.
 *
 * Invariant: a class that follows from the place of construction is settled there, while the validator is on: later the
 * place can not be seen. Cost: two stack frames captured per construction that names no class, nothing while the validator is off.
 */
import { INSPECT } from '../platform/inspect.js';
import { LockClass } from '../model/lock-class.js';
import type { Making } from '../model/making.js';
import { countLock } from '../model/class-events.js';
import type { Hold } from '../model/hold.js';
import { plain } from '../platform/plain-text.js';
import { checkedClass, type LockOptions } from './options/constructor-options.js';
import type { Below, ObservedLock } from './observed.js';
import { WORLD } from './symbols.js';
import type { LockObserver } from './observer.js';
import type { World } from './world.js';

/** The class of locks whose place is not known, most of them constructed while the validator was off: listed, never checked. */
let unplaced: LockClass | undefined;

/** What a core is made with, checked. */
export interface CoreOptions extends LockOptions {
  /** The function that the program called to make the lock, where that is not its constructor. */
  readonly below?: Below | undefined;
}

/** What a lock of ours is made with: `new.target`. */
export type LockConstructor = object;

export abstract class LockCore implements ObservedLock {
  declare readonly world: World<LockObserver>;
  /** The lock that users see. */
  declare readonly owner: object;
  /** How many may hold it at once, as the validator counts; 0: nobody holds it, it is a signal. */
  declare capacity: number;
  declare readonly primitive: string;
  holders = 0;
  mostHolders = 0;
  heldPermits = 0;
  firstHold: Hold | undefined = undefined;
  lastHold: Hold | undefined = undefined;
  gateAt = -1;
  awaited = 0;
  declare readonly label: string | undefined;
  making: Making | undefined = undefined;
  ordinal = 0;
  nth = 0;
  #class: LockClass | undefined;

  /** `options` are checked by now. `kind` names the primitive in the name of the class that follows from the place of construction. */
  constructor(owner: object, capacity: number, options: CoreOptions, kind: string, constructor: LockConstructor) {
    const world = (owner as { readonly [WORLD]?: World<LockObserver> })[WORLD];
    // What `Reflect.construct` makes of another prototype.
    if (world === undefined) throw new TypeError('a lock is made with new');
    this.world = world;
    this.owner = owner;
    this.capacity = capacity;
    this.primitive = kind;
    this.label = options.name;
    const below = options.below ?? (constructor as unknown as Below);
    world.begin?.();
    const { observer } = world;
    if (options.class !== undefined) {
      this.#class = checkedClass(options.class, 'option class');
      countLock(this.#class);
      observer?.classChosen(this.#class, below);
    } else this.#class = observer?.constructed(this, below);
  }

  get lockClass(): LockClass {
    return (this.#class ??= unplaced ??= new LockClass('(made while off)', { validate: false }));
  }

  /** From here on, and for those that hold or await it now. */
  setClass(lockClass: LockClass, below: Below): void {
    const former = this.lockClass;
    if (former === lockClass) return;
    this.#class = lockClass;
    countLock(lockClass);
    this.world.observer?.reclassified(this, former, below);
  }

  get excludes(): boolean {
    return this.capacity === 1;
  }

  /** In one word or two, for who prints the lock. */
  get condition(): string {
    return this.isLocked() ? 'locked' : 'free';
  }

  /** @internal */
  [INSPECT](): string {
    const label = this.label === undefined ? '' : ` "${plain(this.label)}"`;
    return `${this.primitive} { ${this.lockClass.name}${label}, ${this.condition} }`;
  }

  /** Is it, to whoever asks, not to be had as a whole? */
  abstract isLocked(): boolean;

  /** Is none of it taken, by whomever? */
  abstract get isIdle(): boolean;
}
