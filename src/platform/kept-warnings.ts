/**
 * Warnings with care: none is lost, and none ends the program.
 *
 * Invariant: showing one never disturbs the program. A replaced `process.emitWarning` that throws reaches no caller: the text
 * goes to stderr then, and a stderr that nobody reads ends nothing. (A throwing listener of 'warning' runs later, outside of this
 * module, and is the user's.) What is handed to the process is shown also where it exits in the same turn.
 *
 * Where the runtime has no process that warns (a browser), the console shows them.
 *
 * Cost: a listener or two, from the first warning on. Whoever warns sees to it that this is not done without end.
 */
import { builtin } from './builtin.js';
import { guardStderr } from './stderr-guard.js';
import { sayOnConsole, warnings, type Warn, type WarningOptions } from './warnings.js';

/** From now on all warnings of the process, whichever copy of the package has them, are shown so. */
export function keepWarnings(): void {
  warnings.show ??= (message, options) => contained(processWarning, message, options.code);
}

/** Lets `warn` show what is plain text; what it does not show goes to stderr. */
export function contained(warn: Warn, message: string, code: string): void {
  try {
    warn(message, { type: 'LockdepWarning', code });
  } catch {
    unshown.delete(message);
    writeWarning(message);
  }
}

/** undefined in a browser; other runtimes have one that can do less. */
const host = (globalThis as { readonly process?: NodeJS.Process }).process;
const emitWarning = host?.emitWarning;
/** Handed to the process and not shown yet, by their messages. */
const unshown = new Map<string, WarningOptions>();
let watching = false;

export function processWarning(message: string, options: WarningOptions): void {
  if (host?.emitWarning === undefined) {
    sayOnConsole(message, options);
    return;
  }
  // Where somebody has replaced it, showing is theirs.
  if (host.emitWarning === emitWarning) {
    if ((host as { readonly _exiting?: boolean })._exiting === true) {
      showNow(message, options);
      return;
    }
    guardStderr();
    watchExit(host);
    unshown.set(message, options);
  }
  host.emitWarning(message, options);
}

/** A warning is shown in a later turn. A process that exits in this one would take the report with it. */
function watchExit(process: NodeJS.Process): void {
  if (watching) return;
  watching = true;
  process.on('warning', ({ message }) => unshown.delete(message));
  process.on('exit', () => {
    for (const [message, options] of unshown) showNow(message, options);
  });
}

/**
 * For a process that has no later turn. Node's own listener shows it then too, if there is one: it knows of --no-warnings,
 * --disable-warning and --redirect-warnings.
 */
function showNow(message: string, { type, code }: WarningOptions): void {
  const stack = `${type}: ${message}`;
  try {
    host?.emit('warning', Object.assign(new Error(message), { name: type, code, stack }));
  } catch {
    // A listener that throws, or stderr: the process ends as it would have.
  }
}

/** The last resort. */
function writeWarning(message: string): void {
  try {
    const files = builtin<typeof import('node:fs')>('fs');
    files?.writeSync(host?.stderr.fd ?? 2, `LockdepWarning: ${message}\n`);
  } catch {
    // There is no further place to complain to.
  }
}
