/**
 * Classes by place: all locks that are constructed at one place in the source are of one class, as long as the program names
 * none. Only a validator asks for them. O(1) per construction; a name is printed when somebody reads it.
 */
import { plain } from '../platform/plain-text.js';
import { sharedState } from '../platform/shared-state.js';
import { isFull } from './class-table.js';
import { beyond, makeClass, type ClassPlace, type ConstructionSite, type LockClass } from './lock-class.js';

/** @internal How a raw position is printed; the report layer installs its source-map aware version. */
export const sitePrinter: { print: (site: ConstructionSite) => string } = sharedState('lockdep.sites.1', () => ({
  print: (site: ConstructionSite) => `${site.file}:${site.line}:${site.column}`,
}));

const byPlace: Map<string, LockClass> = sharedState('lockdep.places.1', () => new Map());

/** The class of all locks that are constructed at one place in the source. */
export function classOfSite(site: ConstructionSite, kind: string): LockClass {
  const key = siteKey(site, kind);
  let found = byPlace.get(key);
  if (found === undefined) {
    if (isFull()) return beyond();
    const place: ClassPlace = {
      site,
      print: () => `${kind}@${plain(sitePrinter.print(site))}`,
      forget: () => byPlace.delete(key),
    };
    found = makeClass(kind, { place });
    byPlace.set(key, found);
  }
  return found;
}

function siteKey(site: ConstructionSite, kind: string): string {
  return `${kind}@${withoutQuery(site.file)}:${site.line}:${site.column}`;
}

/** Loaders tell reloads of one module by its query. */
function withoutQuery(file: string): string {
  const query = file.startsWith('file:') ? file.indexOf('?') : -1;
  return query === -1 ? file : file.slice(0, query);
}
