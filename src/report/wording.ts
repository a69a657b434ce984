/**
 * The small words of a text report: names, places, plurals, wrapping.
 *
 * Invariant: what comes out is plain text on lines of the writer's choosing; a name that holds control characters cannot
 * break a line or colour the terminal. Pure functions, linear in their text.
 */
import { plain } from '../platform/plain-text.js';
import type { LockUse, Permits } from './types.js';

/** Columns that a report is laid out for. Only names and paths longer than that exceed it. */
export const REPORT_WIDTH = 100;

export { plain } from '../platform/plain-text.js';

/** `accounts "checking"`: the class, and the instance's label when it has one. */
export function lockName(use: LockUse): string {
  const label = use.name === undefined ? '' : ` "${plain(use.name)}"`;
  return plain(use.lockClass) + label;
}

/** `accounts "checking", exclusive`, with the evidence when the hold is not the flow's own. */
export function lockText(use: LockUse): string {
  const evidence = use.evidence === 'own' ? '' : `, inherited (${use.evidence})`;
  const { permits } = use;
  return `${lockName(use)}, ${permits === undefined ? use.mode : permitsText(permits)}${evidence}`;
}

/** `1 of 3 permits`. */
export function permitsText({ count, of }: Permits): string {
  return `${count} of ${of} permits`;
}

/** The call as a scenario shows it: `lock(pool)`, `lock(pool: 2 of 5)`. `label` tells two locks of the class apart. */
export function lockCall({ lockClass, mode, permits, forUnlock }: LockUse, label = ''): string {
  const count = permits === undefined ? '' : `: ${permits.count} of ${permits.of}`;
  const call = forUnlock === true ? 'waitForUnlock' : mode === 'shared' ? 'rlock' : 'lock';
  return `${call}(${plain(lockClass)}${label}${count})`;
}

/** The site for use inside a sentence. */
export function placeText(use: LockUse): string {
  return use.site === '' ? 'an unknown place' : plain(use.site);
}

/** The note behind a position that belongs to an earlier run through the same sequence of locks; '' when it is this very one. */
export function exactnessNote(use: LockUse): string {
  return use.exact ? '' : ' (as first seen in this sequence; not this acquisition)';
}

/** `at src/accounts.ts:12:18`, honest about a position that is unknown or not this acquisition's. */
export function siteLine(use: LockUse): string {
  return use.site === '' ? '(site unknown)' : `at ${plain(use.site)}${exactnessNote(use)}`;
}

/** Which of the locks that were made at one place it is, where that is in question. */
export function madeLine({ made }: LockUse): string[] {
  return made === undefined ? [] : [`made as ${made}`];
}

/** The frames, one per line, or the note that there are none. */
export function stackText(use: LockUse | undefined): string[] {
  if (use === undefined || use.stack.length === 0) return ['(no stack captured)'];
  return use.stack.map((line) => `at ${plain(line)}`);
}

/** `1 lock`, `2 locks`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function indent(lines: readonly string[], columns: number): string[] {
  const blank = ' '.repeat(columns);
  return lines.map((line) => blank + line);
}

/** Breaks at spaces only, so that a `file:line:column` stays whole; the lines after the first are indented. */
export function wrap(text: string, hanging = 0): string[] {
  const lines: string[] = [];
  let line = '';
  let isBlank = true;
  for (const word of text.split(' ')) {
    if (!isBlank && line.length + 1 + word.length > REPORT_WIDTH) {
      lines.push(line);
      line = ' '.repeat(hanging) + word;
      isBlank = word === '';
    } else {
      line = line === '' ? word : `${line} ${word}`;
      isBlank &&= word === '';
    }
  }
  lines.push(line);
  return lines;
}
