/**
 * A property of an object that is not ours, replaced for the length of a call and put back.
 *
 * Invariant: whatever the property was (a value, an accessor, inherited, not there at all), after `giveBack` it is that again.
 * States: as it was, borrowed, as it was. Neither function throws, and neither calls code of the program, except for the
 * accessor of a property that can not be defined anew. Between the two the caller must not run code of the program.
 *
 * Cost: one descriptor for a plain value, which is assigned; two definitions for anything else.
 */

/** What the property was. */
export interface Former {
  /** Undefined: the object had none of its own. */
  readonly descriptor: PropertyDescriptor | undefined;
  /** What an accessor that can not be defined anew said, to be told the same again. */
  readonly said: unknown;
}

/** Gives `holder[key]` the value. Undefined where that can not be done: then it is as it was. */
export function borrow(holder: object, key: string, value: unknown): Former | undefined {
  let former: Former | undefined;
  try {
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
    const isStuck = descriptor?.configurable === false && descriptor.writable !== true;
    former = { descriptor, said: isStuck ? Reflect.get(holder, key) : undefined };
    if (put(holder, key, value, descriptor)) return former;
  } catch {
    // An accessor that throws, or a Proxy.
  }
  if (former !== undefined) giveBack(holder, key, former);
  return undefined;
}

function put(holder: object, key: string, value: unknown, former: PropertyDescriptor | undefined): boolean {
  if (former?.writable === true || former?.configurable === false) return Reflect.set(holder, key, value);
  const enumerable = former?.enumerable ?? false;
  return Reflect.defineProperty(holder, key, { value, writable: true, configurable: true, enumerable });
}

export function giveBack(holder: object, key: string, { descriptor, said }: Former): void {
  try {
    if (descriptor === undefined) Reflect.deleteProperty(holder, key);
    else if (descriptor.writable === true) Reflect.set(holder, key, descriptor.value);
    else if (descriptor.configurable === false) Reflect.set(holder, key, said);
    else Reflect.defineProperty(holder, key, descriptor);
  } catch {
    // It throws for whoever sets it.
  }
}
