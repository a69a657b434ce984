/**
 * Our warnings on a stderr that nobody reads any more end nothing.
 *
 * Node's console swallows the error of its first write to a broken stderr only; that of the next one, be it the console's or a
 * warning's, is uncaught. So while a warning of ours is shown, an error of stderr is expected. Once there was one stderr is
 * broken for good, and stays expected to be: else our write would have used up the program's only one. A program that never
 * has a warning of ours, or whose stderr is in order, is left as it is.
 *
 * Cost: a listener, from the first warning on.
 */
import { afterThisTurn } from './clock.js';

let isGuarded = false;
let isBroken = false;

/** To be called before a warning with a code of ours (`LOCKDEP_`) is handed to the process, which shows it in a later turn. */
export function guardStderr(): void {
  if (isGuarded) return;
  isGuarded = true;
  // Before Node's own listener, which writes.
  process.prependListener('warning', (warning: Error & { readonly code?: unknown }) => {
    if (!isBroken && typeof warning.code === 'string' && warning.code.startsWith('LOCKDEP_')) expectError();
  });
}

function expectError(): void {
  const { stderr } = process;
  const expected = (): void => {
    isBroken = true;
  };
  stderr.on('error', expected);
  afterThisTurn(() => {
    if (!isBroken) stderr.off('error', expected);
  });
}
