/**
 * What a shape of code runs in, and how it tells what is true where.
 *
 * A shape has two forms: one in which the code at the probes holds the lock (or is work that the holder truly waits
 * for), and its twin, the same structure where it does not. A probe compares the truth with what the public face says.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Lock } from '../../../src/api/lockdep.js';
import type { IsolatedLockdep } from '../../../src/api/isolated-lockdep.js';
import type { Mutex, Releaser } from '../../../src/index.js';
import type { KnownMiss } from './known-misses.js';

export interface Probe {
  /** Held by the running function, or provably waited for: true in precise; in light never false. */
  held(lock: Lock, at: string): void;
  /** Held by a scope that is on the async stack: true in both levels. */
  scoped(lock: Lock, at: string): void;
  /** Held, or waited for by the holder, and no proof can be had: unknown. */
  missed(kind: KnownMiss, lock: Lock, at: string): void;
  /** Not held here, and no holder waits for this: never true. */
  not(lock: Lock, at: string): void;
}

export interface World {
  readonly a: Mutex;
  readonly b: Mutex;
  readonly lockdep: IsolatedLockdep['lockdep'];
  readonly instance: IsolatedLockdep;
  readonly probe: Probe;
  /** Work that nobody in the shape waits for; it is waited for before the locks are looked at. */
  background(work: Promise<unknown>): void;
}

export type Run = (world: World) => Promise<unknown>;

export interface HeldShape {
  readonly name: string;
  readonly held: Run;
  readonly not: Run;
}

export function shape(name: string, held: Run, not: Run): HeldShape {
  return { name, held, not };
}

/** One turn of the event loop. */
export async function turn(): Promise<void> {
  await nextTurn();
}

/** Some turns: enough for whatever depends on nothing but microtasks and immediates. */
export async function turns(count = 6): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T | PromiseLike<T>) => void;
  readonly reject: (reason: unknown) => void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: Deferred<T>['resolve'];
  let reject!: Deferred<T>['reject'];
  const promise = new Promise<T>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  return { promise, resolve, reject };
}

/** An async helper that acquires at once and returns the releaser. */
export async function take(lock: Mutex): Promise<Releaser> {
  return await lock.acquire();
}

/** The same after a turn. */
export async function takeLate(lock: Mutex): Promise<Releaser> {
  await turn();
  return await lock.acquire();
}

/** Takes the lock, probes with `look`, lets go. For flows beside the one that is looked at. */
export async function holdFor(lock: Mutex, during: Promise<unknown>): Promise<void> {
  const release = await lock.acquire();
  await during;
  release();
}
