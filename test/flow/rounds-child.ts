/**
 * Measures what one round of each form leaves behind: `rounds-child.js MODE TRACKING ALLOWED WARM_UP WINDOW EVERY FIRST`,
 * of the forms every one in EVERY, from the one with the number FIRST on. Prints the bytes a round of each, as JSON. A process of its
 * own, as the hooks of a test runner keep things too.
 */
import { createLockdep, type IsolatedLockdep } from '../../src/api/isolated-lockdep.js';
import type { LockdepOptions } from '../../src/validator/options.js';
import { settle } from '../support/harness.js';
import { ROUNDS, runRounds, type MakeRound } from './rounds.js';

/** A leak is in all windows of a flow, noise in one. */
const WINDOWS = 2;
/** A form that seems to leave something behind is measured again, so much longer: a leak stays as large, noise does not. */
const LONGER = 10;

function heap(): number {
  (globalThis.gc as () => void)();
  return process.memoryUsage().heapUsed;
}

/** Bytes a round, while the flow goes on. */
async function growth(world: IsolatedLockdep, make: MakeRound, warmUp: number, window: number): Promise<number> {
  const heaps: number[] = [];
  const marks = Array.from({ length: WINDOWS + 1 }, (_, at) => warmUp + at * window);
  await runRounds(world, make, new Map(marks.map((mark) => [mark, () => void heaps.push(heap())])));
  await settle();
  const perRound = heaps.slice(1).map((bytes, at) => (bytes - (heaps[at] as number)) / window);
  return Math.round(Math.min(...perRound));
}

const [mode, tracking, ...figures] = process.argv.slice(2);
const [allowed, warmUp, window, every, first] = figures.map(Number) as [number, number, number, number, number];
const setting = { mode, tracking } as Pick<LockdepOptions, 'mode' | 'tracking'>;
const found: Record<string, number> = {};
for (const [form, [name, make]] of Object.entries(ROUNDS).entries()) {
  if (form % every !== first) continue;
  const world = createLockdep(setting);
  const measured = await growth(world, make, warmUp, window);
  found[name] = measured < allowed ? measured : await growth(world, make, warmUp, window * LONGER);
  world.dispose();
}
process.stdout.write(JSON.stringify(found));
