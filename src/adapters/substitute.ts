/**
 * What stands in for the files of `async-mutex`.
 *
 * Guarantee: every copy and every file hands out the same classes, functions and error objects, so `instanceof`,
 * error identity and subclassing hold across copies. Only the object that carries them is made anew for each
 * CommonJS file, since a program may write to it.
 */
import type { Part } from './async-mutex-package.js';

/** The exports of `lockdep/async-mutex`. */
export interface Substitute {
  readonly Mutex: unknown;
  readonly Semaphore: unknown;
  readonly withTimeout: unknown;
  readonly tryAcquire: unknown;
  readonly E_TIMEOUT: unknown;
  readonly E_ALREADY_LOCKED: unknown;
  readonly E_CANCELED: unknown;
}

/** The properties of `module.exports` for one CommonJS file. */
export function commonJsExports(substitute: Substitute, part: Part): Record<string, unknown> {
  const exports: Record<string, unknown> = { ...members(substitute, part) };
  Object.defineProperty(exports, '__esModule', { value: true, configurable: true, writable: true });
  return exports;
}

function members(substitute: Substitute, part: Part): object {
  const { E_TIMEOUT, E_ALREADY_LOCKED, E_CANCELED } = substitute;
  switch (part) {
    case 'all':
      return substitute;
    case 'Mutex':
      return { default: substitute.Mutex };
    case 'Semaphore':
      return { default: substitute.Semaphore };
    case 'withTimeout':
      return { withTimeout: substitute.withTimeout };
    case 'tryAcquire':
      return { tryAcquire: substitute.tryAcquire };
    case 'errors':
      return { E_TIMEOUT, E_ALREADY_LOCKED, E_CANCELED };
  }
}
