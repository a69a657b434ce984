/**
 * Measures how the cost of each crowd grows: `crowds-child.js MODE TRACKING COUNT FACTOR EVERY FIRST`, of the
 * crowds every one in EVERY, from the one with the number FIRST on. Prints, as JSON, how many times as much each one of COUNT
 * times FACTOR costs as one of COUNT. Processor time, the least of some runs.
 */
import { createLockdep } from '../../src/api/isolated-lockdep.js';
import type { LockdepOptions } from '../../src/validator/options.js';
import { settle } from '../support/harness.js';
import { CROWDS, type Crowd } from './crowds.js';

const [mode, tracking, ...figures] = process.argv.slice(2);
const [count, factor, every, first] = figures.map(Number) as [number, number, number, number];
const setting = { mode, tracking } as Pick<LockdepOptions, 'mode' | 'tracking'>;
/** What is below this is noise, and no square. */
const LEAST_MICROSECONDS = 5000;

/** The same for all: the first promises and nestings of an instance cost more than later ones. */
const world = createLockdep(setting);

/** Microseconds in all. */
async function costOf(crowd: Crowd, size: number): Promise<number> {
  (globalThis.gc as () => void)();
  const before = process.cpuUsage();
  await crowd(world, size);
  const { user, system } = process.cpuUsage(before);
  world.lockdep.reset();
  await settle(2);
  return Math.max(user + system, LEAST_MICROSECONDS);
}

async function growthOf(crowd: Crowd): Promise<number> {
  let least = Infinity;
  for (let attempt = 0; attempt < 3 && least > 2; attempt++) {
    const few = await costOf(crowd, count);
    const many = await costOf(crowd, count * factor);
    least = Math.min(least, many / few / factor);
  }
  return Number(least.toFixed(2));
}

const found: Record<string, number> = {};
for (const [at, [name, crowd]] of Object.entries(CROWDS).entries()) {
  if (at % every !== first) continue;
  await costOf(crowd, count);
  await costOf(crowd, count);
  found[name] = await growthOf(crowd);
}
world.dispose();
process.stdout.write(JSON.stringify(found));
