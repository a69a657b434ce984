/**
 * A lock is wanted by a flow that holds one of the same class: on one instance it waits for itself; on two instances
 * nothing says that another flow does not take them the other way round.
 *
 * Legal: one instance of a reentrant class; two instances in the order of the class's comparator.
 */
import { describe } from '../../classes/lock-class.js';
import type { TrackedLock } from '../../tracker/held-node.js';
import { heldUses, taskOf, wantedUse, type NestedAttempt, type Verdict } from './rule.js';

/** Shown when a comparator fails; the nesting then counts as out of order. */
export type OnComparatorError = (className: string, error: unknown) => void;

export function recursiveLocking(attempt: NestedAttempt, onError: OnComparatorError): Verdict {
  const { held, wanted, tier } = attempt;
  const { lockClass } = wanted;
  if (held.lock === wanted.lock && lockClass.options.reentrant === true) return undefined;
  if (held.lock !== wanted.lock && inOrder(held.lock, wanted.lock, onError)) return undefined;
  const same = held.lock === wanted.lock;
  return {
    id: `recursive-locking:${same ? 'same' : 'other'}:${lockClass.name}`,
    kind: 'recursive-locking',
    tier,
    summary: same
      ? 'the flow waits for a lock that it holds itself'
      : 'two locks of one class are nested, and no order among them is declared',
    acquiring: wantedUse(attempt),
    held: heldUses(attempt),
    task: taskOf(wanted),
  };
}

function inOrder(held: TrackedLock, wanted: TrackedLock, onError: OnComparatorError): boolean {
  const { order } = held.lockClass.options;
  if (order === undefined) return false;
  try {
    const result: unknown = order(held.owner as never, wanted.owner as never);
    if (typeof result === 'number') return result < 0;
    throw new TypeError(`order comparator must return a number, got ${describe(result)}`);
  } catch (error) {
    onError(held.lockClass.name, error);
    return false;
  }
}
