/**
 * What this runtime has to follow a flow by: promise hooks, and a storage that goes with asynchronous calls.
 *
 * Invariant: neither is taken for granted. A runtime may have the names and refuse to serve (Bun has hooks that throw when they are
 * made), so each is tried. Nothing here throws. A caller must not import the two modules itself: a name that a module lacks would
 * end the import. Cost: an unused storage, made and dropped when this file is loaded.
 */
import * as asyncHooks from 'node:async_hooks';
import * as v8 from 'node:v8';

type Storage<T> = asyncHooks.AsyncLocalStorage<T>;
type Callbacks = Partial<v8.HookCallbacks>;

/** Registers promise hooks; the result takes them off. undefined where the runtime has none. */
export function hookPromises(callbacks: Callbacks): (() => void) | undefined {
  try {
    return v8.promiseHooks.createHook(callbacks) as unknown as () => void;
  } catch {
    return undefined;
  }
}

/** Is AsyncLocalStorage built on async hooks? Where this method is missing, it serves, whatever it is built on. */
export const isBuiltOnHooks: boolean =
  '_propagate' in ((asyncHooks as Partial<typeof asyncHooks>).AsyncLocalStorage?.prototype ?? {});

/** Is there an AsyncLocalStorage that can be made? */
export const hasStorage: boolean = isBuiltOnHooks || isStorageServing();

/** undefined where there is none. */
export function newStorage<T>(): Storage<T> | undefined {
  return hasStorage ? new asyncHooks.AsyncLocalStorage<T>() : undefined;
}

/** Not asked where it is built on hooks: to make one wakes them. */
function isStorageServing(): boolean {
  try {
    const storage: Partial<Storage<unknown>> = new asyncHooks.AsyncLocalStorage<unknown>();
    return [storage.run, storage.getStore, storage.enterWith, storage.disable].every(
      (each) => typeof each === 'function',
    );
  } catch {
    return false;
  }
}
