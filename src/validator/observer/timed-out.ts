/**
 * What the error of a wait says whose time is up: who has the lock, since when it was asked for, and where.
 *
 * Invariant: read only. Cost: a walk over the lock's holds and waits up to the first hold; its place is read as for a report.
 */
import { LockTimeoutError, type LockTimeoutFacts } from '../../errors.js';
import type { ObservedPermits } from '../../locks/observed.js';
import { HELD, TRANSFERRED, type Hold } from '../../model/hold.js';
import { plain } from '../../platform/plain-text.js';
import { siteOf } from '../../report/stack-text.js';
import { useFacts } from '../lock-use.js';
import { taskOf } from '../rules/rule.js';

/** The error of `wait`, whose timeout of so many milliseconds is over at `now`. */
export function timedOut(wait: Hold, timeout: number, now: number): LockTimeoutError {
  const { label } = wait.lock;
  const lock = plain(label === undefined ? wait.lockClass.name : `${wait.lockClass.name} "${label}"`);
  const queueLength = (wait.lock as ObservedPermits).queue?.size ?? 1;
  const holder = oldestHold(wait);
  const held = holder === undefined ? {} : factsOf(holder, now);
  const facts: LockTimeoutFacts = { lock, ...held, queueLength };
  return Object.assign(
    new LockTimeoutError(timeout, `the lock was not available within ${timeout} ms${textOf(facts)}`),
    facts,
  );
}

function factsOf(holder: Hold, now: number): LockTimeoutFacts {
  const site = siteOf(useFacts(holder, 'own', []).frames);
  const age = Math.max(0, now - holder.since);
  return { holder: plain(taskOf(holder)), ...(site === '' ? {} : { site }), age };
}

function textOf({ lock, holder, site, age, queueLength }: LockTimeoutFacts): string {
  const waiting = queueLength === 1 ? 'nobody else waits for it' : `${queueLength} wait for it`;
  if (holder === undefined) return `: nobody is known to hold ${lock}, and ${waiting}`;
  const place = site === undefined ? '' : ` at ${site}`;
  return `: ${lock} is held by ${holder}, who asked for it ${age} ms ago${place}, and ${waiting}`;
}

function oldestHold({ lock }: Hold): Hold | undefined {
  let hold = lock.firstHold;
  while (hold !== undefined && hold.state !== HELD && hold.state !== TRANSFERRED) hold = hold.next;
  return hold;
}
