/**
 * Where a process and the tool that asks it meet: a unix socket in a folder of the user.
 *
 * Invariant: both sides come to the same names, whatever part of the environment they share: a process takes the first folder that
 * it can have, and a tool looks into all of them. Pure.
 */
type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes that the name of a socket may have on every system. */
const MAX_PATH = 100;
const SOCKET = /^(\d+)-\d+\.sock$/;

/** Folders in which the sockets of a user may be, the best one first. Others may not write into the first one. */
export function diagnosisFolders(env: Environment, user: number): string[] {
  const bases = [env['XDG_RUNTIME_DIR'], env['TMPDIR'], env['TMP'], env['TEMP'], '/tmp'];
  const folders = bases
    .filter((base) => base !== undefined && base.startsWith('/'))
    .map((base) => `${(base as string).replace(/\/+$/, '')}/lockdep-${user}`);
  return [...new Set(folders)].filter((folder) => folder.length + MAX_NAME <= MAX_PATH);
}

/** The longest name of a socket. */
const MAX_NAME = 26;

/** The time tells a process from an earlier one with its number, and from one in another container. */
export function socketName(pid: number, madeAt: number): string {
  return `${pid}-${Math.round(madeAt)}.sock`;
}

/** undefined for what is no socket of a process. */
export function pidOfSocket(name: string): number | undefined {
  const pid = SOCKET.exec(name)?.[1];
  return pid === undefined ? undefined : Number(pid);
}
