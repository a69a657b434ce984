/** async-mutex's `runExclusive`, of a lock that is known by its `acquire` alone. */

export type Release = () => void;
/** What `acquire` resolves with: of a mutex, of a semaphore. */
export type Ticket = Release | [number, Release];

export interface Acquirable {
  acquire(first?: unknown, second?: unknown): Promise<Ticket>;
}

/** Acquires, calls, and releases when the result of the callback has settled. */
export async function runAcquired<T>(
  lock: Acquirable,
  callback: (value: number) => T | Promise<T>,
  first: unknown,
  second: unknown,
): Promise<T> {
  const ticket = await lock.acquire(first, second);
  try {
    return await (Array.isArray(ticket) ? callback(ticket[0]) : (callback as () => T | Promise<T>)());
  } finally {
    releaseOf(ticket)();
  }
}

export function releaseOf(ticket: Ticket): Release {
  return Array.isArray(ticket) ? ticket[1] : ticket;
}
