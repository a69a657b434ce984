/** What twins run in, and what they have in common. */
import type { IsolatedLockdep } from '../../../src/api/isolated-lockdep.js';
import { LockClass, type LockClassOptions, type Mutex, type RWSemaphore, type Semaphore } from '../../../src/index.js';

export class World {
  readonly instance: IsolatedLockdep;
  readonly a: Mutex;
  readonly b: Mutex;
  readonly c: Mutex;

  constructor(instance: IsolatedLockdep) {
    this.instance = instance;
    this.a = this.mutex('a');
    this.b = this.mutex('b');
    this.c = this.mutex('c');
  }

  mutex(name: string): Mutex {
    return new this.instance.Mutex({ class: new LockClass(name) });
  }

  /** Two locks of one class, the outer one first. */
  pair(options?: LockClassOptions): [Mutex, Mutex] {
    const lockClass = new LockClass('pair', options);
    return [new this.instance.Mutex({ class: lockClass }), new this.instance.Mutex({ class: lockClass })];
  }

  pool(permits: number, options?: LockClassOptions): Semaphore {
    return new this.instance.Semaphore(permits, { class: new LockClass('pool', options) });
  }

  rw(name: string, fairness: 'fifo' | 'reader-preferring' = 'fifo'): RWSemaphore {
    return new this.instance.RWSemaphore({ class: new LockClass(name), fairness });
  }
}

export type Program = (world: World) => Promise<void>;

export interface Twins {
  readonly rule: string;
  readonly legal: Readonly<Record<string, Program>>;
  readonly guilty: Readonly<Record<string, Program>>;
  /** `kind tier` of what the guilty ones report. */
  readonly verdict: string;
}

/** Takes the locks one under the other, and releases them. */
export async function nest(...locks: Mutex[]): Promise<void> {
  const [outer, ...inner] = locks;
  if (outer !== undefined) await outer.runExclusive(() => nest(...inner));
}

export async function hold(lock: Mutex, fn: () => unknown): Promise<void> {
  const release = await lock.acquire();
  try {
    await fn();
  } finally {
    release();
  }
}

/** The nodes of a list, of one class. */
export function listOf(world: World): Mutex[] {
  const [first, second] = world.pair();
  return [first, second, new world.instance.Mutex({ class: first.lockClass })];
}

export const INVERSION = 'circular-dependency strict';
export const RECURSION = 'recursive-locking strict';
export const EXHAUSTION = 'semaphore-exhaustion strict';

export const rank = (lock: Mutex): number => (lock as Mutex & { rank?: number }).rank ?? 0;

export function ranked(world: World): [Mutex, Mutex] {
  const pair = world.pair({ order: (held: Mutex, wanted: Mutex) => rank(held) - rank(wanted) });
  for (const [index, lock] of pair.entries()) Object.assign(lock, { rank: index });
  return pair;
}

/** What start-up does under `outer`, then what a service does in the reverse order. */
export async function startThenServe(start: () => Promise<void>, serve: () => Promise<void>): Promise<void> {
  await start();
  for (let i = 0; i < 3; i++) await serve();
}
