/**
 * Substitution in CommonJS: `require`, `createRequire`, and `import` of a CommonJS file.
 *
 * `Module.prototype._compile` is the one place that all of them pass through on every supported Node, also when a
 * transpiler has replaced `require.extensions`. Guarantee: for any other file it does what it did before, with one
 * test of the path on top.
 */
import Module from 'node:module';
import { packageFileAt } from './async-mutex-package.js';
import { commonJsExports, type Substitute } from './substitute.js';
import { warnUnknownVersion } from './unknown-version.js';

type Compile = (this: NodeJS.Module, content: string, filename: string, ...rest: unknown[]) => unknown;

export function substituteCommonJs(substitute: Substitute): void {
  forgetOwnCopy();
  const prototype = Module.prototype as unknown as { _compile: Compile };
  const compile = prototype._compile;
  prototype._compile = function _compile(content, filename, ...rest) {
    const file = packageFileAt(filename);
    if (file?.copy.known === false) warnUnknownVersion(file.copy);
    if (file?.part === undefined || !file.copy.known) return compile.call(this, content, filename, ...rest);
    this.exports = commonJsExports(substitute, file.part);
    return undefined;
  };
}

/** This package may have required the real one, for its error objects; the program is to get the substitute all the same. */
function forgetOwnCopy(): void {
  const { _cache: cache } = Module as unknown as { readonly _cache: Record<string, unknown> };
  for (const path of Object.keys(cache)) if (packageFileAt(path)?.copy.known === true) delete cache[path];
}
