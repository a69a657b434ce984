/** What `lockdep.showAllLocks()` takes, checked and filled in. */
import { describe, mistyped } from '../platform/describe.js';
import { noteUnknown } from '../platform/unknown-options.js';
import type { ShowOptions } from './control.js';

const KNOWN: readonly string[] = ['format', 'group', 'limit'];

/** About 30 kB of text. */
const DEFAULT_LIMIT = 200;

export function checkedShow(given: unknown): ShowOptions {
  if (typeof given !== 'object' || given === null) throw mistyped('options', 'an object', given);
  noteUnknown(given, 'lockdep.showAllLocks', KNOWN);
  const { format = 'text', group = true, limit = DEFAULT_LIMIT } = given as { [Name in keyof ShowOptions]?: unknown };
  if (format !== 'text' && format !== 'json') {
    throw new RangeError(`option format must be 'text' or 'json', got ${describe(format)}`);
  }
  if (typeof group !== 'boolean') throw mistyped('option group', 'a boolean', group);
  if (typeof limit !== 'number') throw mistyped('option limit', 'a number', limit);
  if (!(Number.isInteger(limit) && limit > 0) && limit !== Infinity) {
    throw new RangeError(`option limit must be a positive integer, got ${describe(limit)}`);
  }
  return { format, group, limit };
}
