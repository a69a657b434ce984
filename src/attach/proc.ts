/**
 * What /proc of Linux says about a process.
 *
 * Invariant: nothing here touches the process, and nothing throws for one that ends meanwhile: what can not be read is absent.
 * Cost: a few small files, and one link for each open file of the process where its ports are asked for.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcStatus {
  /** One letter: R, S, T (stopped), Z (ended, not yet waited for). */
  readonly state: string;
  /** Its number as itself sees it: in a container another one. */
  readonly ownPid: number;
  /** Bit n - 1 stands for signal n. */
  readonly caught: bigint;
}

/** A port that the process listens to. */
export interface Listener {
  /** As it stands in a URL. */
  readonly host: string;
  readonly port: number;
}

/** In the tables of sockets. */
const LISTENING = '0A';

export function hasProc(): boolean {
  return read('/proc/self/status') !== '';
}

/** undefined where there is no such process. */
export function statusOf(pid: number): ProcStatus | undefined {
  const text = read(`/proc/${pid}/status`);
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  if (text === '') return undefined;
  const inner = field('NSpid').split(/\s+/).at(-1) ?? '';
  return { state: field('State').slice(0, 1), ownPid: Number(inner) || pid, caught: hex(field('SigCgt')) };
}

const hex = (digits: string): bigint => (/^[0-9a-f]+$/.test(digits) ? BigInt(`0x${digits}`) : 0n);

/** The path of its executable, '' where that may not be known. */
export function executableOf(pid: number): string {
  return link(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, '');
}

/** Words of its command line, and those of NODE_OPTIONS in the environment that it was started with. */
export function optionsOf(pid: number): readonly string[] {
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  const set = read(`/proc/${pid}/environ`)
    .split('\0')
    .find((each) => each.startsWith('NODE_OPTIONS='));
  return [...words, ...(set?.slice('NODE_OPTIONS='.length).split(/\s+/) ?? [])];
}

/** The first of its children that it has told its number by this variable of the environment; undefined where there is none. */
export function childToldBy(pid: number, variable: string): number | undefined {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.find((child) => read(`/proc/${child}/environ`).split('\0').includes(`${variable}=${pid}`));
}

/** Whether its 127.0.0.1 is that of this process. */
export function sharesNetwork(pid: number): boolean {
  return link(`/proc/${pid}/ns/net`) === link('/proc/self/ns/net');
}

export function listenersOf(pid: number): Listener[] {
  const own = socketsOf(pid);
  return listening(pid).flatMap(({ inode, listener }) => (own.has(inode) ? [listener] : []));
}

/** Whether another process listens to the port. */
export function isTaken(pid: number, port: number): boolean {
  const own = socketsOf(pid);
  return listening(pid).some(({ inode, listener }) => listener.port === port && !own.has(inode));
}

function socketsOf(pid: number): Set<string> {
  const found = new Set<string>();
  for (const name of list(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(link(`/proc/${pid}/fd/${name}`))?.[1];
    if (inode !== undefined) found.add(inode);
  }
  return found;
}

function listening(pid: number): { inode: string; listener: Listener }[] {
  return ['tcp', 'tcp6'].flatMap((table) =>
    read(`/proc/${pid}/net/${table}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === LISTENING)
      .map((fields) => ({ inode: fields[9] ?? '', listener: listenerAt(fields[1] ?? '') })),
  );
}

/** From `0100007F:240D`: the bytes of the address are in reverse, four by four. */
function listenerAt(text: string): Listener {
  const [address = '', port = ''] = text.split(':');
  const bytes = (address.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
  const isAny = bytes.every((byte) => byte === 0);
  const isIpv6 = bytes.length > 4;
  const host = isIpv6 ? '[::1]' : isAny ? '127.0.0.1' : [...bytes].reverse().join('.');
  return { host, port: Number.parseInt(port, 16) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
