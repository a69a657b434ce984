/** From a lock that users see to its engine. */
import { mistyped } from '../platform/describe.js';
import type { LockCore } from './lock-core.js';
import { CORE } from './symbols.js';

/** The engine of a lock that was passed in. */
export function coreOf(lock: unknown, what: string): LockCore {
  const core = (lock as { [CORE]?: LockCore } | null | undefined)?.[CORE];
  if (core === undefined) throw mistyped(what, 'a lock of this package', lock);
  return core;
}
