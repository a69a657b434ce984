/** A lock comes to the end of its life while somebody holds it or waits for it. */
import type { Violation } from '../../report/types.js';
import { captureFrames } from '../../tracker/captured-frame.js';
import type { HeldNode, TrackedLock } from '../../tracker/held-node.js';
import { rawUse, useFacts } from '../lock-use.js';

/** `undefined` when nothing is left of the lock. */
export function heldLockFreed(lock: TrackedLock, below: (...args: never[]) => unknown): Violation | undefined {
  const holds: HeldNode[] = [];
  for (let node = lock.firstHold; node !== undefined; node = node.next) holds.push(node);
  if (holds.length === 0) return undefined;
  const lockClass = lock.lockClass.name;
  return {
    id: `held-lock-freed:${lockClass}`,
    kind: 'held-lock-freed',
    tier: 'strict',
    summary: `the lock is disposed of with ${holds.length} of its acquisitions still held or waiting`,
    acquiring: {
      lockClass,
      name: lock.label,
      mode: 'exclusive',
      state: 'held',
      evidence: 'own',
      frames: captureFrames(below),
      exact: true,
    },
    held: holds.map((node) => rawUse(useFacts(node, 'own', []))),
    task: 'main',
  };
}
