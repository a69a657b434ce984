/** What a task that has ended left held. Costs nothing for a task that left nothing, else a walk over the holds that came since. */
import { HELD } from '../model/hold.js';
import type { Task } from '../flow/task.js';
import { leakedLock } from './rules/leaked-lock.js';
import type { ObserverHost } from './observer/host.js';

/** `origin`: where the task was submitted, if that is known. */
export function reportLeaks(runtime: ObserverHost, task: Task, origin?: () => string): void {
  task.endedAt = runtime.validator.tracker.moment;
  if (runtime.off || task.live === 0) return;
  for (const node of runtime.validator.tracker.liveOf(task)) {
    if (node.state !== HELD) continue;
    node.ask().leakTold = true;
    runtime.report(leakedLock(node, task.name, origin?.()));
  }
}
