/**
 * Runs node as a child that stands in for this process.
 *
 * Guarantees: stdio and the IPC channel are shared; a signal to this process reaches the child, once; when a signal ends the
 * child, the same signal ends this process. The child learns the id of this process, so that it can end with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { RUNNER } from '../adapters/runner-watch.js';
import { hasChannel, joinChannels, serializationOfChannel } from './channel.js';
import { passSignals } from './signals.js';

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Called with the child's id and the signal that ended it, if one did. It must not throw. */
export type AtEnd = (pid: number, signal: NodeJS.Signals | null) => Promise<void>;

/** Runs it to its end; the result is its exit code. */
export async function runNode(args: readonly string[], env: NodeJS.ProcessEnv, atEnd: AtEnd): Promise<number> {
  const { code, signal } = await runChild(args, { ...env, [RUNNER]: String(process.pid) }, atEnd);
  return code ?? endLike(signal);
}

async function runChild(args: readonly string[], env: NodeJS.ProcessEnv, atEnd: AtEnd): Promise<End> {
  const joined = hasChannel();
  const child = joined
    ? spawn(process.execPath, args, {
        stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
        env,
        serialization: serializationOfChannel(),
      })
    : spawn(process.execPath, args, { stdio: 'inherit', env });
  const stop = passSignals(child);
  try {
    const [end] = await Promise.all([ended(child), joined ? joinChannels(child) : undefined]);
    if (child.pid !== undefined) await atEnd(child.pid, end.signal);
    return end;
  } finally {
    stop();
  }
}

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve, reject) => {
    // One that runs may fail to take a signal or a message. It goes on, and so do we.
    child.on('error', (error) => child.pid === undefined && reject(error));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

/** Where the signal does not end this process, the exit code tells of it as a shell would. */
function endLike(signal: NodeJS.Signals | null): number {
  if (signal === null) return 1;
  process.kill(process.pid, signal);
  return 128 + constants.signals[signal];
}
