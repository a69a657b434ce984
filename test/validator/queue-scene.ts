/** A queue and a lock, of a class each. */
import { LockClass, type Mutex, type WorkQueue } from '../../src/index.js';
import type { IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import { settle } from '../support/harness.js';

export interface Scene {
  readonly queue: WorkQueue;
  readonly lock: Mutex;
}

export function scene(instance: IsolatedLockdep, concurrency = 1): Scene {
  return {
    queue: new instance.WorkQueue({ class: new LockClass('queue'), concurrency }),
    lock: new instance.Mutex({ class: new LockClass('lock') }),
  };
}

export const nothing = (): void => undefined;
export const CYCLE = ['circular-dependency strict x1'];

/** Runs `fn` as a task, and leaves it if it is stuck. */
export async function asTask(queue: WorkQueue, fn: () => Promise<unknown>): Promise<void> {
  void queue.run(fn).catch(nothing);
  await settle();
}
