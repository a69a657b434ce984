/** A task from its start to the settling of its result, and what it left held. */
import { Task } from '../tracker/task.js';
import { HELD } from '../tracker/held-node.js';
import { leakedLock } from '../validator/rules/leaked-lock.js';
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

function reportLeaks(runtime: Runtime, task: Task): void {
  if (runtime.off) return;
  for (const node of runtime.validator.tracker.live()) {
    if (node.task === task && node.state === HELD) runtime.report(leakedLock(node, task.name));
  }
}

function isThenable(value: unknown): value is { then(onFulfilled: () => void, onRejected: () => void): unknown } {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
