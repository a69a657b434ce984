/**
 * Asks a process over the socket that it opened for that.
 *
 * Invariant: nothing is taken from a socket in a folder that others may write into. A socket at which nobody answers is as none: its process
 * has ended. Cost: 2 to 8 ms for a question.
 */
import { lstatSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { diagnosisFolders, pidOfSocket } from '../platform/diagnosis-place.js';
import { AttachError } from './attach-error.js';

/** A table of 100,000 waits has 30 MB. */
const MAX_ANSWER = 1 << 29;

/** Sockets of the process, the newest one first. */
export function socketsOf(pid: number): string[] {
  return folders(pid).flatMap(({ folder, user }) => {
    try {
      const { mode, uid } = lstatSync(folder);
      if (uid !== user || (mode & 0o077) !== 0) return [];
      const names = readdirSync(folder).filter((name) => pidOfSocket(name) === pid);
      return names
        .sort()
        .reverse()
        .map((name) => `${folder}/${name}`);
    } catch {
      return [];
    }
  });
}

/** Removes what a process that has ended may have left. */
export function removeSocketsOf(pid: number): void {
  for (const path of socketsOf(pid)) rmSync(path, { force: true });
}

interface Folder {
  readonly folder: string;
  /** Whose it has to be. */
  readonly user: number;
}

/** By the environment of this process, and by that of the other one; of this user, and of the other one's. */
function folders(pid: number): Folder[] {
  const found = new Map<string, Folder>();
  for (const user of new Set([process.getuid?.() ?? -1, ownerOf(pid)])) {
    if (user < 0) continue;
    for (const env of [process.env, { XDG_RUNTIME_DIR: `/run/user/${user}` }, environmentOf(pid)]) {
      for (const folder of diagnosisFolders(env, user)) found.set(folder, { folder, user });
    }
  }
  return [...found.values()];
}

function ownerOf(pid: number): number {
  try {
    return statSync(`/proc/${pid}`).uid;
  } catch {
    return -1;
  }
}

function environmentOf(pid: number): Readonly<Record<string, string>> {
  try {
    const words = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return Object.fromEntries(words.map((word) => [word.replace(/=.*/s, ''), word.replace(/^[^=]*=?/, '')]));
  } catch {
    return {};
  }
}

/** The answer; undefined where nobody listens. Throws an AttachError where none comes within so many milliseconds. */
export async function askSocket(path: string, question: string, patience: number): Promise<string | undefined> {
  const pieces: string[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (reason: string): void => {
      socket.destroy();
      reject(new AttachError(reason));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(patience, () => fail(BUSY));
    socket.on('connect', () => socket.end(`${question}\n`));
    socket.on('data', (piece: string) => {
      pieces.push(piece);
      length += piece.length;
      if (length > MAX_ANSWER) fail('the process answers without an end');
    });
    socket.on('end', () => (length === 0 ? fail('the process has ended') : resolve(pieces.join(''))));
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined);
      else fail(code === 'ECONNRESET' || code === 'EPIPE' ? 'the process has ended' : message);
    });
  });
}

export const BUSY = 'the process does not answer: its event loop is busy, or it is stopped';
