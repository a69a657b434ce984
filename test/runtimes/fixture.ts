/** Programs that run as they are, in processes and threads of their own: they are not compiled. */
import { fileURLToPath } from 'node:url';

/** From build/test/runtimes/ up to the project. */
export const folder: string = fileURLToPath(new URL('../../../test/runtimes/fixtures/', import.meta.url));

export function fixture(name: string): string {
  return `${folder}${name}`;
}
