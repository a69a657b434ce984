/**
 * A flow holds permits of a counted lock and wants more of the same class. One flow alone gets them; as many flows as
 * it takes to hold all permits wait for each other for ever.
 *
 * With n permits, h held by each flow and w wanted, ceil((n - w + 1) / h) flows suffice. If a flow wants more than there
 * are beside its own, it waits for itself: that is recursive-locking.
 */
import type { HeldNode } from '../../tracker/held-node.js';
import { heldUses, taskOf, wantedUse, type NestedAttempt, type Verdict } from './rule.js';

/** Is this nesting one of permits, and can the flow alone get what it wants? */
export function isCountedNesting({ held, wanted }: NestedAttempt): boolean {
  return held.lock.capacity > 1 && wanted.lock.capacity > 1;
}

const QUEUE_ADVICE =
  'Run the inner task as a part of the outer one, or on a queue of its own for each level; or do not wait for it.';

/** `undefined` when the flow waits for itself. */
export function semaphoreExhaustion(attempt: NestedAttempt): Verdict {
  const { held, wanted, tier } = attempt;
  const same = held.lock === wanted.lock;
  const mine = same ? permitsHeld(attempt.holds, wanted) : held.permits;
  const { capacity } = wanted.lock;
  if (same && mine + wanted.permits > capacity) return undefined;
  const flows = Math.ceil((capacity - wanted.permits + 1) / mine);
  // Who waits for all of another one's slots, waits for its tasks, not for a slot.
  if (wanted.kind === 'wait' && wanted.permits >= capacity) return undefined;
  const [unit, pool] =
    wanted.lock.primitive === 'WorkQueue' ? (['slots', 'queue'] as const) : (['permits', 'semaphore'] as const);
  const which = same ? `the same ${pool}` : `another ${pool} of the class`;
  return {
    id: `semaphore-exhaustion:${same ? 'same' : 'other'}:${wanted.lockClass.name}`,
    kind: 'semaphore-exhaustion',
    tier,
    summary:
      `the flow holds ${mine} of ${held.lock.capacity} ${unit} and wants ${wanted.permits} more of ${which}: ` +
      `${flows} flows that do so at once leave none for any of them`,
    ...(pool === 'queue' ? { advice: QUEUE_ADVICE } : {}),
    acquiring: wantedUse(attempt),
    held: heldUses(attempt),
    task: taskOf(wanted),
  };
}

function permitsHeld(holds: readonly HeldNode[], wanted: HeldNode): number {
  let permits = 0;
  for (const hold of holds) if (hold.lock === wanted.lock) permits += hold.permits;
  return permits;
}
