/**
 * What a program with this library says about itself when it is asked from outside.
 *
 * The interface: `globalThis[Symbol.for('lockdep.diag.1')]` is an object whose methods take nothing and return JSON as text, so that
 * neither side depends on the version of the other. Of `waits()` the fields below are read; others may be there.
 *
 * Invariant: whatever the program returns, what comes out is of its type and plain text; what is not as expected is left out. Pure.
 */
import { resolve } from 'node:path';
import { describe } from '../platform/describe.js';
import { plain } from '../platform/plain-text.js';
import { WAIT_TABLE_VERSION, type WaitTable, type WaitTableHold } from '../report/wait-data.js';
import { AttachError } from './attach-error.js';

/** Key of `Symbol.for`. The number changes when a method changes its meaning. */
export const DIAGNOSIS_KEY = 'lockdep.diag.1';

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
        text: waitText(wait, flows),
      };
    });
  } catch {
    return [];
  }
}

function waitText(wait: Fields, flows: ReadonlyMap<unknown, Fields>): string {
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

/** How a program follows its locks. */
export interface About {
  /** '' where it does not say. */
  readonly mode: string;
  readonly tracking: string;
  readonly reports: number;
  readonly holdsMade: number;
}

/** What `about()` returned. Throws an AttachError for what is no answer at all. */
export function readAbout(json: string): About {
  const answer = answerIn(json);
  return {
    mode: textOf(answer['mode']),
    tracking: textOf(answer['tracking']),
    reports: numberOf(answer['reports']),
    holdsMade: numberOf(answer['holdsMade']),
  };
}

/** What `waits()` returned, each field of its type. Throws an AttachError for what is no table, or one of a later version. */
export function readTable(json: string): WaitTable {
  const answer = answerIn(json);
  if (answer['version'] !== WAIT_TABLE_VERSION) {
    throw new AttachError(`the process answers in another version: ${describe(answer['version'])}`);
  }
  return {
    version: WAIT_TABLE_VERSION,
    pid: numberOf(answer['pid']),
    at: numberOf(answer['at']),
    locks: listOf(answer['locks']).map((lock) => ({
      id: numberOf(lock['id']),
      lockClass: textOf(lock['lockClass']),
      primitive: textOf(lock['primitive']),
      capacity: numberOf(lock['capacity']),
      ...(typeof lock['name'] === 'string' ? { name: plain(lock['name']) } : {}),
    })),
    flows: listOf(answer['flows']).map((flow) => ({
      flow: numberOf(flow['flow']),
      task: textOf(flow['task']),
      holds: listOf(flow['holds']).map(holdIn),
    })),
    waits: listOf(answer['waits']).map((wait) => ({
      ...holdIn(wait),
      kind: wait['kind'] === 'unlock' || wait['kind'] === 'event' ? wait['kind'] : 'lock',
      blockedBy: numbersOf(wait['blockedBy']),
      position: numberOf(wait['position']),
      ...(wait['bounded'] === true ? { bounded: true as const } : {}),
      ...(wait['parked'] === true ? { parked: true as const } : {}),
    })),
    cycles: Array.isArray(answer['cycles']) ? answer['cycles'].map(numbersOf) : [],
  };
}

function holdIn(row: Fields): WaitTableHold {
  return {
    flow: numberOf(row['flow']),
    task: textOf(row['task']),
    lock: numberOf(row['lock']),
    lockClass: textOf(row['lockClass']),
    mode: row['mode'] === 'shared' ? 'shared' : 'exclusive',
    permits: numberOf(row['permits']),
    since: numberOf(row['since']),
    site: textOf(row['site']),
    exact: row['exact'] === true,
    ...(row['handedOff'] === true ? { handedOff: true as const } : {}),
  };
}

function answerIn(json: string): Fields {
  let answer: unknown;
  try {
    answer = JSON.parse(json);
  } catch {
    throw new AttachError('the process answers what is no JSON');
  }
  if (typeof answer !== 'object' || answer === null) throw new AttachError('the process answers nothing of use');
  const { error } = answer as Fields;
  if (error !== undefined) throw new AttachError(`the process could not answer: ${textOf(error)}`);
  return answer as Fields;
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
const numbersOf = (value: unknown): number[] => (Array.isArray(value) ? value.map(numberOf) : []);
