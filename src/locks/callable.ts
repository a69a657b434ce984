/**
 * Constructors that may be called on an object in the making, as those of async-mutex's CommonJS build may: that is what
 * compilers to ES5 make of `super()`, and what goes with `util.inherits`.
 */
import type { LockConstructor } from './lock-core.js';
import { WORLD } from './symbols.js';

/** `construct` in the place of the class `face`: with its prototype, its static properties, and `name` for a name. */
export function callable<C>(
  name: string,
  face: abstract new () => object,
  construct: (this: never, ...args: never[]) => void,
): C & LockConstructor {
  Object.setPrototypeOf(construct, Object.getPrototypeOf(face) as object);
  Object.defineProperty(construct, 'name', { value: name, configurable: true });
  construct.prototype = face.prototype as object;
  Object.defineProperty(face.prototype, 'constructor', { value: construct, writable: true, configurable: true });
  return construct as unknown as C & LockConstructor;
}

/** Whose call without `new` makes `self`: a subclass's, where it has our static properties, else `ours`. */
export function calledFor(self: object | undefined, ours: LockConstructor): LockConstructor {
  if (!((self as unknown) instanceof (ours as unknown as new () => object)))
    throw new TypeError('a lock is made with new');
  const { constructor } = self as object;
  return WORLD in constructor ? (constructor as unknown as LockConstructor) : ours;
}
