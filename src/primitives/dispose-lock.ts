/** The end of a lock's life. */
import { heldLockFreed } from '../validator/rules/held-lock-freed.js';
import type { LockCore } from './lock-core.js';

export function disposeLock(lock: LockCore, below: (...args: never[]) => unknown): void {
  if (lock.rt.off) return;
  const violation = heldLockFreed(lock, below);
  if (violation !== undefined) lock.rt.report(violation);
}
