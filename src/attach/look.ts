/**
 * Looks at the suspended functions of a process, or of a heap snapshot in a file.
 *
 * Invariant: the process is asked for its heap first, and is left alone where that is too large. What is made in it (one chain of two
 * probe functions, ids of objects) is let go before the end, whatever happens. The probe is a chain that is known: where
 * it is not found in the heap as it should be, this V8 has other fields, and its ties are not shown.
 *
 * Cost: the process is paused for the snapshot, and once more for each position that is read.
 */
import { createReadStream } from 'node:fs';
import { AttachError } from './attach-error.js';
import { findAwaits, type Awaiting } from './awaits.js';
import { DIAGNOSIS_KEY, readWaits, type LockWait } from './diagnosis.js';
import type { InspectorClient, RemoteValue } from './inspector-client.js';
import { isHiddenFile } from './hidden-files.js';
import { findPositions, NO_POSITIONS, type AwaitPosition, type Positions } from './positions.js';
import { addScriptMaps } from './script-maps.js';
import { SnapshotParser } from './snapshot-parser.js';
import { takeSnapshot } from './take-snapshot.js';
import type { Visit } from './visit.js';

export interface Look {
  readonly functions: readonly Awaiting[];
  readonly positions: Positions;
  readonly waits: readonly LockWait[];
  /** False where V8's heap is other than known: then nothing is said of who awaits whom. */
  readonly hasTies: boolean;
  /** Absent for a file. */
  readonly process?: LookedAtProcess;
}

export interface LookedAtProcess {
  readonly version: string;
  readonly heapBytes: number;
  /** Milliseconds that the snapshot took. */
  readonly paused: number;
  /** Milliseconds that the reading of positions took, each of which is a pause of its own. */
  readonly reading: number;
  /** Milliseconds that it was allowed to take. */
  readonly readTime: number;
  /** Worker threads, into which this does not look; undefined where the process does not tell. */
  readonly workers: number | undefined;
}

export interface LookLimits {
  /** Bytes of a heap; a larger one is refused. */
  readonly maxHeap: number;
  /** Milliseconds for reading positions, besides as many as the snapshot took: in a large heap each of them is slow. */
  readonly readTime: number;
}

/** Of a heap, whose graph is walked without a turn of the loop: by a slow machine. */
const BYTES_PER_SECOND = 5e6;
const GROUP = 'lockdep';
const [INNER, OUTER] = ['lockdepProbeInner', 'lockdepProbeOuter'];
const PROBE = `(() => {
  let go;
  async function ${INNER}() { await new Promise((resolve) => { go = resolve; }); }
  async function ${OUTER}() { await Promise.all([${INNER}()]); }
  return { promise: ${OUTER}(), go };
})()`;
const ABOUT = `(() => {
  const attempt = (fn) => { try { return fn(); } catch {} };
  return JSON.stringify({
    version: process.version,
    directory: attempt(() => process.cwd()),
    heapBytes: process.memoryUsage().heapUsed,
    waits: attempt(() => globalThis[Symbol.for('${DIAGNOSIS_KEY}')]?.waits()),
  });
})()`;

interface About {
  readonly version: string;
  readonly directory?: string;
  readonly heapBytes: number;
  readonly waits?: unknown;
}

