/**
 * The end of a process: a natural one, where the event loop is empty and nothing can run any more, and one that the program makes
 * (`process.exit()`, an uncaught error).
 *
 * At a natural end whoever still waits for a lock then waits for ever, and Node would end with 0 as if all were well. It is told at `beforeExit`,
 * behind all listeners of the program, and only where none of them has begun something; the exit code is 1 then, unless the program or Node
 * (13, for an unsettled top-level await) has another one. Worker threads tell too, and keep their exit codes. At
 * any end but by a signal the waits are looked at for the last time, and the exit code stays. No signal is listened to: that alone would keep the signal
 * from ending the process, for ever where the loop is busy.
 *
 * Invariant: no listener here throws, and nothing here keeps the process alive. Cost: two listeners for the life of the process.
 */
import { isMainThread } from 'node:worker_threads';
import { showWarning, errorText } from '../platform/warnings.js';

/** What does not keep a process alive by itself: its standard streams. */
const PASSIVE: ReadonlySet<string> = new Set(['PipeWrap', 'TTYWrap']);

/** Node's exit code for a top-level await that has not settled. */
const UNSETTLED = 13;

export interface EndLooks {
  /** Takes some turns before that, in which nothing of the program's runs. */
  beforeEnd(): Promise<void>;
  /** Nothing is left to run. Tells who waits for ever; true: somebody does. */
  atEnd(): boolean;
  /** The process ends now, behind `atEnd` if its end is a natural one. `unsettled`: it is, and a top-level await has not settled. */
  atExit(unsettled: boolean): void;
}

export function watchEnds(looks: EndLooks): void {
  let isStuck = false;
  let isOver = false;
  const look = async (): Promise<void> => {
    if (isAlive()) return;
    try {
      await looks.beforeEnd();
      isOver = true;
      isStuck = looks.atEnd();
    } catch (error) {
      tellFailure(error);
    }
  };
  const atExit = (code: number): void => {
    contained(() => looks.atExit(isOver && (code === UNSETTLED || process.exitCode === UNSETTLED)));
    if (isStuck && isMainThread && code === 0 && Number(process.exitCode ?? 0) === 0) process.exitCode = 1;
  };
  process.on('exit', atExit);
  process.on('beforeExit', () => {
    isStuck = false;
    isOver = false;
    // Behind the listeners of the program, and behind the one of Node 20 that sets 13 for an unsettled top-level await.
    process.off('exit', atExit);
    process.on('exit', atExit);
    // Behind all that the listeners do without waiting.
    process.nextTick(() => process.nextTick(() => void look()));
  });
}

function contained(look: () => void): void {
  try {
    look();
  } catch (error) {
    tellFailure(error);
  }
}

function tellFailure(error: unknown): void {
  showWarning(`the waits at the end could not be told: ${errorText(error)}`, 'LOCKDEP_END_FAILED');
}

/** Has a listener begun something that will run? Taken for granted where the runtime does not tell: what is told must be certain. */
function isAlive(): boolean {
  const host: { getActiveResourcesInfo?: () => string[] } = process;
  return host.getActiveResourcesInfo?.().some((kind) => !PASSIVE.has(kind)) ?? true;
}
