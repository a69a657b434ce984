/**
 * Signals to this process reach the program that it runs.
 *
 * Invariant: from spawn to end no signal that can be caught, and would end this process, does so: that would leave the program
 * behind. What can not be caught (SIGKILL) is seen by the program's side, see runner-watch.ts.
 */
import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';

/** Without those that tell of a fault of this process itself, those that stop it for the shell, and SIGPROF, which V8 uses. */
const PASSED_ON = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGABRT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGIO',
  'SIGPWR',
  'SIGSTKFLT',
  'SIGWINCH',
  'SIGINFO',
] as const satisfies readonly NodeJS.Signals[];

/** A terminal sends these to every process in its foreground. A second SIGINT would read as impatience. */
const OF_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH', 'SIGINFO']);

/** Returns how to stop. */
export function passSignals(child: ChildProcess): () => void {
  const known = PASSED_ON.filter((signal) => signal in constants.signals);
  const pass = (signal: NodeJS.Signals): void => {
    if (!(OF_TERMINAL.has(signal) && isatty(0))) child.kill(signal);
  };
  for (const signal of known) {
    try {
      process.on(signal, pass);
    } catch {
      // This system knows it and can not listen to it.
    }
  }
  return () => {
    for (const signal of known) process.off(signal, pass);
  };
}
