/**
 * Warnings of this package: what shows everything that is to be said of the process, reports apart.
 *
 * Invariant: showing one never disturbs the program. A replaced `process.emitWarning` that throws reaches no caller: the text
 * goes to the console then, as it does where the runtime has no process that warns (a browser). (A throwing listener of
 * 'warning' runs later, outside of this module, and is the user's.)
 *
 * On Node, and wherever a validator is loaded, they are shown with more care (kept-warnings.ts): that much a small bundle leaves out.
 *
 * Cost: nothing until there is one. Whoever warns sees to it that this is not done without end.
 */
import { builtin } from './builtin.js';
import { plainLines } from './plain-text.js';
import { sharedState } from './shared-state.js';

export interface WarningOptions {
  readonly type: string;
  readonly code: string;
}

/** Shows a message that is plain text. */
export type Warn = (message: string, options: WarningOptions) => void;

/** What looks at the options `given` to `taker`, which knows those that are `known`: it may know them of the taker. */
export type OptionsLook = (given: object, taker: string, known?: readonly string[]) => void;

/** Of every copy of the package in the process. */
export const warnings: {
  readonly told: Set<string>;
  /** How they are shown with care; undefined where nothing has installed that. It throws nothing. */
  show: Warn | undefined;
  /** Tells of options that nobody knows; undefined while every validator of the process is off. */
  look: OptionsLook | undefined;
} = sharedState('lockdep.warnings.4', () => ({ told: new Set<string>(), show: undefined, look: undefined }));

/** Foreign words in the message need no care. */
export function showWarning(message: string, code: string): void {
  (warnings.show ?? showPlainly)(plainLines(message), { type: 'LockdepWarning', code });
}

/** One warning for each text in a process, whichever copy of the package gives it; texts that differ without end are for the caller to bound. */
export function warnOnce(message: string, code: string): void {
  if (warnings.told.has(message)) return;
  warnings.told.add(message);
  showWarning(message, code);
}

function showPlainly(message: string, options: WarningOptions): void {
  try {
    // Where there is no process this throws, as a replaced one may; other runtimes have one that can do less.
    (globalThis as unknown as { process: NodeJS.Process }).process.emitWarning(message, options);
  } catch {
    sayOnConsole(message, options);
  }
}

export function sayOnConsole(message: string, { type }: WarningOptions): void {
  try {
    console.warn(`${type}: ${message}`);
  } catch {
    // There is no further place to complain to.
  }
}

/** Anything can be thrown, even what cannot be printed. */
export function errorText(error: unknown): string {
  try {
    const inspect = builtin<typeof import('node:util')>('util')?.inspect ?? String;
    return plainLines(inspect(error));
  } catch {
    return 'an error that cannot be printed';
  }
}
