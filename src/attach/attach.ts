/**
 * Opens the inspector of a process that runs, lends it, and leaves the process as it was.
 *
 * States of the inspector: open already (it is used, and left open), opened here by SIGUSR1 (it is closed whatever happens, a signal
 * to this process included: SIGKILL too, where the process comes to its timers), or not to be had (an AttachError says why, and the
 * process has noticed nothing). Several at one process take turns, and the last one closes (visit.ts).
 *
 * Invariant: before the signal is sent it is known that the process takes it, and that the port it would open is free.
 * Cost: about 30 ms to open and 60 ms to close.
 */
import { AttachError } from './attach-error.js';
import {
  connectTo,
  DEFAULT_PORT,
  findInspector,
  likelyListeners,
  portToOpen,
  type FoundInspector,
} from './find-inspector.js';
import type { InspectorClient } from './inspector-client.js';
import { isTaken, listenersOf, type Listener } from './proc.js';
import { checkTarget, type Target } from './target.js';
import { Visit } from './visit.js';

const OPEN_TIMEOUT = 3000;
const CLOSE_TIMEOUT = 500;
const POLL = 10;
const ATTEMPTS = 3;

/** Closing at once would leave this without a reply. */
const CLOSE = `{
  const load = process.getBuiltinModule ?? require;
  load('node:timers').setTimeout(() => load('node:inspector').close(), 50).unref();
}`;

export interface AttachOptions {
  /** Called before the debugger is opened, where it is not open yet. It throws where that is not wanted. */
  readonly consent: (question: string) => Promise<void>;
  /** Takes a sentence for the user. */
  readonly tell: (sentence: string) => void;
  /** Milliseconds that the process has to open its debugger; 3000 by default. */
  readonly patience?: number;
  /** Does it ask only what takes no time? Then it does not wait for its turn. */
  readonly isShared?: boolean;
}

/** Runs `use` with the inspector of the process. Throws an AttachError where there is none to be had. */
export async function attached<T>(
  pid: number,
  { consent, tell, patience = OPEN_TIMEOUT, isShared = false }: AttachOptions,
  use: (client: InspectorClient, visit: Visit) => Promise<T>,
): Promise<T> {
  const target = checkTarget(pid);
  for (let attempt = 1; ; attempt++) {
    const found = await findInspector(target, likelyListeners(target));
    if (found === undefined) {
      checkCanOpen(target);
      await consent(`opens the debugger port of process ${pid}, and pauses it for a moment`);
    }
    const signals = new SignalWatch();
    try {
      const open = found === undefined ? await openBySignal(target, patience) : { ...found, wasOpen: true };
      return await visited(target, open, { tell, use, isShared, stopped: signals.stopped });
    } catch (error) {
      if (!(error instanceof ClosedTooEarly) || attempt === ATTEMPTS) throw error;
    } finally {
      signals.end();
    }
  }
}

interface VisitOptions<T> extends Pick<AttachOptions, 'tell'> {
  readonly isShared: boolean;
  readonly use: (client: InspectorClient, visit: Visit) => Promise<T>;
  readonly stopped: Promise<never>;
}

/** The visit before closed the inspector just when this one came. */
class ClosedTooEarly extends AttachError {}

async function visited<T>(target: Target, open: OpenInspector, options: VisitOptions<T>): Promise<T> {
  const { tell, use, isShared, stopped } = options;
  const { client, listener, wasOpen } = open;
  const visit = new Visit(client);
  try {
    client.on('NodeRuntime.waitingForDisconnect', () => void client.close());
    client.send('NodeRuntime.notifyWhenWaitingForDisconnect', { enabled: true });
    await Promise.race([visit.enter(!wasOpen, isShared ? undefined : tell), stopped]).catch((error: Error) => {
      throw client.isEnded ? new ClosedTooEarly(error.message) : error;
    });
    return await Promise.race([use(client, visit), stopped]);
  } finally {
    if (!(await endVisit(target, open, visit))) {
      tell(`port ${listener.port} of process ${target.pid} is still open: the process does not come to close it`);
    }
  }
}

type OpenInspector = FoundInspector & { readonly wasOpen: boolean };

/** A signal that would end this process becomes an error, so that what has been opened is closed first. */
class SignalWatch {
  /** Rejects at the first signal. */
  readonly stopped: Promise<never>;
  readonly #stop: (signal: NodeJS.Signals) => void;

