/**
 * What a program with this library says about itself when it is asked from outside.
 *
 * The interface: `globalThis[Symbol.for('lockdep.diag.1')]` is an object whose methods take nothing and return JSON as text, so that
 * neither side depends on the version of the other. Of `waits()` the fields below are read; others may be there.
 *
 * Invariant: whatever the program returns, nothing here throws; what is not as expected is left out. Pure.
 */
import { resolve } from 'node:path';
import { plain } from '../platform/plain-text.js';

/** Key of `Symbol.for`. The number changes when a method changes its meaning. */
export const DIAGNOSIS_KEY = 'lockdep.diag.1';

export interface Diagnosis {
  /** Who holds what and who waits, as `lockdep.waits()` returns it, in JSON. */
  waits(): string;
}

/** One wait for a lock, as it is shown beside a function. */
export interface LockWait {
  /** Full path. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `accounts, exclusive, held since src/a.ts:3:4 by task "main"`. */
  readonly text: string;
}

type Fields = { readonly [name: string]: unknown };

/** The waits in what `waits()` returned, where the process has this working directory. */
export function readWaits(json: unknown, directory: string): LockWait[] {
  try {
    const table = JSON.parse(String(json)) as Fields | null;
    const flows = new Map(listOf(table?.['flows']).map((flow) => [flow['flow'], flow]));
    return listOf(table?.['waits']).flatMap((wait) => {
      const site = /^(.+):(\d+):(\d+)$/.exec(textOf(wait['site']));
      if (site === null) return [];
      const [, file = '', line, column] = site;
      return {
        file: resolve(directory, file),
        line: Number(line),
        column: Number(column),
        text: describe(wait, flows),
      };
    });
  } catch {
    return [];
  }
}

function describe(wait: Fields, flows: ReadonlyMap<unknown, Fields>): string {
  const mode = textOf(wait['mode']);
  const blockers = Array.isArray(wait['blockedBy']) ? (wait['blockedBy'] as readonly unknown[]) : [];
  const [first] = blockers;
  const hold = listOf(flows.get(first)?.['holds']).find((each) => each['lock'] === wait['lock']);
  const site = textOf(hold?.['site']);
  const task = textOf(hold?.['task']);
  const parts = [`lock ${textOf(wait['lockClass']) || 'without a name'}`];
  if (mode !== '') parts.push(mode);
  if (hold !== undefined) parts.push(`held${site && ` since ${site}`}${task && ` by task "${task}"`}`);
  if (blockers.length > 1) parts.push(`and by ${blockers.length - 1} more`);
  return parts.join(', ');
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter((each): each is Fields => typeof each === 'object' && each !== null) : [];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? plain(value) : '');
