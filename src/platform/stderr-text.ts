/**
 * Text for stderr from wherever a program is: at its end, when nothing is written later, or in a listener of a signal.
 *
 * Invariant: it returns when all is written, or when nobody takes it: stderr is closed, its reader is gone, or has read nothing for
 * `PATIENCE`. It throws nothing. Cost: the calling thread waits where a full pipe makes it.
 */
import { writeSync } from 'node:fs';

/** Milliseconds without a byte being taken. */
const PATIENCE = 2000;
const PAUSE = 5;

/** Whether all of it is written. */
export function writeToStderr(text: string): boolean {
  const bytes = Buffer.from(text);
  let tries = 0;
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(2, bytes, at);
      tries = 0;
    } catch (error) {
      // A pipe that somebody has made non-blocking is full. What else there is ends it: nobody is there to be told.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++tries > PATIENCE / PAUSE) return false;
      sleep(PAUSE);
    }
  }
  return true;
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, ms);
}
