/**
 * Takes a heap snapshot over the inspector, also of a process that never comes back to its loop.
 *
 * V8 takes a snapshot between two turns of the loop, or while the program is stopped in the debugger. So the process is asked first
 * whether its loop turns. Only where it does not, the debugger stops the program at its next step, and lets it go on when the
 * snapshot is there. A stop of a program that has nothing to do would come at some later time: it has ended Node 20.
 *
 * Invariant: at the end the program runs, and the debugger is disabled. Cost: one pass over the heap, in which the process stands still.
 */
import { AttachError } from './attach-error.js';
import type { HeapGraph } from './heap-graph.js';
import type { InspectorClient } from './inspector-client.js';
import { SnapshotParser } from './snapshot-parser.js';

const SNAPSHOT_TIMEOUT = 600_000;
/** A loop that is not stuck turns within this time. */
const PATIENCE = 1000;
const STOP_TIMEOUT = 10_000;

/** Tells a turn of the loop. Timers of the program may be replaced, so Node's own module is asked. */
const ON_TURN = `new Promise((resolve) => (process.getBuiltinModule ?? require)('node:timers').setImmediate(resolve))`;

export interface TakenSnapshot {
  readonly graph: HeapGraph;
  /** Milliseconds from its beginning to its end. */
  readonly paused: number;
}

/** Throws an AttachError where none comes. */
export async function takeSnapshot(client: InspectorClient): Promise<TakenSnapshot> {
  const parser = new SnapshotParser();
  client.on('HeapProfiler.addHeapSnapshotChunk', (params) => parser.push((params as { readonly chunk: string }).chunk));
  await client.call('HeapProfiler.enable');
  const turns = await doesLoopTurn(client);
  const begin = performance.now();
  if (turns) await takeWhole(client);
  else await whileStopped(client, () => takeWhole(client));
  return { graph: parser.end(), paused: performance.now() - begin };
}

const takeWhole = (client: InspectorClient): Promise<unknown> =>
  client.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false }, SNAPSHOT_TIMEOUT);

async function doesLoopTurn(client: InspectorClient): Promise<boolean> {
  const turn = client.evaluate(ON_TURN, { awaitPromise: true });
  turn.catch(() => {}); // it may be the end of the connection that ends it, long after
  let timer: NodeJS.Timeout | undefined;
  const isLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, PATIENCE, true);
  });
  try {
    return (await Promise.race([turn, isLate])) !== true;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs `act` while the program is stopped at some step of its JavaScript. */
async function whileStopped(client: InspectorClient, act: () => Promise<unknown>): Promise<void> {
  const stopped = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new AttachError('the program can not be stopped')), STOP_TIMEOUT);
    client.on('Debugger.paused', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  await client.call('Debugger.enable');
  try {
    await client.call('Debugger.pause');
    await stopped;
    await act();
  } finally {
    await client.call('Debugger.disable');
  }
}
