/**
 * Options that nobody knows: a misspelt name, or one of another version. They are ignored, so that code may name options of a
 * later version, but not in silence while a validator of the process is on (unknown-options-told.ts).
 *
 * Cost: nothing but a branch while every validator is off; else a look-up per option that is given.
 */
import { sharedState } from './shared-state.js';

/** What looks at the options `given` to `taker`, which knows those that are `known`. */
export type OptionsLook = (given: object, known: ReadonlySet<string>, taker: string) => void;

/** `look`: undefined while every validator of the process is off. */
export const optionsWatch: { look: OptionsLook | undefined } = sharedState('lockdep.options.3', () => ({
  look: undefined,
}));

/** Has it told, once for each, which of the options `given` to `taker` are not `known`. */
export function noteUnknown(given: object, known: ReadonlySet<string>, taker: string): void {
  optionsWatch.look?.(given, known, taker);
}
