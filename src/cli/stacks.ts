/**
 * `lockdep stacks`: the await tree of a process that runs, or of a heap snapshot in a file.
 *
 * Guarantees: nothing is sent to a process that can not be looked into; the debugger is opened only where the user has said so, and
 * closed again. What goes wrong is one line on stderr, and exit code 3.
 */
import { parseArgs } from 'node:util';
import { checkWebSocket } from '../attach/attach-error.js';
import { EXIT_CLEAN, print, UsageError, type Command } from './command.js';
import { consentOf, lookingInto, pidOf, programOf, tell } from './process-command.js';

const help = `\
Shows what a Node process waits for: every suspended async function, equal stacks folded.

Usage: lockdep stacks [--attach] [--max-heap SIZE] [--read-time SECONDS] [--json] PID
       lockdep stacks [--json] FILE.heapsnapshot

  --attach         open the debugger port of the process if it is not open (by SIGUSR1), and
                   close it again; without this a terminal is asked
  --max-heap SIZE  refuse a heap above this size; 1G by default, as in 512M, 2G
  --read-time SECONDS
                   read positions of functions for so long at most, besides as long as the
                   snapshot took; 2 by default
  --json           print data instead of text
  -h, --help       print this text

The process need not have loaded lockdep. It is paused while V8 writes a snapshot of its heap,
which may take as much memory again, and the text says for how long. Of a file only the places
where functions begin are known.

Exit codes: 0; 2 if the command line makes no sense; 3 if the process or the file can not be
looked into.
`;

interface StacksOptions {
  readonly help: boolean;
  readonly attach: boolean;
  readonly json: boolean;
  readonly maxHeap: number;
  /** Milliseconds. */
  readonly readTime: number;
  readonly target: string;
}

function parse(words: readonly string[]): StacksOptions {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      attach: { type: 'boolean' },
      json: { type: 'boolean' },
      'max-heap': { type: 'string', default: '1G' },
      'read-time': { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const [target, ...others] = positionals;
  if (values.help !== true && target === undefined) throw new UsageError('stacks: no process and no file given');
  if (others.length > 0) throw new UsageError(`stacks: one process or file, not ${positionals.length}`);
  return {
    help: values.help === true,
    attach: values.attach === true,
    json: values.json === true,
    maxHeap: sizeOf(values['max-heap']),
    readTime: timeOf(values['read-time']),
    target: target ?? '',
  };
}

/** Each 1024 times the one before. */
const UNITS = ' KMG';

function sizeOf(text: string): number {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([KMG]?)B?$/i.exec(text) ?? [];
  const size = Number(digits) * 1024 ** UNITS.indexOf(unit.toUpperCase() || ' ');
  if (!(size > 0)) throw new UsageError(`stacks: --max-heap is '${text}'; it can be a size such as 512M or 2G`);
  return size;
}

function timeOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds <= MAX_SECONDS))
    throw new UsageError(`stacks: --read-time is '${text}'; it can be seconds, from 0 to ${MAX_SECONDS}`);
  return seconds * 1000;
}

const MAX_SECONDS = 3600;

export const stacks: Command = {
  summary: 'show what a Node process waits for',
  help,
  async run(words) {
    const options = parse(words);
    if (options.help) {
      print(help);
      return EXIT_CLEAN;
    }
    const { target, maxHeap, readTime, attach, json } = options;
    const pid = pidOf('stacks', target);
    return lookingInto(async () => {
      if (pid !== undefined) checkWebSocket();
      const { lookAt } = await import('./stacks-look.js');
      const consent = consentOf('stacks', attach);
      const { data, text } = await lookAt(pid === undefined ? target : programOf(pid), {
        maxHeap,
        readTime,
        consent,
        tell,
      });
      print(json ? `${JSON.stringify(data)}\n` : text());
    });
  },
};
