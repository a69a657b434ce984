/** A worker thread that takes one lock inside the other, and sends what it has learned. */
import { parentPort, workerData } from 'node:worker_threads';
import { lockdep, Mutex } from '../../src/index.js';

const { outer, inner } = workerData as { readonly outer: string; readonly inner: string };

lockdep.configure({ mode: 'warn' });
await new Mutex({ class: outer }).runExclusive(() => new Mutex({ class: inner }).runExclusive(() => undefined));
parentPort?.postMessage(lockdep.snapshot());
