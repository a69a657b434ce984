/**
 * Constructors that may be called on an object in the making, as those of async-mutex's CommonJS build may: that is what
 * compilers to ES5 make of `super()`, and what goes with `util.inherits`.
 */
import type { LockConstructor } from './lock-core.js';

/** The one function of `named`, by the name of its property, in the place of the class `face`: with its prototype and statics. */
export function callable<C>(
  face: abstract new () => object,
  named: Readonly<Record<string, (this: never, ...args: never[]) => void>>,
): C & LockConstructor {
  const [construct] = Object.values(named) as unknown as [{ prototype: object }];
  Object.setPrototypeOf(construct, Object.getPrototypeOf(face) as object);
  construct.prototype = face.prototype as object;
  (face.prototype as { constructor: object }).constructor = construct;
  return construct as unknown as C & LockConstructor;
}

/** Whose call without `new` makes `self`: a subclass's, where it has our static properties, else `ours`. */
export function calledFor(self: object | undefined, ours: LockConstructor): LockConstructor {
  if (!((self as unknown) instanceof (ours as new () => object))) throw new TypeError('a lock is made with new');
  const { constructor } = self as object;
  return Object.isPrototypeOf.call(ours, constructor) ? constructor : ours;
}
