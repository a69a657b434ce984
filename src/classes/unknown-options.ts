/**
 * Options that nobody knows: a misspelt name, or one of another version. They are ignored, so that code may name options of a
 * later version, but not in silence. At most MAX_UNKNOWN_OPTIONS of them are named, since names may come from outside the program.
 *
 * Cost: nothing but a branch while every validator of the process is off; else a look-up per option that is given.
 */
import { plain } from '../text/plain.js';
import { guardStderr } from './stderr-guard.js';
import { sharedState } from './shared-state.js';

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
    warn(`unknown option ${JSON.stringify(name)} of ${taker} is ignored`);
    return;
  }
  watch.full = true;
  watch.told.clear();
  warn(`MAX_UNKNOWN_OPTIONS is reached: further unknown options, after ${MAX_UNKNOWN_OPTIONS}, are ignored unnamed`);
}

function warn(message: string): void {
  try {
    guardStderr();
    process.emitWarning(plain(message), { type: 'LockdepWarning', code: 'LOCKDEP_UNKNOWN_OPTION' });
  } catch {
    // Somebody has replaced it: the program goes on.
  }
}
