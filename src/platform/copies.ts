/**
 * The register of the copies of the package in this process, by which copies of different versions can tell of each other.
 *
 * It lies on globalThis under one key without a version, and its shape does not change: `{ copies: Copy[], watchers: (() => void)[],
 * told: boolean }`, with `Copy` as it is below. A later version may add fields to any of it; it must bear that they are missing, and what is
 * there keeps its meaning. Versions before this one are not in it; the keys of their state give them away (foreign-copies.ts).
 *
 * States: `told` is set once, by the copy that has warned of copies that are apart. Invariant: nothing here throws, whatever a program has put
 * on globalThis; where a register can not be kept (a frozen globalThis) there is none. Cost: a look through a short list when a
 * copy is loaded. A caller must not keep a copy's entry up to date: it says what was loaded.
 */
import { ownKeys } from './own-keys.js';

export interface Copy {
  readonly version: string;
  /** Where its files are, with a separator at the end; undefined for one that is part of a bundle. */
  readonly directory: string | undefined;
  /** The keys of its state on globalThis: copies whose locks, validator and classes have the same keys share them. */
  readonly keys: readonly string[];
}

export interface Copies {
  readonly copies: Copy[];
  /** Called after a copy has been added; they throw nothing. */
  readonly watchers: (() => void)[];
  /** Whether it has been said that there are copies that are apart. */
  told: boolean;
}

const KEY = Symbol.for('lockdep.copies');

/** undefined where there is none and none can be made. */
export function copiesHere(): Copies | undefined {
  try {
    const present = Object.getOwnPropertyDescriptor(globalThis, KEY);
    if (present !== undefined) return isRegister(present.value) ? present.value : undefined;
    const value: Copies = { copies: [], watchers: [], told: false };
    return Object.defineProperty(globalThis, KEY, { value }) === globalThis ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A program may have something of its own in the place. */
function isRegister(value: Partial<Copies> | undefined): value is Copies {
  return Array.isArray(value?.copies) && Array.isArray(value.watchers);
}

/** Makes this copy known. The same files may be loaded several times in one process; they are one copy. */
export function registerCopy(version: string, directory: string | undefined): void {
  const here = copiesHere();
  if (here === undefined) return;
  try {
    if (here.copies.some((copy) => copy.version === version && copy.directory === directory)) return;
    here.copies.push({ version, directory, keys: ownKeys() });
    for (const watcher of here.watchers) watcher();
  } catch {
    // Somebody has put things of their own in there.
  }
}
