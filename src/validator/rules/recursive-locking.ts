/**
 * A lock is wanted by a flow that holds one of the same class: on one instance it waits for itself; on two instances
 * nothing says that another flow does not take them the other way round.
 *
 * Legal: two instances in the order of the class's comparator; a recursive read over a read. One instance that blocks is never
 * legal to take again, whatever is said of its class: the flow waits for ever. A fair read over a read is not: a writer that queues between the two waits for the first and holds back the
 * second. What a nest lock makes legal does not come here.
 */
import { resolved } from '../../platform/intrinsics.js';
import { describe } from '../../platform/describe.js';
import { isThenable } from '../../platform/thenable.js';
import { WANTED, type Hold, type TrackedLock } from '../../model/hold.js';
import {
  heldUses,
  isGuess,
  taskOf,
  tierOfNesting,
  unlockAdvice,
  waitAdvice,
  wantedUse,
  type NestedAttempt,
  type Verdict,
} from './rule.js';

/** Shown when a comparator fails; the nesting then counts as out of order. */
export type OnComparatorError = (className: string, error: unknown) => void;

/** Does the class say that this nesting is legal? */
export function isDeclaredLegal({ held, wanted }: NestedAttempt, onError: OnComparatorError): boolean {
  return held.lock !== wanted.lock && inOrder(held.lock, wanted.lock, onError);
}

export function recursiveLocking(attempt: NestedAttempt): Verdict {
  const { held, wanted, moment = Infinity } = attempt;
  const { lockClass } = wanted;
  const wait = wanted.waitAt(WANTED);
  const isRead = held.sharedAt(moment);
  if (isRead && wait === 'recursive-read') return undefined;
  const fault = faultOf(held, wanted, isRead, wait !== 'exclusive');
  return {
    id: `recursive-locking:${fault}:${lockClass.name}`,
    kind: 'recursive-locking',
    tier: tierOfNesting(attempt),
    summary: summaryOf(attempt, fault),
    ...(wanted.kind === 'wait' ? { advice: waitAdvice(lockClass.name) } : {}),
    ...(fault === 'unlock' ? { advice: unlockAdvice(lockClass.name) } : {}),
    acquiring: wantedUse(attempt),
    held: heldUses(attempt),
    instances: held.lock === wanted.lock ? 1 : 2,
    task: taskOf(wanted),
  };
}

function summaryOf(attempt: NestedAttempt, fault: keyof typeof SUMMARIES): string {
  return fault === 'other' && isGuess(attempt) ? GUESSED : SUMMARIES[fault];
}

const GUESSED =
  'two different locks that are made at one place are nested. If they play different parts, that is legal as long as nobody ' +
  'nests these two the other way round, which would be reported as a certain deadlock';

const SUMMARIES = {
  same: 'the flow waits for a lock that it holds itself',
  unlock: 'the flow waits for the unlock of a lock that it holds itself',
  other: 'two locks of one class are nested, and no order among them is declared',
  upgrade: 'the flow wants to write while it reads: an upgrade, which waits for its own read to end',
  reread:
    'the flow reads what it reads already: a writer that queues between the two waits for the first read and holds ' +
    'back the second',
  self: 'the flow waits for the end of what it is itself a part of',
  sibling:
    'the flow waits for an event of a class while it is on the way to another event of that class, and nothing says ' +
    'that these two never wait for each other',
} as const;

function faultOf(held: Hold, wanted: Hold, isRead: boolean, reads: boolean): keyof typeof SUMMARIES {
  if (wanted.kind === 'wait') return held.lock === wanted.lock ? 'self' : 'sibling';
  if (held.lock !== wanted.lock) return 'other';
  if (wanted.kind === 'unlock') return 'unlock';
  if (!isRead) return 'same';
  return reads ? 'reread' : 'upgrade';
}

function inOrder(held: TrackedLock, wanted: TrackedLock, onError: OnComparatorError): boolean {
  const { order } = held.lockClass.options;
  if (order === undefined) return false;
  try {
    const result: unknown = order(held.owner as never, wanted.owner as never);
    if (typeof result === 'number') return result < 0;
    // Of an async function: what it rejects with is nobody's to handle, and would end the process.
    if (isThenable(result)) void resolved(result).then(undefined, () => undefined);
    throw new TypeError(`order comparator must return a number, got ${describe(result)}`);
  } catch (error) {
    onError(held.lockClass.name, error);
    return false;
  }
}
