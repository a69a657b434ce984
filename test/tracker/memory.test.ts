import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Mutex } from '../../src/index.js';
import { isolated } from '../validator/harness.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const LOOPS = Number(process.env['LOCKDEP_FUZZ_RUNS'] ?? 0) > 1000 ? 10_000_000 : 1_000_000;
/** What one retained hold per hundred acquisitions would already exceed. */
const ALLOWED_BYTES = 2_000_000;

function heap(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

async function acquireMany(lock: Mutex, times: number): Promise<void> {
  for (let i = 0; i < times; i++) (await lock.acquire())();
}

it('a loop of a million acquisitions under another lock does not grow the heap', async () => {
  await isolated(async (instance) => {
    const outer = new instance.Mutex();
    const inner = new instance.Mutex();
    const release = await outer.acquire();
    await acquireMany(inner, 20_000);
    const before = heap();
    await acquireMany(inner, LOOPS);
    const grown = heap() - before;
    release();
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
  });
});

it('hand over hand, always holding one and taking the next, does not grow the heap', async () => {
  await isolated(async (instance) => {
    const [first, second] = [new instance.Mutex(), new instance.Mutex()];
    const walk = async (steps: number): Promise<void> => {
      let held = await first.acquire();
      for (let i = 0; i < steps; i++) {
        const next = await (i % 2 === 0 ? second : first).acquire();
        held();
        held = next;
      }
      held();
    };
    await walk(5000);
    const before = heap();
    await walk(200_000);
    const grown = heap() - before;
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
  });
});

it('scopes in a loop, each with a timer that outlives it, leave nothing behind', async () => {
  await isolated(async (instance) => {
    const lock = new instance.Mutex();
    const scopes = async (times: number): Promise<void> => {
      for (let i = 0; i < times; i++) await lock.runExclusive(() => clearTimeout(setTimeout(() => undefined, 1000)));
    };
    await scopes(5000);
    const before = heap();
    await scopes(100_000);
    const grown = heap() - before;
    assert.ok(grown < ALLOWED_BYTES, `the heap grew by ${grown} bytes`);
  });
});
