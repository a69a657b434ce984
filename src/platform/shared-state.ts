import { ownKey, type OwnKey } from './own-keys.js';

/**
 * State that every copy of the package in one process shares: one table of classes, one graph.
 *
 * The version is part of the key, and so are the names of properties: two copies share only what they both understand; of copies
 * that do not, foreign-copies.ts warns. Where globalThis is frozen each copy keeps its own state.
 */
export function sharedState<T>(key: OwnKey, create: () => T): T {
  const symbol = Symbol.for(ownKey(key));
  const holder = globalThis as unknown as Record<symbol, T | undefined>;
  let state = holder[symbol];
  if (state === undefined) {
    state = create();
    // On a frozen global it fails, and this copy goes on alone.
    Reflect.defineProperty(globalThis, symbol, { value: state });
  }
  return state;
}
