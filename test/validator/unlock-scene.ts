/** Two locks and a pool, for the tests of waiting for an unlock. */
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { LockClass, type Mutex, type Semaphore } from '../../src/index.js';
import { settle } from '../support/harness.js';

export interface Scene {
  readonly instance: IsolatedLockdep;
  readonly a: Mutex;
  readonly b: Mutex;
}

export function scene(instance: IsolatedLockdep): Scene {
  const [a, b] = ['a', 'b'].map((name) => new instance.Mutex({ class: new LockClass(name) })) as [Mutex, Mutex];
  return { instance, a, b };
}

export function pool(instance: IsolatedLockdep, permits: number): Semaphore {
  return new instance.Semaphore(permits, { class: new LockClass('pool') });
}

const nothing = (): void => undefined;

export async function nest(outer: Mutex, inner: Mutex): Promise<void> {
  await outer.runExclusive(() => inner.runExclusive(nothing));
}

/** Starts what may never end, lets it come as far as it gets, and returns what it was rejected with. */
export async function start(program: Promise<unknown>): Promise<{ state: string; code?: unknown }> {
  const outcome: { state: string; code?: unknown } = { state: 'pending' };
  program.then(
    () => (outcome.state = 'done'),
    (error: { code?: unknown }) => Object.assign(outcome, { state: 'rejected', code: error.code }),
  );
  await settle();
  return outcome;
}

/** `kind tier` of every report. */
export function verdicts({ lockdep }: IsolatedLockdep): string[] {
  return lockdep.reports().map(({ kind, tier }) => `${kind} ${tier}`);
}
