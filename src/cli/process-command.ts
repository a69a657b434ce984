/** What the commands have in common that look into a process: its number, consent, and how they end where it can not be looked into. */
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { writeToStderr } from '../platform/stderr-text.js';
import { RUNNER } from '../adapters/runner-watch.js';
import { AttachError, NeedsWebSocket } from '../attach/attach-error.js';
import { childToldBy } from '../attach/proc.js';
import { plain } from '../platform/plain-text.js';
import { runNode } from './child.js';
import { EXIT_CLEAN, EXIT_UNREADABLE, UsageError } from './command.js';

/** undefined for what is no number at all. */
export function pidOf(command: string, target: string): number | undefined {
  if (!/^\d+$/.test(target)) return undefined;
  const pid = Number(target);
  if (!Number.isSafeInteger(pid) || pid < 1 || pid > 0x7fffffff)
    throw new UsageError(`${command}: ${target} is no process`);
  return pid;
}

/** The number of the only word. */
export function onlyPid(command: string, words: readonly string[]): number {
  const [target, ...others] = words;
  if (target === undefined) throw new UsageError(`${command}: no process given`);
  if (others.length > 0) throw new UsageError(`${command}: one process, not ${words.length}`);
  const pid = pidOf(command, target);
  if (pid === undefined) throw new UsageError(`${command}: '${plain(target)}' is no number of a process`);
  return pid;
}

/** A whole number from 1. */
export function countOf(command: string, option: string, text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UsageError(`${command}: ${option} is '${plain(text)}'; it can be a whole number from 1`);
  return count;
}

/** Who started a program by `lockdep run` has the number of that command: the program is meant. */
export function programOf(pid: number): number {
  return childToldBy(pid, RUNNER) ?? pid;
}

export const tell = (sentence: string): void => void writeToStderr(`lockdep: ${plain(sentence)}\n`);

/** Consent to what is done to the process: by --attach, else a terminal is asked. */
export function consentOf(command: string, attach: boolean): (what: string) => Promise<void> {
  return (what) => (attach ? Promise.resolve() : confirm(command, what));
}

async function confirm(command: string, what: string): Promise<void> {
  const refusal = `${command}: this ${what}; say --attach to have it so`;
  if (process.stdin.isTTY !== true) throw new UsageError(refusal, { hasHelp: false });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`This ${what}. Go on? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new UsageError(refusal, { hasHelp: false });
}

/** The exit code: 3 where the process can not be looked into, which is said in one line. */
export async function lookingInto(look: () => Promise<void>): Promise<number> {
  try {
    await look();
    return EXIT_CLEAN;
  } catch (error) {
    if (error instanceof NeedsWebSocket) return runAgain();
    if (!(error instanceof AttachError)) throw error;
    tell(error.message);
    return EXIT_UNREADABLE;
  }
}

/** Node 20 has a WebSocket for those who ask for it. */
function runAgain(): Promise<number> {
  const self = process.argv[1] ?? fileURLToPath(import.meta.url);
  const words = [...process.execArgv, '--experimental-websocket', self, ...process.argv.slice(2)];
  return runNode(words, process.env, () => Promise.resolve());
}
