/**
 * A program under `lockdep run` ends with the process that runs it.
 *
 * Every signal but SIGKILL is passed on by that process. SIGKILL, and whatever else ends it at once, would leave the program
 * behind, holding its ports and files, while whoever sent it takes it for dead. So the program looks now and then whether its
 * parent is still there, and ends as plain Node would have. It tells first what its parent would have told.
 *
 * Cost: one comparison each `LOOK_EVERY` ms, in the program itself only; it keeps no process alive. On Windows a process does not
 * notice that its parent is gone.
 */
import { isMainThread } from 'node:worker_threads';

/** The environment variable with the id of the process that runs the program. */
export const RUNNER = 'LOCKDEP_RUNNER';

const LOOK_EVERY = 500;

/** `beforeEnd` is called before it ends so; it must not throw. */
export function endWithRunner(beforeEnd: () => void): void {
  const runner = process.env[RUNNER];
  // Its own child processes inherit the variable, and have another parent.
  if (runner === undefined || !isMainThread || String(process.ppid) !== runner) return;
  setInterval(() => {
    if (String(process.ppid) === runner) return;
    beforeEnd();
    process.kill(process.pid, 'SIGKILL');
  }, LOOK_EVERY).unref();
}
