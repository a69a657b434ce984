/**
 * Substitution in ES modules: `import` and `import()`.
 *
 * Guarantees: by `module.registerHooks` where Node has it, in the program's own thread; else by `module.register`.
 * Neither keeps the process alive, nor prints a deprecation warning on the Nodes it is used on.
 */
import * as nodeModule from 'node:module';
import { MessageChannel } from 'node:worker_threads';
import type { HooksData } from './esm-hooks.js';
import { hooksUrl } from './own-files.js';
import { redirected, type Redirect, type Resolved } from './esm-redirect.js';
import { warnUnknownVersion, type UnknownCopy } from './unknown-version.js';

interface SyncHooks {
  resolve(
    specifier: string,
    context: { readonly parentURL?: string | undefined },
    nextResolve: (specifier: string, context: object) => Resolved,
  ): Resolved;
}

/** Since Node 22.15 and 23.5. */
type RegisterHooks = (hooks: SyncHooks) => unknown;

export function substituteEsModules(redirect: Redirect): void {
  const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks };
  if (registerHooks === undefined) {
    registerInHooksThread(redirect);
    return;
  }
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      redirected(redirect, nextResolve(specifier, context), context.parentURL, warnUnknownVersion),
  });
}

/**
 * Node pipes the output of that thread into this process's, and a pipe turns an error of stdout or stderr that the program would
 * never have seen (`console` and warnings swallow it) into one that ends it. So the pipes keep their hands off such errors.
 */
function registerInHooksThread(redirect: Redirect): void {
  const outputs = [process.stdout, process.stderr];
  const before = outputs.map((output) => new Set(output.listeners('error')));
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (copy: UnknownCopy) => warnUnknownVersion(copy));
  port1.unref();
  const data: HooksData = { redirect, unknown: port2 };
  nodeModule.register(hooksUrl, { data, transferList: [port2] });
  for (const [index, output] of outputs.entries()) {
    for (const listener of output.listeners('error')) {
      if (before[index]?.has(listener) === false) output.off('error', listener as () => void);
    }
  }
}
