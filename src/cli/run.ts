/**
 * `lockdep run`: a program with every `async-mutex` in it tracked, and a summary at its end.
 *
 * Guarantees: the program is the one that node would have run, with the same stdio, IPC channel, arguments and node options; its
 * exit code, or the signal that ended it, is the result. Only the preload and the LOCKDEP variables are added.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { JOURNAL } from '../adapters/run-record.js';
import { writeToStderr } from '../platform/stderr-text.js';
import { removeSocketsOf } from '../attach/ask-socket.js';
import { runNode } from './child.js';
import { plain } from '../platform/plain-text.js';
import { EXIT_CLEAN, print, UsageError, type Command } from './command.js';
import { leftText, type EndedRun } from './left-records.js';

/** Settings of the environment: the values that they can have. Empty is as unset. */
const SETTINGS: Readonly<Record<string, readonly string[]>> = {
  LOCKDEP: ['off', 'warn', 'enforce'],
  LOCKDEP_TRACKING: ['precise', 'light'],
  LOCKDEP_DIAG: ['0', '1'],
};

const help = `\
Runs a program with lock tracking on, and prints a summary at its end.

Usage: lockdep run [--enforce] [--out DIR] [--] script.js [argument...]

  --enforce   fail the call that would break the lock order, instead of reporting it only
  --out DIR   write reports and waits to DIR/lockdep-<pid>.json, also while the program runs
  -h, --help  print this text

Every use of async-mutex in the process and in its worker threads is tracked, and so is what
the program takes from lockdep itself. Child processes are tracked if they are started by fork()
or cluster, which pass node's options on; each prints a summary of its own. Node options may
stand before the script: lockdep run -- --expose-gc script.js

LOCKDEP=off|warn|enforce in the environment is kept, unless --enforce is given. Unless
LOCKDEP_DIAG=0 is set, lockdep ps, pstree and top can ask the program while it runs. Signals and the
IPC channel that this command was started with are passed on to the program.

Behind the summary comes who waits for whom, if anybody does, also where a signal has ended the
program, SIGKILL among them.

Exit codes: that of the program; 1 if it ended with 0 and there are strict reports; 2 if the
script does not exist or the command line or a setting makes no sense.
`;

interface RunOptions {
  readonly help: boolean;
  readonly enforce: boolean;
  readonly out: string | undefined;
  /** What goes to node: its options, the script, the arguments of the script. */
  readonly program: readonly string[];
}

/** Everything from the first word that is no option of ours belongs to the program. */
function parse(words: readonly string[]): RunOptions {
  let end = 0;
  while (end < words.length && words[end]?.startsWith('-') === true && words[end] !== '--') {
    end += words[end] === '--out' ? 2 : 1;
  }
  const { values } = parseArgs({
    args: words.slice(0, end),
    options: {
      enforce: { type: 'boolean' },
      out: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const rest = words.slice(words[end] === '--' ? end + 1 : end);
  const program = rest[0] === 'node' ? rest.slice(1) : rest;
  return { help: values.help === true, enforce: values.enforce === true, out: values.out, program };
}

/** Node would say so too, but with exit code 1, which here means strict reports. */
function checkScript(program: readonly string[]): void {
  const script = program[0];
  if (script === undefined) throw new UsageError('run: no script given');
  // Which word is the script cannot be told behind options of node: some take the next word.
  if (script.startsWith('-')) return;
  const path = resolve(script);
  try {
    createRequire(path).resolve(path);
  } catch {
    throw new UsageError(`run: script not found: ${path}`);
  }
}

function makeFolder(out: string): void {
  const folder = resolve(out);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`run: cannot write to ${folder}: ${(error as Error).message}`);
  }
}

/** The program would fail on them as it starts, with a stack that is about neither. */
function checkSettings(): void {
  for (const [name, values] of Object.entries(SETTINGS)) {
    const value = process.env[name] ?? '';
    if (value !== '' && !values.includes(value)) {
      throw new UsageError(`run: ${name} is '${value}'; it can be ${values.join(', ')}`, { hasHelp: false });
    }
  }
}

function modeFor(enforce: boolean): string {
  if (enforce) return 'enforce';
  const asked = process.env['LOCKDEP'] ?? '';
  if (asked === 'off') writeToStderr('lockdep: LOCKDEP=off is set, so the program runs without tracking\n');
  return asked === '' ? 'warn' : asked;
}

/**
 * The option of node that preloads this package. By --require: with --import Node takes the script for an ES module too, which
 * fails for extensions that only a hook of `require` knows (ts-node), or nobody.
 */
const PRELOAD: readonly string[] = ['--require', fileURLToPath(new URL('../register.js', import.meta.url))];

/** Where the processes of this run keep what they would say; undefined where nothing is tracked, or no folder can be had. */
interface Journal {
  readonly folder: string;
  readonly isTemporary: boolean;
}

function journalFor(out: string | undefined, mode: string): Journal | undefined {
  if (mode === 'off') return undefined;
  const given = out ?? process.env['LOCKDEP_OUT'] ?? '';
  if (given !== '') return { folder: resolve(given), isTemporary: false };
  try {
    return { folder: mkdtempSync(join(tmpdir(), 'lockdep-run-')), isTemporary: true };
  } catch (error) {
    const reason = plain((error as Error).message);
    writeToStderr(`lockdep: without a folder for it, an end by a signal will have no summary: ${reason}\n`);
    return undefined;
  }
}

/** Shows what the processes of the run have left, now that the program has ended. */
async function showLeft(journal: Journal | undefined, ended: Omit<EndedRun, 'folder'>): Promise<void> {
  const { signal } = ended;
  if (journal === undefined) {
    if (signal !== null) writeToStderr(`lockdep: the program was ended by ${signal}, so there is no summary\n`);
    return;
  }
  writeToStderr(await leftText({ ...ended, folder: journal.folder }));
  if (!journal.isTemporary) return;
  try {
    rmSync(journal.folder, { recursive: true, force: true });
  } catch {
    // A process that outlives the program writes there.
  }
}

async function runProgram({ program, enforce, out }: RunOptions): Promise<number> {
  const mode = modeFor(enforce);
  if (out !== undefined) makeFolder(out);
  const journal = journalFor(out, mode);
  const env: NodeJS.ProcessEnv = { ...process.env, LOCKDEP: mode, LOCKDEP_SUMMARY: '1' };
  env['LOCKDEP_DIAG'] ||= '1';
  if (journal !== undefined) env[journal.isTemporary ? JOURNAL : 'LOCKDEP_OUT'] = journal.folder;
  const since = Date.now();
  return runNode([...PRELOAD, ...process.execArgv, ...program], env, (pid, signal) => {
    // A signal leaves the program no time to do so.
    removeSocketsOf(pid);
    return showLeft(journal, { since, pid, signal });
  });
}

export const run: Command = {
  summary: 'run a program with lock tracking on',
  help,
  async run(words) {
    const options = parse(words);
    if (options.help) {
      print(help);
      return EXIT_CLEAN;
    }
    checkScript(options.program);
    checkSettings();
    return runProgram(options);
  },
};
