/**
 * A task has ended and a lock that it took is still held. Advisory: somebody may release it later; whoever means that
 * hands it over with `transfer()`.
 */
import type { Violation } from '../../report/types.js';
import type { Hold } from '../../model/hold.js';
import { rawUse, useFacts } from '../lock-use.js';

export function leakedLock(node: Hold, task: string, origin: string | undefined): Violation {
  const lockClass = node.lockClass.name;
  return {
    id: `leaked-lock:${task}:${lockClass}`,
    kind: 'leaked-lock',
    tier: 'advisory',
    summary: `task "${task}"${origin === undefined ? '' : `, enqueued at ${origin},`} has ended and left the lock held`,
    acquiring: rawUse(useFacts(node, 'own', [])),
    held: [rawUse(useFacts(node, 'own', []))],
    task,
  };
}
