/** A lock comes to the end of its life while somebody holds it or waits for it. */
import type { Below } from '../../platform/below.js';
import type { RawUse, Violation } from '../../report/types.js';
import { captureFrames } from '../../platform/captured-frame.js';
import type { Hold, TrackedLock } from '../../model/hold.js';
import { rawUse, useFacts } from '../lock-use.js';

/** Work that was given to a queue and has not begun. */
export interface UnstartedWork {
  readonly use: RawUse;
  /** What its submitter waits for: the same work once more. */
  readonly waits: readonly Hold[];
}

/** `undefined` when nothing is left of the lock. */
export function heldLockFreed(
  lock: TrackedLock,
  below: Below,
  unstarted: readonly UnstartedWork[] = [],
): Violation | undefined {
  const holds: Hold[] = [];
  const known = new Set(unstarted.flatMap(({ waits }) => waits));
  for (let node = lock.firstHold; node !== undefined; node = node.next) if (!known.has(node)) holds.push(node);
  if (holds.length === 0 && unstarted.length === 0) return undefined;
  const lockClass = lock.lockClass.name;
  return {
    id: `held-lock-freed:${lockClass}`,
    kind: 'held-lock-freed',
    tier: 'strict',
    summary: summaryOf(holds.length, unstarted.length),
    acquiring: {
      lockClass,
      name: lock.label,
      mode: 'exclusive',
      state: 'held',
      evidence: 'own',
      frames: captureFrames(below),
      exact: true,
    },
    held: [...holds.map((node) => rawUse(useFacts(node, 'own', []))), ...unstarted.map(({ use }) => use)],
    task: 'main',
  };
}

function summaryOf(holds: number, unstarted: number): string {
  const acquisitions = `${holds} of its acquisitions still held or waiting`;
  if (unstarted === 0) return `the lock is disposed of with ${acquisitions}`;
  const tasks = `it is disposed of with ${unstarted} of the tasks given to it not started`;
  return holds === 0 ? tasks : `${tasks}, and ${acquisitions}`;
}
