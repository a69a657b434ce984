/**
 * Module hooks for a Node without `module.registerHooks`: this file runs in the thread of the hooks.
 *
 * Guarantee: the same decisions as in the program's own thread (see esm-redirect.ts). That thread alone can warn, so
 * what is to be warned of is posted to it.
 */
import type { MessagePort } from 'node:worker_threads';
import { redirected, type Redirect, type Resolved } from './esm-redirect.js';

export interface HooksData {
  readonly redirect: Redirect;
  /** Takes an `UnknownCopy`. */
  readonly unknown: MessagePort;
}

interface ResolveContext {
  readonly parentURL?: string | undefined;
}

let data: HooksData | undefined;

export function initialize(given: HooksData): void {
  data = given;
}

export async function resolve(
  specifier: string,
  context: ResolveContext,
  nextResolve: (specifier: string, context: ResolveContext) => Promise<Resolved>,
): Promise<Resolved> {
  const resolved = await nextResolve(specifier, context);
  if (data === undefined) return resolved;
  const { redirect, unknown } = data;
  return redirected(redirect, resolved, context.parentURL, (copy) => unknown.postMessage(copy));
}
