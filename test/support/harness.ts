/** An isolated validator for one test, and turns of the event loop. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createLockdep, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { LockdepOptions } from '../../src/validator/options.js';

export { nextTurn };

/**
 * Runs `fn` with an isolated instance, which ends with it. What hangs in it is told by the rules of order alone, unless the options
 * say otherwise.
 */
export async function isolated(
  fn: (instance: IsolatedLockdep) => Promise<void> | void,
  options?: Partial<LockdepOptions>,
): Promise<void> {
  const instance = createLockdep({ deadlockCheckAfter: 0, ...options });
  try {
    await fn(instance);
  } finally {
    instance.dispose();
  }
}

/** `kind tier xcount` of every report. */
export function seen({ lockdep }: IsolatedLockdep): string[] {
  return lockdep.reports().map((report) => `${report.kind} ${report.tier} x${report.count}`);
}

/** Waits until work that depends on nothing but microtasks and immediates is done or stuck. */
export async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/** How many stacks are captured while `act` runs: for each, how they are prepared is set and set back. */
export async function captures(act: () => Promise<void>): Promise<number> {
  const real = globalThis.Error;
  let sets = 0;
  globalThis.Error = new Proxy(real, {
    set(target, name, value) {
      if (name === 'prepareStackTrace') sets += 1;
      return Reflect.set(target, name, value);
    },
  });
  try {
    await act();
  } finally {
    globalThis.Error = real;
  }
  return sets / 2;
}
