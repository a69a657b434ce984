/**
 * `lockdep ps` and `lockdep pstree`: who holds what and who waits for whom in a process that has loaded lockdep.
 *
 * Guarantees: the process is asked, and changed in nothing; its debugger is opened only where it has no socket, and the user has said so.
 * What goes wrong is one line on stderr, and exit code 3.
 */
import { parseArgs } from 'node:util';
import { EXIT_CLEAN, print, type Command } from './command.js';
import { consentOf, countOf, lookingInto, onlyPid, programOf, tell } from './process-command.js';

/** Where the answers come from: the same for all that ask. */
export const CHANNELS = `\
A process with LOCKDEP_DIAG=1 in its environment, and one under lockdep run, has a socket that
its user alone can ask. Any other one is asked by its debugger, which also answers while the
program spins: --attach opens that by SIGUSR1, and closes it again.

Exit codes: 0; 2 if the command line makes no sense; 3 if the process can not be asked.
`;

const options = (command: string): string => `\
Usage: lockdep ${command} [--attach] [--limit N] [--json] PID

  --attach    use the debugger of the process where it has no socket, or that does not answer
  --limit N   print so many lines at most; 200 by default
  --json      print data instead of text
  -h, --help  print this text
`;

interface AskedFor {
  readonly pid: number;
  readonly attach: boolean;
  readonly json: boolean;
  readonly limit: number;
}

/** undefined where help is wanted. */
function parse(command: string, words: readonly string[]): AskedFor | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      attach: { type: 'boolean' },
      json: { type: 'boolean' },
      limit: { type: 'string', default: '200' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) return undefined;
  return {
    pid: onlyPid(command, positionals),
    attach: values.attach === true,
    json: values.json === true,
    limit: countOf(command, '--limit', values.limit),
  };
}

function commandOf(name: 'ps' | 'pstree', summary: string, help: string): Command {
  return {
    summary,
    help,
    async run(words) {
      const asked = parse(name, words);
      if (asked === undefined) {
        print(help);
        return EXIT_CLEAN;
      }
      const { pid, attach, json, limit } = asked;
      return lookingInto(async () => {
        const { look, showTable, showTree } = await import('./ps-look.js');
        const seen = await look(programOf(pid), { consent: consentOf(name, attach), tell, mayAttach: attach });
        const show = name === 'ps' ? showTable : showTree;
        print(show(seen, { json, limit }));
      });
    },
  };
}

export const ps: Command = commandOf(
  'ps',
  'list the locks that a process holds and waits for',
  `\
Lists who holds what and who waits for what in a process that has loaded lockdep, oldest first,
equal lines folded with a count.

${options('ps')}
${CHANNELS}`,
);

export const pstree: Command = commandOf(
  'pstree',
  'show which flows of a process wait for which',
  `\
Shows the flows of a process that has loaded lockdep: deadlocks on top, then those that others
wait for, and below each one those that wait for it. Equal ones are folded with a count.

${options('pstree')}
${CHANNELS}`,
);
