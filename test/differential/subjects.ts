import './environment.js';
import { createRequire } from 'node:module';
import * as esm from 'async-mutex';
import type { MutexInterface, SemaphoreInterface } from 'async-mutex';
import * as ours from '../../src/index.js';
import type { FakeClock } from './fake-clock.js';

export type AnyLock = MutexInterface | SemaphoreInterface;

/** What async-mutex exports, and what a drop-in for it must export. */
export interface Library {
  readonly Mutex: new (cancelError?: Error) => MutexInterface;
  readonly Semaphore: new (value: number, cancelError?: Error) => SemaphoreInterface;
  readonly withTimeout: Decorator<[timeout: number]>;
  readonly tryAcquire: Decorator<[]>;
  readonly E_TIMEOUT: Error;
  readonly E_ALREADY_LOCKED: Error;
  readonly E_CANCELED: Error;
}

interface Decorator<Options extends readonly unknown[]> {
  (mutex: MutexInterface, ...rest: [...Options, error?: Error]): MutexInterface;
  (semaphore: SemaphoreInterface, ...rest: [...Options, error?: Error]): SemaphoreInterface;
}

/** A library in one configuration. */
export interface Subject {
  readonly name: string;
  readonly library: Library;
  /** The library to use while that clock is installed, when it is not `library` itself. */
  readonly libraryUnder?: (clock: FakeClock) => Library;
  /** Puts the library into that configuration, with nothing learned and nothing held. */
  readonly enter: () => void;
  /** The strict reports since `enter()`: what enforce mode may have thrown. */
  readonly strictReports: () => readonly string[];
}

export type Mode = 'off' | 'warn' | 'enforce';
export const MODES: readonly Mode[] = ['off', 'warn', 'enforce'];

const commonJs = createRequire(import.meta.url)('async-mutex') as Library;

export const asyncMutexEsm: Subject = plain('async-mutex (ESM build)', esm);
export const asyncMutexCommonJs: Subject = plain('async-mutex (CommonJS build)', commonJs);

export function plain(name: string, library: Library): Subject {
  return { name, library, enter: () => setMode('off'), strictReports: () => [] };
}

export function lockdepIn(mode: Mode): Subject {
  return {
    name: `lockdep (${mode})`,
    library: ours,
    enter: () => {
      setMode(mode);
      ours.lockdep.reset({ graph: true });
    },
    strictReports: () =>
      ours.lockdep
        .reports()
        .filter((report) => report.tier === 'strict')
        .map((report) => report.message),
  };
}

/** Switches the validator without forgetting what it has learned. */
export function setMode(mode: Mode): void {
  ours.lockdep.configure({ mode });
  if (ours.lockdep.mode !== mode) {
    throw new Error(
      `these tests choose the mode themselves, but it is fixed to '${ours.lockdep.mode}': unset LOCKDEP and preload nothing`,
    );
  }
}

/** Names an error by identity where the library or the program made it, else by its text. */
export function nameError(library: Library, error: unknown, own: ReadonlyMap<unknown, string>): string {
  const known = own.get(error);
  if (known !== undefined) return known;
  if (error === library.E_TIMEOUT) return 'E_TIMEOUT';
  if (error === library.E_ALREADY_LOCKED) return 'E_ALREADY_LOCKED';
  if (error === library.E_CANCELED) return 'E_CANCELED';
  if (error instanceof TypeError) return 'TypeError';
  return error instanceof Error ? `Error(${error.message})` : `not an error: ${String(error)}`;
}
