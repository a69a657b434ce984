/**
 * Runs node as a child that stands in for this process.
 *
 * Guarantees: stdio is shared; a signal to this process reaches the child, once; when a signal ends the child, the
 * same signal ends this process.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs it to its end; the result is its exit code. */
export async function runNode(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { code, signal } = await runChild(args, env);
  return code ?? endLike(signal);
}

async function runChild(args: readonly string[], env: NodeJS.ProcessEnv): Promise<End> {
  const child = spawn(process.execPath, args, { stdio: 'inherit', env });
  const forward = (signal: NodeJS.Signals): void => {
    if (!reachesChildAnyway(signal)) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return await ended(child);
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

function ended(child: ReturnType<typeof spawn>): Promise<End> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Ctrl-C at a terminal goes to every process in the foreground. A second SIGINT would read as impatience. */
function reachesChildAnyway(signal: NodeJS.Signals): boolean {
  return signal === 'SIGINT' && process.stdin.isTTY;
}

/** Where the signal does not end this process, the exit code tells of it as a shell would. */
function endLike(signal: NodeJS.Signals | null): number {
  if (signal === null) return 1;
  process.stderr.write(`lockdep: the program was ended by ${signal}, so there is no summary\n`);
  process.kill(process.pid, signal);
  return 128 + constants.signals[signal];
}
