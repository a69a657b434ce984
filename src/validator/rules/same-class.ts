/** Which rule judges a lock that is wanted under one of its own class. */
import type { Hold } from '../../model/hold.js';
import { isDeclaredLegal, recursiveLocking, type OnComparatorError } from './recursive-locking.js';
import type { NestedAttempt, Verdict } from './rule.js';
import { isCountedNesting, semaphoreExhaustion, waitsForItself } from './semaphore-exhaustion.js';

/** Is it the unlock of a counted lock, and there already? Nobody waited, and a free permit says nothing about others. */
export function isFreeBeside(held: Hold, wanted: Hold): boolean {
  return wanted.kind === 'unlock' && !wanted.hasQueued && isCountedNesting({ held, wanted });
}

export function sameClass(attempt: NestedAttempt, onError: OnComparatorError): Verdict {
  if (isDeclaredLegal(attempt, onError) || isFreeBeside(attempt.held, attempt.wanted)) return undefined;
  const counted = isCountedNesting(attempt) && !waitsForItself(attempt);
  return counted ? semaphoreExhaustion(attempt) : recursiveLocking(attempt);
}

/** Does the verdict depend on the very instances, or on who else holds them, so that it is to be asked for every time? */
export function isPerInstance({ wanted }: NestedAttempt): boolean {
  const { options } = wanted.lockClass;
  if (wanted.kind === 'unlock' && wanted.lock.capacity > 1) return true;
  return options.order !== undefined || options.nest !== undefined;
}
