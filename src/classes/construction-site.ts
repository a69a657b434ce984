/** Where a lock was constructed, and the class that follows from it. About 3 microseconds a construction. */
import { captureCallSites, fileOf } from './call-sites.js';
import { classOfSite, type LockClass } from './lock-class.js';

/**
 * The class of the place that called `constructor` (pass `new.target`, so that constructors of subclasses are not
 * taken for the caller). `kind` names the primitive in the printed class name. undefined where the runtime hides places
 * (frozen intrinsics): one class for all would make a deadlock of every nesting.
 */
export function classOfCaller(constructor: (...args: never[]) => unknown, kind: string): LockClass | undefined {
  const site = captureCallSites(constructor, 1)[0];
  if (site === undefined) {
    warnOnce();
    return undefined;
  }
  return classOfSite(
    { file: fileOf(site), line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 },
    kind,
  );
}

let warned = false;

function warnOnce(): void {
  if (warned) return;
  warned = true;
  process.emitWarning(
    'this runtime hides where locks are constructed: only locks with a class or a name of one are checked',
    {
      type: 'LockdepWarning',
      code: 'LOCKDEP_NO_SITES',
    },
  );
}
