/**
 * Asks a process about its locks: over the socket that it opened for that, else over its inspector.
 *
 * States: a socket answers (nothing is opened); there is none, or nobody answers there (the inspector is asked, where that is
 * consented to: it answers also while the program spins); or there is no way (an AttachError says why, in one line).
 *
 * Invariant: the number is known to be that of a process that could answer before anything is opened in it.
 */
import { askSocket, BUSY, socketsOf } from './ask-socket.js';
import { AttachError, checkWebSocket } from './attach-error.js';
import { attached, type AttachOptions } from './attach.js';
import { DIAGNOSIS_KEY } from './diagnosis.js';
import type { InspectorClient } from './inspector-client.js';
import { checkTarget } from './target.js';

const PATIENCE = 2000;

/** The name of a method of the diagnosis. */
export type Question = 'waits' | 'about';

/** The answer to a question, as JSON. Throws an AttachError where none comes. */
export type Ask = (question: Question) => Promise<string>;

export interface AskOptions extends AttachOptions {
  /** Is the inspector to be used where a socket does not answer? */
  readonly mayAttach: boolean;
}

/** Runs `use` with a way to ask the process. Throws an AttachError where there is none. */
export async function asking<T>(pid: number, options: AskOptions, use: (ask: Ask) => Promise<T>): Promise<T> {
  let isBusy = false;
  for (const path of socketsOf(pid)) {
    try {
      if ((await askSocket(path, 'about', PATIENCE)) === undefined) continue;
    } catch (error) {
      if (!options.mayAttach || (error as Error).message !== BUSY) throw error;
      isBusy = true;
      break;
    }
    return use(async (question) => {
      const answer = await askSocket(path, question, PATIENCE);
      if (answer === undefined) throw new AttachError(`process ${pid} has ended`);
      return answer;
    });
  }
  checkTarget(pid);
  checkWebSocket();
  return attached(pid, { ...options, isShared: true }, (client) => {
    if (isBusy) options.tell('the socket does not answer, so the inspector is asked');
    return use((question) => askInspector(pid, client, question));
  });
}

async function askInspector(pid: number, client: InspectorClient, question: Question): Promise<string> {
  const expression = `globalThis[Symbol.for('${DIAGNOSIS_KEY}')]?.${question}?.()`;
  const { value } = await client.evaluate(expression);
  if (typeof value === 'string') return value;
  throw new AttachError(
    `process ${pid} follows no locks: it has not loaded lockdep, or the mode was off from its start; ` +
      `'lockdep stacks ${pid}' shows what its functions wait for`,
  );
}
