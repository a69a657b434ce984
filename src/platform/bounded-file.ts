/**
 * Reads a file that some text has named: it may be anything, a device or a pipe among others.
 *
 * Invariant: only a regular file with a size above 0 and within the limit is opened for its content, never more than that size is
 * read, and nothing here waits for another process. (Files of /proc say that their size is 0.)
 */
import { closeSync, constants, fstatSync, openSync, readSync, statSync, type Stats } from 'node:fs';

/** Neither waits for the other end of a pipe nor becomes the controlling terminal. Windows has no such flags. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** The text of the file; undefined for what is no regular file, empty, or above `limit` bytes. Throws as `node:fs` does. */
export function readBoundedFile(path: string, limit: number): string | undefined {
  // Opening some devices does something already.
  if (!isBounded(statSync(path), limit)) return undefined;
  const file = openSync(path, FLAGS);
  try {
    // It may be another file by now.
    const stats = fstatSync(file);
    return isBounded(stats, limit) ? contentOf(file, stats.size) : undefined;
  } finally {
    closeSync(file);
  }
}

function isBounded(stats: Stats, limit: number): boolean {
  return stats.isFile() && stats.size > 0 && stats.size <= limit;
}

function contentOf(file: number, size: number): string {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  for (let got = -1; got !== 0 && length < size; length += got)
    got = readSync(file, bytes, length, size - length, length);
  return bytes.toString('utf8', 0, length);
}
