/** Values of the program's, as error messages show them. Nothing here throws, whatever it is given. */
import { plain } from './plain-text.js';

/** A value in a few words. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return plain(JSON.stringify(value));
  if (typeof value === 'function') return `function ${nameOf(value)}`;
  if (typeof value === 'object' && value !== null) return isArray(value) ? 'an array' : 'an object';
  return plain(String(value));
}

/** The error for an argument that is of another type. */
export function mistyped(what: string, wanted: string, given: unknown): TypeError {
  return new TypeError(`${what} must be ${wanted}, got ${describe(given)}`);
}

/** The error for what is not one of the strings that it may be. */
export function notAmong(what: string, choices: string, given: unknown): TypeError {
  const error = mistyped(what, choices, given);
  return typeof given === 'string' ? new RangeError(error.message) : error;
}

/** It may be anything of the program's, and throw. */
function nameOf(value: { readonly name: unknown }): string {
  try {
    return typeof value.name === 'string' && value.name !== '' ? value.name : '(anonymous)';
  } catch {
    return '(anonymous)';
  }
}

/** A Proxy that is revoked can not be asked. */
function isArray(value: object): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}
