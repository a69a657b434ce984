import { createRequire } from 'node:module';

export type Release = () => void;

/** Locks whose acquire() resolves to what releases them. */
export interface ReleaserLocks {
  readonly style: 'releaser';
  readonly Mutex: new () => {
    acquire(): Promise<Release>;
    runExclusive<T>(callback: () => T | Promise<T>): Promise<T>;
  };
  readonly Semaphore: new (permits: number) => { acquire(): Promise<[number, Release]> };
  /** Only ours. */
  readonly RWSemaphore?: new () => { acquireRead(): Promise<Release>; acquireWrite(): Promise<Release> };
}

export interface MethodLock {
  acquire(): Promise<unknown>;
  release(): void;
}

/** Locks that are released by a method. */
export interface MethodLocks {
  readonly style: 'method';
  readonly mutex: () => MethodLock;
  readonly semaphore: ((permits: number) => MethodLock) | undefined;
}

/** No lock at all: what a caller pays anyway. */
export interface NoLocks {
  readonly style: 'floor';
}

export type Locks = ReleaserLocks | MethodLocks | NoLocks;

export interface Contender {
  readonly id: string;
  /** Environment of its process. */
  readonly env: Readonly<Record<string, string>>;
  readonly load: () => Promise<Locks>;
  /** False: takes part only when asked for. */
  readonly byDefault: boolean;
}

export const FLOOR = 'floor';
export const YARDSTICK = 'async-mutex (cjs)';

const require = createRequire(import.meta.url);

/** By a name that the compiler does not follow: the package itself is built after this, and peers need not have types. */
const load = (specifier: string): Promise<unknown> => import(specifier);

interface AwaitLock {
  acquireAsync(): Promise<void>;
  release(): void;
}

async function loadAwaitLock(): Promise<MethodLocks> {
  const { default: AwaitLock } = (await load('await-lock')) as { default: new () => AwaitLock };
  const mutex = (): MethodLock => {
    const lock = new AwaitLock();
    return { acquire: () => lock.acquireAsync(), release: () => lock.release() };
  };
  return { style: 'method', mutex, semaphore: undefined };
}

async function loadAsyncSema(): Promise<MethodLocks> {
  const { Sema } = (await load('async-sema')) as { Sema: new (permits: number) => MethodLock };
  return { style: 'method', mutex: () => new Sema(1), semaphore: (permits) => new Sema(permits) };
}

type Lockdep = Omit<ReleaserLocks, 'style'> & { readonly lockdep: { readonly mode: string } };

function ours(mode: string, tracking: 'precise' | 'light', byDefault: boolean): Contender {
  const id = `lockdep ${mode}${tracking === 'light' ? ', light' : ''}`;
  const env = { LOCKDEP: mode, LOCKDEP_TRACKING: tracking };
  const loadOurs = async (): Promise<Locks> => {
    const { lockdep, Mutex, Semaphore, RWSemaphore } = (await load('lockdep')) as Lockdep;
    if (lockdep.mode !== mode) throw new Error(`${id} runs in mode ${lockdep.mode}`);
    return { style: 'releaser', Mutex, Semaphore, ...(RWSemaphore === undefined ? {} : { RWSemaphore }) };
  };
  return { id, env, load: loadOurs, byDefault };
}

function peer(id: string, loadPeer: () => Promise<Locks>): Contender {
  return { id, env: {}, load: loadPeer, byDefault: true };
}

export const CONTENDERS: readonly Contender[] = [
  peer(FLOOR, () => Promise.resolve({ style: 'floor' })),
  peer(YARDSTICK, () =>
    Promise.resolve({ style: 'releaser', ...(require('async-mutex') as Omit<ReleaserLocks, 'style'>) }),
  ),
  peer('async-mutex (esm)', async () => {
    return { style: 'releaser', ...((await load('async-mutex')) as Omit<ReleaserLocks, 'style'>) };
  }),
  peer('async-sema', loadAsyncSema),
  peer('await-lock', loadAwaitLock),
  ours('off', 'precise', true),
  ours('warn', 'light', false),
  ours('warn', 'precise', true),
  ours('enforce', 'precise', false),
];
