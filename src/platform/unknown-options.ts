/**
 * Options that nobody knows: a misspelt name, or one of another version. They are ignored, so that code may name options of a
 * later version, but not in silence. At most MAX_UNKNOWN_OPTIONS of them are named, since names may come from outside the program.
 *
 * Cost: nothing but a branch while every validator of the process is off; else a look-up per option that is given.
 */
import { showWarning } from './warnings.js';
import { sharedState } from './shared-state.js';

const CODE = 'LOCKDEP_UNKNOWN_OPTION';

/** Unknown options that are named in the life of a process. */
export const MAX_UNKNOWN_OPTIONS = 100;

/** Characters of it by which one is known again. */
const MAX_NAME_LENGTH = 200;

interface Watch {
  /** Validators that are on. */
  on: number;
  readonly told: Set<string>;
  full: boolean;
}

const watch: Watch = sharedState('lockdep.options.2', () => ({ on: 0, told: new Set<string>(), full: false }));

/** A validator has been switched on or off. */
export function watchOptions(on: boolean): void {
  watch.on += on ? 1 : -1;
}

/** Warns, once for each, of those of the options `given` to `taker` that are not `known`. */
export function noteUnknown(given: object, known: ReadonlySet<string>, taker: string): void {
  if (watch.on === 0 || watch.full) return;
  for (const name in given) if (!known.has(name)) tell(name, taker);
}

function tell(name: string, taker: string): void {
  const which = `${taker} ${name}`.slice(0, MAX_NAME_LENGTH);
  if (watch.full || watch.told.has(which)) return;
  if (watch.told.size < MAX_UNKNOWN_OPTIONS) {
    watch.told.add(which);
    showWarning(`unknown option ${JSON.stringify(name)} of ${taker} is ignored`, CODE);
    return;
  }
  watch.full = true;
  watch.told.clear();
  showWarning(
    `MAX_UNKNOWN_OPTIONS is reached: further unknown options, after ${MAX_UNKNOWN_OPTIONS}, are ignored unnamed`,
    CODE,
  );
}
