/**
 * Who holds what and who waits for whom, as data: what the wait table is made of, and what its texts are made from, in this process or
 * in one that shows another. Types alone, and the version of them.
 */
import type { HoldMode } from './types.js';

/** The version of `WaitTable`. Fields are added without a change of it. */
export const WAIT_TABLE_VERSION = 1;

/** A lock that is held or awaited. */
export interface WaitTableLock {
  /** Its number in this table. */
  readonly id: number;
  /** Printed name of its class. */
  readonly lockClass: string;
  /** The instance's own label, when it was given one. */
  readonly name?: string;
  /** What it is: `Mutex`, `WorkQueue`. */
  readonly primitive: string;
  /** How many may hold it at once. */
  readonly capacity: number;
}

/** One hold, or one wait. Times in milliseconds since the epoch. */
export interface WaitTableHold {
  /** Number of the flow. */
  readonly flow: number;
  /** Name of the task (root) that it runs in. */
  readonly task: string;
  /** Number of the lock in `locks`. */
  readonly lock: number;
  /** Printed name of the class: a subclass where the acquisition said so. */
  readonly lockClass: string;
  /** Whether others may hold it beside this flow. */
  readonly mode: HoldMode;
  /** Permits held or wanted. */
  readonly permits: number;
  /** When it was asked for. */
  readonly since: number;
  /** Where it was asked for, `file:line:column`; '' when unknown. */
  readonly site: string;
  /** False when the site is that of an earlier acquisition in the same sequence of locks. */
  readonly exact: boolean;
  /** Present where it was handed on by `transfer()`: any flow may release it. */
  readonly handedOff?: true;
}

/** One wait. */
export interface WaitTableWait extends WaitTableHold {
  /** lock: to take it. unlock: for its unlock alone. event: for a completion, or for work. */
  readonly kind: 'lock' | 'unlock' | 'event';
  /** Flows that hold what it wants, at most 32 of them. Empty: nobody is known to. */
  readonly blockedBy: readonly number[];
  /** Its place in the queue, from 1. */
  readonly position: number;
  /** Present where a timeout or a signal may end the wait. */
  readonly bounded?: true;
  /** Present where its author has said that somebody from outside ends it: the option `parked`. */
  readonly parked?: true;
}

/** One flow that holds or waits. */
export interface WaitTableFlow {
  /** Its number. */
  readonly flow: number;
  /** Name of the task (root) that it runs in. */
  readonly task: string;
  /** What it holds, outermost first. */
  readonly holds: readonly WaitTableHold[];
}

/** Who holds what and who waits for whom, at one moment. */
export interface WaitTable {
  /** 1. Fields may be added without a change of it. */
  readonly version: typeof WAIT_TABLE_VERSION;
  /** Number of the process; 0 where there is none. */
  readonly pid: number;
  /** When it was made: milliseconds since the epoch. */
  readonly at: number;
  /** All that are held or awaited. */
  readonly locks: readonly WaitTableLock[];
  /** All that hold or wait. */
  readonly flows: readonly WaitTableFlow[];
  /** Oldest first. */
  readonly waits: readonly WaitTableWait[];
  /** Circles of flows of which each waits for the next one and the last for the first. */
  readonly cycles: readonly (readonly number[])[];
}
