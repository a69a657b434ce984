/**
 * The warning about an `async-mutex` that is left alone because its interface is not known.
 *
 * Guarantee: one warning for each copy in a thread, whether it is loaded as an ES module, as CommonJS, or both.
 */
import { plain } from '../platform/plain-text.js';

export const UNKNOWN_ASYNC_MUTEX = 'LOCKDEP_UNKNOWN_ASYNC_MUTEX';

export interface UnknownCopy {
  readonly root: string;
  readonly version: string;
}

const warned = new Set<string>();

export function warnUnknownVersion({ root, version }: UnknownCopy): void {
  if (warned.has(root)) return;
  warned.add(root);
  const message =
    `async-mutex ${version} is not a version that lockdep knows (0.1 to 0.5), so its locks are not tracked. ` +
    `It was loaded from ${root}`;
  try {
    process.emitWarning(plain(message), { type: 'LockdepWarning', code: UNKNOWN_ASYNC_MUTEX });
  } catch {
    // Somebody has replaced it: the program goes on.
  }
}
