/**
 * Text on stderr from wherever a program is: in a listener of a signal, or at its end.
 *
 * Invariant: the text is handed over whole before this returns, as far as stderr takes it: a pipe that is full is waited for, a second at
 * most, and gets the rest by the stream. A stderr that is closed, or on a full disk, takes nothing, and disturbs nothing. Cost: a call
 * to the system.
 */
import { builtin } from './builtin.js';

/** Waits for a full pipe, of so many milliseconds each. */
const WAITS = 200;
const WAIT = 5;

export function writeStderr(text: string): void {
  const fs = builtin<typeof import('node:fs')>('fs');
  let left = Buffer.from(text);
  for (let waits = 0; left.length > 0;) {
    try {
      left = left.subarray(fs?.writeSync(2, left) ?? left.length);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      if (waits++ === WAITS) break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT);
    }
  }
  if (left.length > 0) process.stderr.write(left);
}
