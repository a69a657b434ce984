/**
 * The decision behind substitution in ES modules: which resolved module becomes which.
 *
 * Guarantee: an ES module of a known `async-mutex` becomes the substitute for every importer but this package itself,
 * which needs the real one for its error objects. CommonJS files stay as they are: Node runs them through
 * `Module.prototype._compile`, also when they are imported.
 */
import { packageFileOf } from './async-mutex-package.js';
import type { UnknownCopy } from './unknown-version.js';

export interface Redirect {
  /** The module that stands in for `async-mutex`. */
  readonly substituteUrl: string;
  /** The folder of this package's own modules, with a slash at the end. */
  readonly ownUrl: string;
}

/** What a resolve hook may return; `format` is a hint. */
export interface Resolved {
  url: string;
  format?: string | null | undefined;
}

/** The module to load instead of `resolved`, or `resolved` itself. */
export function redirected<R extends Resolved>(
  { substituteUrl, ownUrl }: Redirect,
  resolved: R,
  parentUrl: string | undefined,
  unknown: (copy: UnknownCopy) => void,
): R | Resolved {
  const file = packageFileOf(resolved.url);
  if (file === undefined || parentUrl?.startsWith(ownUrl) === true) return resolved;
  if (!file.copy.known) unknown(file.copy);
  const replace = file.copy.known && file.esm && file.part !== undefined;
  return replace ? { url: substituteUrl, format: 'module' } : resolved;
}
