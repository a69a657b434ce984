/**
 * `lockdep top`: what `lockdep ps` shows, again and again.
 *
 * Guarantees: the terminal is left as it was; the process is asked once in an interval, and not at all while it is paused. The end of the process
 * ends this, with exit code 0.
 */
import { parseArgs } from 'node:util';
import { EXIT_CLEAN, print, UsageError, type Command } from './command.js';
import { consentOf, countOf, lookingInto, onlyPid, programOf, tell } from './process-command.js';
import { CHANNELS } from './ps.js';

const help = `\
Shows who holds what and who waits for what in a process that has loaded lockdep, once a second.

Usage: lockdep top [--attach] [--interval SECONDS] [--count N] [--json] PID

  --attach            use the debugger of the process where it has no socket; it stays open
                      while this runs
  --interval SECONDS  from 0.1 to 3600; 1 by default
  --count N           end after so many frames
  --json              print a line of data for each frame
  -h, --help          print this text

Keys: q quits, s sorts by age, count or lock, p pauses. Where stdout is no terminal the frames
are printed one below the other.

${CHANNELS}`;

interface TopOptions {
  readonly pid: number;
  readonly attach: boolean;
  readonly json: boolean;
  /** Milliseconds. */
  readonly interval: number;
  readonly count: number;
}

/** undefined where help is wanted. */
function parse(words: readonly string[]): TopOptions | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      attach: { type: 'boolean' },
      json: { type: 'boolean' },
      interval: { type: 'string', default: '1' },
      count: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  return {
    pid: onlyPid('top', positionals),
    attach: values.attach === true,
    json: values.json === true,
    interval: intervalOf(values.interval),
    count: values.count === undefined ? Infinity : countOf('top', '--count', values.count),
  };
}

function intervalOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (!(seconds >= 0.1 && seconds <= 3600))
    throw new UsageError(`top: --interval is '${text}'; it can be seconds, from 0.1 to 3600`);
  return seconds * 1000;
}

export const top: Command = {
  summary: 'watch the locks of a process',
  help,
  async run(words) {
    const options = parse(words);
    if (options === undefined) {
      print(help);
      return EXIT_CLEAN;
    }
    const { attach } = options;
    return lookingInto(async () => {
      const { watch } = await import('./top-watch.js');
      await watch(
        { ...options, pid: programOf(options.pid) },
        { consent: consentOf('top', attach), tell, mayAttach: attach },
      );
    });
  },
};
