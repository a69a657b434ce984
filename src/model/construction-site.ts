/** Where a lock was constructed, and the class that follows from it. 10 to 20 microseconds a construction (Node 20). */
import type { Below } from '../platform/below.js';
import { captureCallSites } from '../platform/call-sites.js';
import type { LockClass } from './lock-class.js';
import { makingOf, siteOf, type Making } from './making.js';
import { classOfSite } from './place-class.js';

/** What the place of construction says of a lock. */
export interface Birth {
  readonly lockClass: LockClass;
  readonly making: Making | undefined;
}

/**
 * The class of the place that called `constructor` (pass `new.target`, so that constructors of subclasses are not
 * taken for the caller). `kind` names the primitive in the printed class name. undefined where the runtime hides places
 * (call-sites.ts says so): one class for all would make a deadlock of every nesting.
 */
export function birthAt(constructor: Below, kind: string): Birth | undefined {
  const sites = captureCallSites(constructor, 2);
  const site = sites[0];
  if (site === undefined) return undefined;
  return { lockClass: classOfSite(siteOf(site), kind), making: makingOf(sites, constructor) };
}
