/**
 * Options that nobody knows: a misspelt name, or one of another version. They are ignored, so that code may name options of a
 * later version, but not in silence.
 *
 * Cost: nothing but a branch while every validator of the process is off; else a look-up per option that is given.
 */
import { plain } from '../text/plain.js';
import { sharedState } from './shared-state.js';

interface Watch {
  /** Validators that are on. */
  on: number;
  readonly told: Set<string>;
}

const watch: Watch = sharedState('lockdep.options.1', () => ({ on: 0, told: new Set<string>() }));

/** A validator has been switched on or off. */
export function watchOptions(on: boolean): void {
  watch.on += on ? 1 : -1;
}

/** Warns, once for each, of those of the options `given` to `taker` that are not `known`. */
export function noteUnknown(given: object, known: ReadonlySet<string>, taker: string): void {
  if (watch.on === 0) return;
  for (const name in given) if (!known.has(name)) tell(name, taker);
}

function tell(name: string, taker: string): void {
  const which = `${taker} ${name}`;
  if (watch.told.has(which)) return;
  watch.told.add(which);
  try {
    process.emitWarning(plain(`unknown option ${JSON.stringify(name)} of ${taker} is ignored`), {
      type: 'LockdepWarning',
      code: 'LOCKDEP_UNKNOWN_OPTION',
    });
  } catch {
    // Somebody has replaced it: the program goes on.
  }
}
