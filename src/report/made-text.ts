/**
 * Which of several locks that were made at one place: `permits in Pool, src/app.ts:6:18`.
 *
 * The name is the variable or field that the source assigns the lock to, the rest is how it was made (model/making.ts). What
 * a constructor makes in turn is named likewise: `permits in Pool readers in App, src/app.ts:6:18`.
 * Where two locks of a report read alike, or nothing is known of the making, the number of the lock is added.
 *
 * Cost: the source file of the place is read, once a report. It may be anything: at most MAX_SOURCE_BYTES of a regular file
 * are looked at, and where there is no such line the kind of the lock stands for its name. Nothing here throws.
 */
import { isAbsolute } from 'node:path';
import type { ConstructionSite } from '../model/lock-class.js';
import { plain } from '../platform/plain-text.js';
import { readBoundedFile } from '../platform/bounded-file.js';
import { filePath } from '../platform/file-path.js';
import { originalFrame } from '../platform/source-map.js';
import { sitePosition } from './stack-text.js';
import type { MadeLock } from './types.js';

/** A larger source file is not read for the name of a lock. */
export const MAX_SOURCE_BYTES: number = 1024 * 1024;
/** So much of a line is looked at before the place of construction. */
const MAX_BEFORE = 200;

/** The texts for the locks of one report. */
export class MadeTexts {
  readonly #texts = new Map<string, Set<number>>();

  /** Takes note of a lock that the report is about; `of` has its text when all were noted. */
  note(made: MadeLock): void {
    const text = describe(made);
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, new Set([made.ordinal]));
    else known.add(made.ordinal);
  }

  of(made: MadeLock): string {
    const text = describe(made);
    const isClear = made.making !== undefined && (this.#texts.get(text)?.size ?? 1) < 2;
    return isClear ? text : `${text}, lock ${made.nth} of those made there`;
  }
}

function describe({ place, making, primitive }: MadeLock): string {
  const name = assignedAt(place) ?? primitive;
  if (making === undefined) return plain(`${name}, ${sitePosition(place)}`);
  const makers = making.makers.map((maker, at) => {
    const call = making.calls[at];
    const part = [maker, call === undefined ? undefined : assignedAt(call)].filter(Boolean);
    return part.length === 0 ? '' : ` in ${part.join(' ')}`;
  });
  return plain(`${name}${makers.join('')}, ${sitePosition(making.site)}`);
}

/** The name that the source gives to what is constructed there; undefined where it is not seen. */
function assignedAt({ file, line, column }: ConstructionSite): string | undefined {
  const frame = originalFrame({ functionName: '', file, line, column, isAsync: false });
  const text = lineOf(frame.file, frame.line);
  return text === undefined
    ? undefined
    : assignedName(text.slice(Math.max(0, frame.column - 1 - MAX_BEFORE), frame.column - 1));
}

function lineOf(file: string, line: number): string | undefined {
  try {
    const path = filePath(file);
    return isAbsolute(path) ? readBoundedFile(path, MAX_SOURCE_BYTES)?.split('\n', line)[line - 1] : undefined;
  } catch {
    return undefined;
  }
}

const WORD = /[\p{ID_Continue}$#]/u;

/**
 * Of the code before a `new`, what the new object is assigned to: `permits` of `readonly permits: Semaphore =`, of
 * `this.#permits =` and of `permits:`.
 */
export function assignedName(before: string): string | undefined {
  const code = before.trimEnd();
  // The other branch of a choice is a value, and no name.
  if (code.endsWith(':')) return /\?[^{,;]*$/.test(code) ? undefined : lastWord(code.slice(0, -1));
  if (!code.endsWith('=') || /[=!<>]=$/.test(code)) return undefined;
  const target = code.replace(/[?&|]{0,2}=$/, '');
  // A type between name and `=` is the last that a colon leads to; a colon further left is another one's.
  const colon = target.lastIndexOf(':');
  const typed = colon !== -1 && !/[;,{}()=]/.test(target.slice(colon).replace(/<[^<>]*>/g, ''));
  return lastWord(typed ? target.slice(0, colon) : target);
}

function lastWord(code: string): string | undefined {
  const characters = Array.from(code.trimEnd().replace(/[!?]$/, ''));
  let from = characters.length;
  while (from > 0 && WORD.test(characters[from - 1] as string)) from -= 1;
  const word = characters.slice(from).join('');
  return word === '' || /^\d/.test(word) ? undefined : word;
}
