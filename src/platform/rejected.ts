/**
 * Was a promise that has settled rejected? The language answers that to nobody who does not handle the rejection, and a handler of ours
 * would hide from the program that it has none. Node prints it, and that is read.
 *
 * Cost: some microseconds, more for a reason with a stack that nobody has asked for yet. A caller must ask seldom: printing may call what
 * a program has put behind `Error.prepareStackTrace`. undefined: not known.
 */
import { inspect } from 'node:util';

const OPTIONS = {
  depth: 0,
  customInspect: false,
  breakLength: Infinity,
  maxArrayLength: 0,
  maxStringLength: 0,
} as const;

/** The name of a class may be anything but that. */
const REJECTED = /^[^{]*\{\s*<rejected>/;

export function isRejected(promise: object): boolean | undefined {
  try {
    return REJECTED.test(inspect(promise, OPTIONS));
  } catch {
    return undefined;
  }
}
