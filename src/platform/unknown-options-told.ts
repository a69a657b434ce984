/**
 * Tells of options that nobody knows, each once, while a validator of the process is on. At most MAX_UNKNOWN_OPTIONS of them are
 * named, since names may come from outside the program. One writer of the look at options: this file.
 */
import { sharedState } from './shared-state.js';
import { showWarning, warnings } from './warnings.js';

const CODE = 'LOCKDEP_UNKNOWN_OPTION';

/** Unknown options that are named in the life of a process. */
export const MAX_UNKNOWN_OPTIONS = 100;

/** Characters of it by which one is known again. */
const MAX_NAME_LENGTH = 200;

/** Options that there were, by whom they were given to: what they did is not done any more, and why. */
const GONE: Readonly<Record<string, string>> = {
  'a lock class reentrant':
    'reentrant is gone: a flow that takes a lock which it holds waits for itself for ever, and the option only hid that. Let a ' +
    'public function take the lock and call an inner one that does not',
};

interface Telling {
  /** Validators that are on. */
  on: number;
  readonly told: Set<string>;
  full: boolean;
}

const telling: Telling = sharedState('lockdep.options.told.1', () => ({
  on: 0,
  told: new Set<string>(),
  full: false,
}));

/** Those who take options without saying which they know, by the names that they go by. */
export type Takers = Readonly<Record<string, { readonly title: string; readonly known: readonly string[] }>>;

/** A validator has been switched on or off. */
export function watchOptions(on: boolean, takers: Takers): void {
  telling.on += on ? 1 : -1;
  warnings.look = telling.on === 0 ? undefined : (...asked) => look(takers, ...asked);
}

function look(takers: Takers, given: object, taker: string, named?: readonly string[]): void {
  if (telling.full) return;
  const { title = taker, known = named ?? [] } = takers[taker] ?? {};
  for (const name in given) if (!known.includes(name)) tell(name, title);
}

function tell(name: string, taker: string): void {
  const which = `${taker} ${name}`.slice(0, MAX_NAME_LENGTH);
  if (telling.full || telling.told.has(which)) return;
  if (telling.told.size < MAX_UNKNOWN_OPTIONS) {
    telling.told.add(which);
    showWarning(GONE[which] ?? `unknown option ${JSON.stringify(name)} of ${taker} is ignored`, CODE);
    return;
  }
  telling.full = true;
  telling.told.clear();
  showWarning(
    `MAX_UNKNOWN_OPTIONS is reached: further unknown options, after ${MAX_UNKNOWN_OPTIONS}, are ignored unnamed`,
    CODE,
  );
}
