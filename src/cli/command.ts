/** What a command of the command line is, how it prints, and how it tells that it was called in a wrong way. */

export const EXIT_CLEAN = 0;
export const EXIT_USAGE = 2;
/** What was to be read, a process or a file, can not be. */
export const EXIT_UNREADABLE = 3;

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The whole help text, with a line break at the end. */
  readonly help: string;
  /** Runs it with the words behind its name; the result is the exit code. */
  run(words: readonly string[]): Promise<number>;
}

/**
 * Text for stdout. A reader that has gone away (`| head`) has seen enough. Only what prints may touch the stream: that makes a
 * pipe non-blocking, for the program that shares it too.
 */
export function print(text: string): void {
  process.stdout.on('error', () => {});
  process.stdout.write(text);
}

/** The command line, or a setting, makes no sense: shown as one line on stderr, and exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** Is the help of use? */
  readonly hasHelp: boolean;

  constructor(message: string, { hasHelp = true }: { readonly hasHelp?: boolean } = {}) {
    super(message);
    this.hasHelp = hasHelp;
  }
}
