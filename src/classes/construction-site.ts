/** Where a lock was constructed, and the class that follows from it. About 5 microseconds a construction. */
import { captureCallSites, fileOf } from './call-sites.js';
import { classOfSite, type LockClass } from './lock-class.js';

/**
 * The class of the place that called `constructor` (pass `new.target`, so that constructors of subclasses are not
 * taken for the caller). `kind` names the primitive in the printed class name.
 */
export function classOfCaller(constructor: (...args: never[]) => unknown, kind: string): LockClass {
  const site = captureCallSites(constructor, 1)[0];
  if (site === undefined) return classOfSite({ file: 'unknown', line: 0, column: 0 }, kind);
  return classOfSite(
    { file: fileOf(site), line: site.getLineNumber() ?? 0, column: site.getColumnNumber() ?? 0 },
    kind,
  );
}
