/**
 * Is this a process that can be looked into? Asked before anything is sent to it.
 *
 * Invariant: a process that passes is Node's, runs, may be signalled by this user, and catches SIGUSR1 or listens to a debugger
 * already. SIGUSR1 ends a process that does not catch it, so that is read from /proc first. Where there is no /proc, no
 * signal is sent at all.
 *
 * Cost: a few files of /proc; the executable is searched (100 ms for 100 MB) where its name is not Node's.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { basename } from 'node:path';
import { AttachError } from './attach-error.js';
import { executableOf, hasProc, sharesNetwork, statusOf } from './proc.js';

export interface Target {
  readonly pid: number;
  /** The number that the process knows itself by. */
  readonly ownPid: number;
  /** Does it take SIGUSR1? Never true without /proc. */
  readonly takesSignal: boolean;
  readonly hasProc: boolean;
}

const SIGUSR1 = 10n;

/** Throws an AttachError where it is none. */
export function checkTarget(pid: number): Target {
  if (pid === process.pid) throw new AttachError(`${pid} is this very process`);
  checkExists(pid);
  if (!hasProc()) return { pid, ownPid: pid, takesSignal: false, hasProc: false };
  const status = statusOf(pid);
  if (status === undefined || status.state === 'Z') throw gone(pid);
  if (!isNode(pid)) throw new AttachError(`process ${pid} does not run Node (${executableOf(pid) || 'not known'})`);
  if (status.state === 'T') throw new AttachError(`process ${pid} is stopped; it answers once it goes on (kill -CONT)`);
  if (!sharesNetwork(pid)) {
    throw new AttachError(`process ${pid} is in a network namespace of its own: call lockdep inside that container`);
  }
  const takesSignal = ((status.caught >> (SIGUSR1 - 1n)) & 1n) === 1n;
  return { pid, ownPid: status.ownPid, takesSignal, hasProc: true };
}

const gone = (pid: number): AttachError => new AttachError(`no process has the number ${pid}`);

function checkExists(pid: number): void {
  try {
    process.kill(pid, 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EPERM') throw new AttachError(`process ${pid} belongs to another user`);
    throw gone(pid);
  }
}

/** False also for one that has ended and is not yet waited for. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return statusOf(pid)?.state !== 'Z';
}

function isNode(pid: number): boolean {
  const path = executableOf(pid);
  return /^node(js)?([\d.-]|$)/.test(basename(path)) || contains(`/proc/${pid}/exe`, MARK);
}

/** A variable that every Node reads at its start; other runtimes do not. */
const MARK = Buffer.from('NODE_PENDING_DEPRECATION');
const PIECE = 1 << 20;

function contains(path: string, mark: Buffer): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const buffer = Buffer.alloc(PIECE + mark.length);
    for (let at = 0, length = -1; length !== 0; at += PIECE) {
      length = readSync(file, buffer, 0, buffer.length, at);
      if (buffer.subarray(0, length).includes(mark)) return true;
    }
  } catch {
    // It may not be read, so nothing is known of it.
  } finally {
    if (file !== undefined) closeSync(file);
  }
  return false;
}
