/**
 * Is it this very function that a frame of a stack belongs to? V8 tells where the function of a frame begins, and a function tells
 * its own text: it is the one, or one of the very same text, if that stands in that place.
 *
 * Invariant: true only where the file on disk has the text there. Code that was changed on its way to the engine (by a loader that
 * compiles it) may be called another one, never the other way round. Nothing here throws.
 *
 * Cost: one file read for each place that is asked about for the first time, of 4 MB at most; a comparison after that. So it
 * is asked for what is rare, as of a wait that may never end.
 */
import { readBoundedFile } from './bounded-file.js';
import type { CapturedFrame } from './captured-frame.js';
import { filePath } from './file-path.js';

const MAX_BYTES = 4 * 1024 * 1024;
/** Places whose texts are kept, each as long as its function. */
const MAX_KEPT = 200;

/** What stands at a place, as far as it was compared: the text of a function that begins there, or of none. */
const texts = new Map<string, string | undefined>();

export function isFunctionOf(frame: CapturedFrame, fn: unknown): boolean {
  if (typeof fn !== 'function') return false;
  const text = Function.prototype.toString.call(fn);
  const place = `${frame.functionId}|${text.length}`;
  if (!texts.has(place)) keep(place, readAt(frame, text.length));
  return texts.get(place) === text;
}

function keep(place: string, text: string | undefined): void {
  if (texts.size >= MAX_KEPT) texts.clear();
  texts.set(place, text);
}

function readAt({ file, functionId }: CapturedFrame, length: number): string | undefined {
  const [line, column] = functionId
    .slice(functionId.lastIndexOf('|') + 1)
    .split(':')
    .map(Number);
  if (!line || !column) return undefined;
  try {
    const source = readBoundedFile(filePath(file), MAX_BYTES);
    const from = source === undefined ? -1 : startOfLine(source, line);
    return from === -1 ? undefined : source?.slice(from + column - 1, from + column - 1 + length);
  } catch {
    // It is gone, or no file: evaluated code.
    return undefined;
  }
}

/** Lines as the language counts them. */
function startOfLine(source: string, line: number): number {
  const ends = /\r\n|[\n\r\u2028\u2029]/g;
  for (let at = 1; at < line; at++) if (ends.exec(source) === null) return -1;
  return ends.lastIndex;
}
