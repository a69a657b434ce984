/** Which rule judges a lock that is wanted under one of its own class. */
import { recursiveLocking, type OnComparatorError } from './recursive-locking.js';
import type { NestedAttempt, Verdict } from './rule.js';
import { isCountedNesting, semaphoreExhaustion } from './semaphore-exhaustion.js';

export function sameClass(attempt: NestedAttempt, onError: OnComparatorError): Verdict {
  return (isCountedNesting(attempt) ? semaphoreExhaustion(attempt) : undefined) ?? recursiveLocking(attempt, onError);
}

/** Does the verdict depend on the very instances, so that it is to be asked for every time? */
export function isPerInstance({ wanted }: NestedAttempt): boolean {
  const { options } = wanted.lockClass;
  return options.order !== undefined || options.reentrant === true;
}
