/** What AsyncLocalStorage is built on, on this runtime. */
import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks';

const storage = new AsyncLocalStorage<object>();
const store = {};

function valuesOn(target: object): unknown[] {
  return Object.getOwnPropertySymbols(target).map((symbol) => (target as Record<symbol, unknown>)[symbol]);
}

/** Async hooks mark every promise while a storage is in use. */
const onHooks = storage.run(store, () => valuesOn(new Promise<void>(() => {})).length > 0);
const storeIsInSight = storage.run(store, () => valuesOn(executionAsyncResource()).includes(store));
storage.disable();

/** On async hooks, where the store of a continuation can be set only in the order in which hooks happen to run. */
export const hiddenOnHooks: boolean = onHooks && !storeIsInSight;
