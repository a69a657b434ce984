/**
 * Options that nobody knows: a misspelt name, or one of another version. They are ignored, so that code may name options of a
 * later version, but not in silence while a validator of the process is on (unknown-options-told.ts).
 *
 * Cost: nothing but a branch while every validator is off; else a look-up per option that is given.
 */
import { warnings } from './warnings.js';

/**
 * Has it told, once for each, which of the options `given` to `taker` are not `known`. A small bundle leaves out which those are:
 * without them the one who looks knows the taker.
 */
export function noteUnknown(given: object, taker: string, known?: readonly string[]): void {
  warnings.look?.(given, taker, known);
}