  constructor() {
    let stop: (signal: NodeJS.Signals) => void = () => {};
    this.stopped = new Promise<never>((_, reject) => {
      stop = (signal) => reject(new AttachError(`ended by ${signal}`));
    });
    // It may come before anybody waits for this.
    this.stopped.catch(() => {});
    this.#stop = stop;
    for (const signal of ENDING) process.on(signal, this.#stop);
  }

  end(): void {
    for (const signal of ENDING) process.off(signal, this.#stop);
  }
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function checkCanOpen({ pid, takesSignal, hasProc }: Target): void {
  if (!hasProc) {
    throw new AttachError(
      `process ${pid} has no debugger open at port ${DEFAULT_PORT}, and on this system it can not be opened from here: ` +
        `start the program with --inspect, or send it SIGUSR1`,
    );
  }
  if (!takesSignal) {
    throw new AttachError(
      `process ${pid} does not take SIGUSR1 (--disable-sigusr1, or it is still starting), so its debugger can not be opened`,
    );
  }
  const port = portToOpen(pid);
  if (port === 0 || !isTaken(pid, port)) return;
  throw new AttachError(
    `port ${port}, at which process ${pid} would open its debugger, is taken by another process: ` +
      `free it, or start the program with --inspect-port=0`,
  );
}

async function openBySignal(target: Target, patience: number): Promise<OpenInspector> {
  const { pid } = target;
  const before = new Set(listenersOf(pid).map(({ port }) => port));
  process.kill(pid, 'SIGUSR1');
  for (const begin = Date.now(); Date.now() - begin < patience;) {
    await sleep(POLL);
    const listeners = listenersOf(pid);
    const opened = listeners.filter(({ port }) => !before.has(port));
    const found = await findOpened(target, opened);
    if (found !== undefined) return { ...found, wasOpen: false };
    // Somebody else has opened it just before, and has closed it now: the signal came between and changed nothing.
    const left = new Set(listeners.map(({ port }) => port));
    if (opened.length === 0 && [...before].some((port) => !left.has(port)))
      throw new ClosedTooEarly(`the debugger of process ${pid} was closed just when it was asked for`);
  }
  // It may be open at a port that no option tells: then the signal changed nothing.
  const found = await findInspector(target, listenersOf(pid));
  if (found !== undefined) return { ...found, wasOpen: true };
  throw new AttachError(
    `process ${pid} opened no debugger within ${patience / 1000} s of SIGUSR1: it listens to that signal itself ` +
      `(its listener was called), or it does not run; start it with --inspect, or with LOCKDEP_DIAG=1 for its locks`,
  );
}

/** One that opened its debugger and does not answer is told to close it: it reads that once it is back at its loop. */
async function findOpened(target: Target, opened: readonly Listener[]): Promise<FoundInspector | undefined> {
  try {
    return await findInspector(target, opened);
  } catch (error) {
    for (const listener of opened) {
      const client = await connectTo(listener);
      client?.send('Runtime.evaluate', { expression: CLOSE, includeCommandLineAPI: true });
      if ((await client?.isClosed(CLOSE_TIMEOUT)) === false) await client?.close();
    }
    throw error;
  }
}

/**
 * False where a port is left open that should be closed. Then the process ends the connection, not this side: where both do so at one
 * time, Node's inspector frees a socket twice (seen on Node 20).
 */
async function endVisit(target: Target, { client, listener, wasOpen }: OpenInspector, visit: Visit): Promise<boolean> {
  const willClose = await visit.end().then(
    (others) => others < 0,
    () => !wasOpen,
  );
  if (!willClose) {
    await client.close();
    return true;
  }
  if (!(await client.isClosed(CLOSE_TIMEOUT))) {
    visit.closeNow();
    if (!(await client.isClosed(CLOSE_TIMEOUT))) await client.close();
  }
  return isClosed(target, listener);
}

async function isClosed({ pid }: Target, { port }: Listener): Promise<boolean> {
  for (const begin = Date.now(); Date.now() - begin < CLOSE_TIMEOUT;) {
    if (!listenersOf(pid).some((each) => each.port === port)) return true;
    await sleep(POLL);
  }
  return false;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
