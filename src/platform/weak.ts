/** References that let what they refer to be collected. */

/** Where the runtime has no such references, it is a strong one: more is kept then, and nothing is said wrong. */
export function weakly<T extends object>(value: T): Weak<T> {
  return typeof WeakRef === 'undefined' ? { deref: () => value } : new WeakRef(value);
}

/** What `weakly` makes. */
export interface Weak<T extends object> {
  deref(): T | undefined;
}