/** Throws an AttachError where the heap has more bytes than `maxHeap`. */
export async function lookAtProcess(
  client: InspectorClient,
  visit: Pick<Visit, 'isBusy'>,
  { maxHeap, readTime }: LookLimits,
): Promise<Look> {
  const about = JSON.parse(String((await client.evaluate(ABOUT)).value)) as About;
  if (about.heapBytes > maxHeap) {
    const [has, may] = [about.heapBytes, maxHeap].map((bytes) => `${Math.round(bytes / 1e6)} MB`);
    throw new AttachError(
      `the heap of the process has ${has}, more than --max-heap (${may}): a snapshot may double it`,
    );
  }
  try {
    const workers = await countWorkers(client);
    await client.evaluate(PROBE, { objectGroup: GROUP });
    const { graph, paused } = await takeSnapshot(client);
    await visit.isBusy(about.heapBytes / BYTES_PER_SECOND);
    const { functions, hasTies } = withoutProbe(findAwaits(graph));
    const [from, allowed] = [performance.now(), readTime + paused];
    const positions = await findPositions(
      functions.map((each) => ({ ...each, isHidden: isHiddenFile(each.file) })),
      (id) => readPosition(client, id),
      () => performance.now() - from > allowed,
    );
    const reading = performance.now() - from;
    await addScriptMaps(
      client,
      functions.map(({ file }) => file),
    );
    const waits = readWaits(about.waits, about.directory ?? '/');
    const { version, heapBytes } = about;
    return {
      functions,
      positions,
      waits,
      hasTies,
      process: { version, heapBytes, paused, reading, readTime: allowed, workers },
    };
  } finally {
    client.send('Runtime.releaseObjectGroup', { objectGroup: GROUP });
    client.send('HeapProfiler.disable', {});
  }
}

/** Throws an AttachError for what is no snapshot, or can not be read. */
export async function lookAtFile(path: string): Promise<Look> {
  const parser = new SnapshotParser();
  try {
    for await (const piece of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 18 })) {
      parser.push(piece as string);
    }
    const functions = findAwaits(parser.end());
    return { functions, positions: NO_POSITIONS, waits: [], hasTies: true };
  } catch (error) {
    throw new AttachError(`${path}: ${(error as Error).message}`);
  }
}

/** A worker tells of itself as soon as it is asked for, without a turn of its loop. */
async function countWorkers(client: InspectorClient): Promise<number | undefined> {
  let count = 0;
  client.on('NodeWorker.attachedToWorker', () => (count += 1));
  try {
    await client.call('NodeWorker.enable', { waitForDebuggerOnStart: false });
    await client.call('NodeWorker.disable');
    return count;
  } catch (error) {
    if (client.isEnded) throw error;
    return undefined;
  }
}

function withoutProbe(all: readonly Awaiting[]): Pick<Look, 'functions' | 'hasTies'> {
  const inner = all.findIndex(({ name }) => name === INNER);
  const outer = all.findIndex(({ name }) => name === OUTER);
  const hasTies = inner >= 0 && outer >= 0 && all[inner]?.awaiters.join() === String(outer);
  const kept = all.flatMap(({ name }, index) => (name === INNER || name === OUTER ? [] : index));
  const renumbered = new Map(kept.map((old, index) => [old, index]));
  const renumber = (list: readonly number[]): number[] =>
    hasTies ? list.flatMap((old) => renumbered.get(old) ?? []) : [];
  const functions = kept.map((old) => {
    const each = all[old] as Awaiting;
    return { ...each, awaiters: renumber(each.awaiters), awaited: renumber(each.awaited) };
  });
  return { functions, hasTies };
}

interface Properties {
  readonly internalProperties?: readonly { readonly name: string; readonly value?: RemoteValue }[];
}

async function readPosition(client: InspectorClient, id: number): Promise<AwaitPosition | undefined> {
  try {
    const found = await client.call<{ readonly result: RemoteValue }>('HeapProfiler.getObjectByHeapObjectId', {
      objectId: String(id),
      objectGroup: GROUP,
    });
    const { internalProperties = [] } = await client.call<Properties>('Runtime.getProperties', {
      objectId: found.result.objectId,
      ownProperties: true,
    });
    const fields = new Map(internalProperties.map(({ name, value }) => [name, value?.value]));
    const place = fields.get('[[GeneratorLocation]]') as { readonly lineNumber: number; readonly columnNumber: number };
    if (fields.get('[[GeneratorState]]') !== 'suspended') return undefined;
    return { line: place.lineNumber + 1, column: place.columnNumber + 1 };
  } catch (error) {
    if (client.isEnded) throw error;
    return undefined; // it is gone by now
  }
}
