/** Values of the program's, as error messages show them. Nothing here throws, whatever it is given. */
import { plain } from './plain-text.js';

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A value in a few words. */
export function describe(value: unknown): string {
  try {
    if (typeof value === 'function') return `function ${plain(value.name) || '(anonymous)'}`;
    if (isObject(value)) return 'an object';
    return plain(typeof value === 'string' ? JSON.stringify(value) : String(value));
  } catch {
    // A name that is none, or a Proxy that is revoked: it can not be asked.
    return typeof value;
  }
}

/** The error for an argument that is of another type; of the right `type`, it is out of range. */
export function mistyped(what: string, wanted: string, given: unknown, type?: 'string' | 'number'): TypeError {
  return new (typeof given === type ? RangeError : TypeError)(`${what} must be ${wanted}, got ${describe(given)}`);
}

/** The error for what is not one of the strings that it may be. */
export function notAmong(what: string, choices: string, given: unknown): TypeError {
  return mistyped(what, choices, given, 'string');
}
