/** Where this package's own modules are. The package is bundled with another file in the place of this one (scripts/bundle.mjs). */
import { dirname, sep } from 'node:path';
import { filePath } from '../platform/file-path.js';

/** The directory above `report/`, with a separator at the end; undefined where its frames can not be told from the program's. */
export function ownDirectory(): string | undefined {
  return dirname(dirname(filePath(import.meta.url))) + sep;
}
