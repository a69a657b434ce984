/**
 * A flow asks for a lock and for its unlock, and goes on when it has both. The lock is granted first wherever others hold
 * it or it was asked for first; then the flow has it, waits for its unlock, and nobody is left to release it.
 */
import type { Violation } from '../../report/types.js';
import { HELD, type Hold } from '../../model/hold.js';
import { listHolds } from '../../flow/hold-list.js';
import { rawUse, useFacts } from '../lock-use.js';
import { taskOf } from './rule.js';

export function joinedUnlock(hold: Hold, unlock: Hold): Violation {
  const { name } = hold.lockClass;
  return {
    id: `recursive-locking:joined:${name}`,
    kind: 'recursive-locking',
    tier: 'advisory',
    summary:
      'the flow asks for a lock and for its unlock at once and waits for both: where the lock is granted first, nobody is ' +
      'left to release it',
    advice:
      `Await the unlock of ${name} first, or leave it out: acquiring waits for it anyway. What is to be known once the lock ` +
      'is free again can be waited for after the release.',
    acquiring: rawUse({ ...useFacts(unlock, 'own', []), state: 'waiting' }),
    held: [...listHolds(unlock.parent).toReversed(), ...(hold.state === HELD ? [hold] : [])].map((node) =>
      rawUse(useFacts(node, 'own', [])),
    ),
    instances: 1,
    task: taskOf(unlock),
  };
}
