/** A task from its start to the settling of its result, and what it left held. */
import { Task } from '../tracker/task.js';
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
  if (isThenable(result)) {
    const end = (): void => reportLeaks(runtime, task);
    result.then(end, end);
  } else reportLeaks(runtime, task);
  return result;
}

function isThenable(value: unknown): value is { then(onFulfilled: () => void, onRejected: () => void): unknown } {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
