/** A task from its start to the settling of its result, and what it left held. */
import { types } from 'node:util';
import { NativePromise } from '../platform/intrinsics.js';
import { isThenable } from '../platform/thenable.js';
import { Task } from '../flow/task.js';
import { prototypeOf } from '../flow/then-calls.js';
import { reportLeaks } from '../validator/leaks.js';
import type { Runtime } from '../validator/runtime.js';

export function runTask<T>(runtime: Runtime, name: string, fn: () => T): T {
  const task = new Task(name);
  let result: T;
  try {
    result = runtime.validator.tracker.runTask(task, fn);
  } catch (error) {
    reportLeaks(runtime, task);
    throw error;
  }
  if (isPlainPromise(result)) return observed(result, () => reportLeaks(runtime, task)) as T;
  // A lazy thenable runs when its `then` is called: left to the caller.
  if (!isThenable(result)) reportLeaks(runtime, task);
  return result;
}

/** The same outcome, for the caller to handle: a handler of ours on `result` itself would hide that nobody else has one. */
async function observed(result: Promise<unknown>, end: () => void): Promise<unknown> {
  try {
    return await result;
  } finally {
    end();
  }
}

/** A subclass has more to it than an outcome. */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  return types.isPromise(value) && prototypeOf(value) === NativePromise.prototype;
}
