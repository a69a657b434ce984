/**
 * The wait table on stderr at a signal, in a program that goes on.
 *
 * States of a signal: not listened to; listened to, for one or more who asked. The second one who asks is told that it is on, and the
 * table goes out once. When all have ended it, the signal is as it was.
 *
 * Invariant: listeners of the program stay, and are called. A signal that ends programs (SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGBREAK) and to which nobody
 * else listens ends this one too, after the table. A failure to make the text is shown and ends nothing. Cost: nothing until
 * the signal comes.
 */
import { isMainThread } from 'node:worker_threads';
import { builtin } from '../platform/builtin.js';
import { isoTime, systemNow } from '../platform/clock.js';
import { describe, mistyped } from '../platform/describe.js';
import { errorText, showWarning } from '../platform/warnings.js';
import { writeToStderr } from '../platform/stderr-text.js';

/** Those by which a user or a supervisor ends a program. */
const ENDING: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGBREAK'];
/** Nobody can listen to these. */
const DEAF: readonly string[] = ['SIGKILL', 'SIGSTOP'];

interface Listening {
  askers: number;
  readonly end: () => void;
}

/** Of this process, whichever instance asked. */
const listening = new Map<string, Listening>();

/** `text` gives the table, with a line break at its end. The result ends it. */
export function dumpOnSignal(signal: unknown, text: () => string): Disposable {
  const name = checkedSignal(signal);
  if (!isMainThread) {
    showWarning(
      `dumpOnSignal has no effect in a worker thread: ${name} reaches the main thread alone`,
      'LOCKDEP_DUMP_ON_SIGNAL',
    );
    return { [Symbol.dispose]() {} };
  }
  const known = listening.get(name);
  if (known === undefined) listening.set(name, { askers: 1, end: listen(name, text) });
  else {
    known.askers += 1;
    showWarning(`dumpOnSignal is on for ${name} already: the table goes out once`, 'LOCKDEP_DUMP_ON_SIGNAL');
  }
  let isOver = false;
  return {
    [Symbol.dispose]() {
      const entry = listening.get(name);
      if (isOver || entry === undefined) return;
      isOver = true;
      entry.askers -= 1;
      if (entry.askers > 0) return;
      listening.delete(name);
      entry.end();
    },
  };
}

function checkedSignal(signal: unknown): NodeJS.Signals {
  if (typeof signal !== 'string') throw mistyped('signal', 'the name of a signal', signal);
  const known = builtin<typeof import('node:os')>('os')?.constants.signals ?? {};
  if (!Object.hasOwn(known, signal) || DEAF.includes(signal)) {
    throw new RangeError(`signal must be the name of a signal that can be listened to, got ${describe(signal)}`);
  }
  return signal as NodeJS.Signals;
}

/** Returns what ends it. */
function listen(name: NodeJS.Signals, text: () => string): () => void {
  const dump = (): void => {
    try {
      const at = isoTime(systemNow());
      writeToStderr(`lockdep: process ${process.pid} at ${at}, on ${name}:\n${text()}`);
    } catch (error) {
      showWarning(`the waits could not be told on ${name}: ${errorText(error)}`, 'LOCKDEP_DUMP_ON_SIGNAL');
    }
    if (!ENDING.includes(name) || process.listenerCount(name) > 1) return;
    process.off(name, dump);
    process.kill(process.pid, name);
  };
  try {
    process.on(name, dump);
  } catch (error) {
    throw new RangeError(`signal ${name} can not be listened to on this system: ${(error as Error).message}`);
  }
  return () => process.off(name, dump);
}
