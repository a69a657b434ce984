/**
 * The natural end of a process: the event loop is empty, and nothing can run any more.
 *
 * Whoever still waits for a lock then waits for ever, and Node would end with 0 as if all were well. It is told at `beforeExit`,
 * behind all listeners of the program, and only where none of them has begun something; the exit code is 1 then, unless the program or Node
 * (13, for an unsettled top-level await) has another one. Worker threads tell too, and keep their exit codes.
 *
 * Invariant: no listener here throws, and nothing here keeps the process alive. Cost: two listeners for the life of the process.
 */
import { isMainThread } from 'node:worker_threads';
import { showWarning, errorText } from '../platform/warnings.js';

/** What does not keep a process alive by itself: its standard streams. */
const PASSIVE: ReadonlySet<string> = new Set(['PipeWrap', 'TTYWrap']);

/** `atEnd` tells who waits for ever; true: somebody does. */
export function watchNaturalEnd(atEnd: () => boolean): void {
  let isStuck = false;
  const look = (): void => {
    if (isAlive()) return;
    try {
      isStuck = atEnd();
    } catch (error) {
      showWarning(`the waits at the end could not be told: ${errorText(error)}`, 'LOCKDEP_END_FAILED');
    }
  };
  const atExit = (code: number): void => {
    if (isStuck && isMainThread && code === 0 && Number(process.exitCode ?? 0) === 0) process.exitCode = 1;
  };
  process.on('beforeExit', () => {
    isStuck = false;
    // Behind the listeners of the program, and behind the one of Node 20 that sets 13 for an unsettled top-level await.
    process.off('exit', atExit);
    process.on('exit', atExit);
    // Behind all that the listeners do without waiting.
    process.nextTick(() => process.nextTick(look));
  });
}

/** Has a listener begun something that will run? Taken for granted where the runtime does not tell: what is told must be certain. */
function isAlive(): boolean {
  const host: { getActiveResourcesInfo?: () => string[] } = process;
  return host.getActiveResourcesInfo?.().some((kind) => !PASSIVE.has(kind)) ?? true;
}
