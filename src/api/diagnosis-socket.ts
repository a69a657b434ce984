/**
 * The socket by which a process that opted in (LOCKDEP_DIAG=1) says who waits for whom. Whoever connects writes the name of a method
 * of the diagnosis and a line break, and gets its JSON.
 *
 * Invariant: only the user of the process can connect: the socket (0600) is in a folder (0700) that is this user's own. It keeps no process
 * alive, not while somebody is connected either, and is gone after its end; what a crash has left is removed by the next
 * process. What fails is one warning, and disturbs nothing else. Cost: nothing while nobody asks; 5 ms at the start, for Node's module `net`.
 *
 * Of the main thread alone: a worker has no number by which it could be asked.
 */
import { showWarning } from '../platform/warnings.js';
import { builtin } from '../platform/builtin.js';
import { systemNow } from '../platform/clock.js';
import { diagnosisFolders, pidOfSocket, socketName } from '../platform/diagnosis-place.js';
import type { Diagnosis } from './diagnosis.js';

type Fs = typeof import('node:fs');
type Net = typeof import('node:net');
type Socket = import('node:net').Socket;

/** The longest question. */
const MAX_QUESTION = 64;
/** For a question to be asked, and for the answer to be read. */
const PATIENCE = 30_000;
const MAX_CONNECTIONS = 16;
/** Sockets of ended processes that a new one removes at most. */
const MAX_SWEPT = 64;

/** Loaded when they are wanted: few processes have a socket. */
interface Tools {
  readonly fs: Fs;
  readonly net: Net;
  readonly user: number;
}

/** Where LOCKDEP_DIAG asks for it. */
export function serveDiagnosis(diagnosis: Diagnosis): void {
  const setting = readSetting();
  if (setting === '' || setting === '0') return;
  try {
    if (setting !== '1') throw new Error(`it is ${JSON.stringify(setting)}, and can be 0 or 1`);
    listen(diagnosis, toolsOf());
  } catch (error) {
    tell(error);
  }
}

function readSetting(): string {
  try {
    return process.env['LOCKDEP_DIAG'] ?? '';
  } catch {
    // A runtime that keeps its environment to itself.
    return '';
  }
}

function tell(error: unknown): void {
  showWarning(
    `LOCKDEP_DIAG has no effect, so 'lockdep ps' needs --attach: ${(error as Error).message}`,
    'LOCKDEP_DIAG_FAILED',
  );
}

function toolsOf(): Tools {
  const [fs, net] = [builtin<Fs>('fs'), builtin<Net>('net')];
  const user = process.getuid?.();
  if (fs === undefined || net === undefined || user === undefined) throw new Error('this system has no unix sockets');
  return { fs, net, user };
}

function listen(diagnosis: Diagnosis, tools: Tools): void {
  const { fs, net } = tools;
  const folder = makeFolder(tools);
  const path = `${folder}/${socketName(process.pid, systemNow())}`;
  const server = net.createServer((socket) => converse(socket, diagnosis));
  server.maxConnections = MAX_CONNECTIONS;
  server.on('error', tell);
  // In a cluster the primary would listen in the place of this process.
  server.listen({ path, exclusive: true }, () => {
    try {
      fs.chmodSync(path, 0o600);
    } catch (error) {
      tell(error);
    }
    sweep(folder, path, tools);
  });
  server.unref();
  process.on('exit', () => remove(fs, path));
}

/** The first folder that this user has, or can have, for itself alone. */
function makeFolder({ fs, user }: Tools): string {
  let failure: unknown = new Error('no folder for it has a short enough name');
  for (const folder of diagnosisFolders(process.env, user)) {
    try {
      make(fs, folder);
      const found = fs.lstatSync(folder);
      if (found.uid !== user) throw new Error(`${folder} belongs to another user`);
      if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
      if ((found.mode & 0o077) !== 0) fs.chmodSync(folder, 0o700);
      return folder;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function make(fs: Fs, folder: string): void {
  try {
    fs.mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Answers one question. */
function converse(socket: Socket, diagnosis: Diagnosis): void {
  socket.unref();
  socket.setEncoding('utf8');
  // Whoever has gone away needs no answer.
  socket.on('error', () => socket.destroy());
  socket.setTimeout(PATIENCE, () => socket.destroy());
  let question = '';
  const read = (text: string): void => {
    question += text;
    const end = question.indexOf('\n');
    if (end < 0 && question.length <= MAX_QUESTION) return;
    socket.off('data', read);
    socket.resume();
    socket.end(`${answer(diagnosis, question.slice(0, Math.max(0, end)))}\n`);
  };
  socket.on('data', read);
}

function answer(diagnosis: Diagnosis, question: string): string {
  try {
    if (Object.hasOwn(diagnosis, question)) return diagnosis[question as keyof Diagnosis]();
    return JSON.stringify({ error: 'no such question' });
  } catch (error) {
    return JSON.stringify({ error: String((error as Error).message) });
  }
}

/** Removes the sockets at which nobody answers: their processes have ended without a word. */
function sweep(folder: string, own: string, { fs, net }: Tools): void {
  let names: string[] = [];
  try {
    names = fs.readdirSync(folder).filter((name) => pidOfSocket(name) !== undefined);
  } catch {
    // Somebody has removed the folder.
  }
  for (const name of names.slice(0, MAX_SWEPT)) {
    const path = `${folder}/${name}`;
    if (path === own) continue;
    const socket = net.connect(path);
    socket.unref();
    socket.on('connect', () => socket.destroy());
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED') remove(fs, path);
    });
  }
}

function remove(fs: Fs, path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // It is gone.
  }
}
