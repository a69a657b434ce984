/**
 * Where work was submitted whose error nobody handles: Node's own message names the place of the error alone.
 *
 * Only looks on: the process ends, or not, as without it. Cost: an entry for each task that fails.
 */
import { showWarning } from '../../platform/warnings.js';
import { siteOf } from '../../report/stack-text.js';
import type { CapturedFrame } from '../../platform/captured-frame.js';

const submitted = new WeakMap<object, readonly CapturedFrame[]>();
let watching = false;

/** `frames`: where the work was submitted that failed with `error`. */
export function noteFailure(error: unknown, frames: readonly CapturedFrame[]): void {
  if (typeof error !== 'object' || error === null) return;
  submitted.set(error, frames);
  if (watching) return;
  watching = true;
  process.on('uncaughtExceptionMonitor', (uncaught: unknown, origin) => {
    const found = origin === 'unhandledRejection' ? submitted.get(uncaught as object) : undefined;
    if (found !== undefined) {
      showWarning(
        `nobody handles the error of the task that was submitted at ${siteOf(found)}`,
        'LOCKDEP_UNHANDLED_TASK',
      );
    }
  });
}
