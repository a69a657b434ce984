#!/usr/bin/env node
/**
 * The command line `lockdep`.
 *
 * Guarantees: what a program can read goes to stdout, everything else to stderr; help that was asked for is the
 * former, a mistake in usage the latter. Exit codes: 0 clean, 1 strict reports, 2 usage, 3 unreadable input; `run`
 * passes on those of the program it runs.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { EXIT_CLEAN, EXIT_USAGE, print, UsageError, type Command } from './command.js';
import { writeToStderr } from '../platform/stderr-text.js';
import { plain } from '../platform/plain-text.js';
import { ps, pstree } from './ps.js';
import { run } from './run.js';
import { stacks } from './stacks.js';
import { top } from './top.js';

const commands: ReadonlyMap<string, Command> = new Map([
  ['run', run],
  ['ps', ps],
  ['pstree', pstree],
  ['top', top],
  ['stacks', stacks],
]);

function help(): string {
  const width = Math.max(...[...commands.keys()].map((name) => name.length));
  const list = [...commands].map(([name, command]) => `  ${name.padEnd(width)}  ${command.summary}\n`);
  return `\
Finds deadlocks that could happen, from runs in which they did not.

Usage: lockdep <command> [options]
       lockdep --help | --version

Commands:
${list.join('')}
lockdep <command> --help tells more about a command.
`;
}

function version(): string {
  const manifest = readFileSync(createRequire(import.meta.url).resolve('lockdep/package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Options that stand before, or without, a command. */
function general(words: readonly string[]): number {
  const options = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } as const;
  const { values } = parseArgs({ args: [...words], options });
  if (values.help !== true && values.version !== true) throw new UsageError('no command given');
  print(values.help === true ? help() : `${version()}\n`);
  return EXIT_CLEAN;
}

async function dispatch([first, ...rest]: readonly string[]): Promise<number> {
  if (first === undefined || first.startsWith('-')) return general(first === undefined ? [] : [first, ...rest]);
  const command = commands.get(first);
  if (command === undefined) throw new UsageError(`unknown command '${first}'`);
  return command.run(rest);
}

function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS_');
}

async function main(): Promise<void> {
  try {
    process.exitCode = await dispatch(process.argv.slice(2));
  } catch (error) {
    if (!isUsageError(error)) throw error;
    const help = error instanceof UsageError && !error.hasHelp ? '' : "Try 'lockdep --help'.\n";
    writeToStderr(`lockdep: ${plain(error.message)}\n${help}`);
    process.exitCode = EXIT_USAGE;
  }
}

void main();
