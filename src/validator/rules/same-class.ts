/** Which rule judges a lock that is wanted under one of its own class. */
import { isDeclaredLegal, recursiveLocking, type OnComparatorError } from './recursive-locking.js';
import type { NestedAttempt, Verdict } from './rule.js';
import { isCountedNesting, semaphoreExhaustion, waitsForItself } from './semaphore-exhaustion.js';

export function sameClass(attempt: NestedAttempt, onError: OnComparatorError): Verdict {
  if (isDeclaredLegal(attempt, onError)) return undefined;
  const counted = isCountedNesting(attempt) && !waitsForItself(attempt);
  return counted ? semaphoreExhaustion(attempt) : recursiveLocking(attempt);
}

/** Does the verdict depend on the very instances, or on who else holds them, so that it is to be asked for every time? */
export function isPerInstance({ wanted }: NestedAttempt): boolean {
  const { options } = wanted.lockClass;
  return options.order !== undefined || options.reentrant === true || options.nest !== undefined;
}
