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
  /** Is it an accessor that can not be defined anew, to which the value was handed? */
  readonly isHanded: boolean;
  /** What that said before, to be handed back. */
  readonly said: unknown;
}

type Holder = Record<string, unknown>;

/** Gives `holder[key]` the value. Undefined where that can not be done: then it is as it was. */
export function borrow(holder: object, key: string, value: unknown): Former | undefined {
  let former: Former | undefined;
  try {
    const descriptor = Reflect.getOwnPropertyDescriptor(holder, key);
    const isHanded = descriptor?.configurable === false && descriptor.writable !== true;
    former = { descriptor, isHanded, said: isHanded ? (holder as Holder)[key] : undefined };
    // In strict code an assignment that is refused throws.
    if (isHanded || descriptor?.writable === true) (holder as Holder)[key] = value;
    else
      define(holder, key, { value, writable: true, configurable: true, enumerable: descriptor?.enumerable ?? false });
    return former;
  } catch {
    if (former !== undefined) giveBack(holder, key, former);
    return undefined;
  }
}

export function giveBack(holder: object, key: string, { descriptor, isHanded, said }: Former): void {
  try {
    if (isHanded) (holder as Holder)[key] = said;
    else if (descriptor === undefined) Reflect.deleteProperty(holder, key);
    else if (descriptor.writable === true) (holder as Holder)[key] = descriptor.value;
    else define(holder, key, descriptor);
  } catch {
    // It throws for whoever sets it.
  }
}

/** Throws where the object takes it not. */
function define(holder: object, key: string, descriptor: PropertyDescriptor): void {
  if (!Reflect.defineProperty(holder, key, descriptor)) throw new TypeError(`${key} can not be defined`);
}
