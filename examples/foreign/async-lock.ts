/**
 * An adapter for async-lock: each key is a lock, and its callback has it. `followAsyncLock(new AsyncLock(), 'accounts')`.
 *
 * Keys of one shape (`user:1`, `user:2`) are locks of one class. Left alone are arrays of keys, callbacks that get a `done`, and
 * calls with a callback at the end: async-lock runs those in turns of its own.
 */
import type AsyncLock from 'async-lock';
import { trackedLock, type ForeignLock } from 'lockdep';

/** Keys whose locks are kept though nobody uses them. */
const MAX_IDLE_KEYS = 1000;

/** `name` begins the names of the classes. `track`: `trackedLock`, or that of an isolated instance. */
export function followAsyncLock(locks: AsyncLock, name: string, track: typeof trackedLock = trackedLock): AsyncLock {
  const byKey = new Map<string, ForeignLock>();

  const lockOf = (key: string): ForeignLock => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    if (byKey.size >= MAX_IDLE_KEYS) for (const other of byKey.keys()) if (!locks.isBusy(other)) byKey.delete(other);
    const lock = track({ class: `${name} ${shapeOf(key)}`, name: key, kind: 'async-lock' });
    byKey.set(key, lock);
    return lock;
  };

  const acquire = locks.acquire as Acquire;
  function followedAcquire(key: string | string[], fn: (...args: unknown[]) => unknown, ...rest: unknown[]): unknown {
    const isPlain = typeof key === 'string' && fn.length === 0 && typeof rest[0] !== 'function';
    if (!isPlain) return acquire.call(locks, key, fn, ...rest);
    const attempt = lockOf(key).wanted({ owner: 'callback', below: followedAcquire });
    return attempt.use(acquire.call(locks, key, () => attempt.scope(fn), ...rest) as Promise<unknown>);
  }
  locks.acquire = followedAcquire as typeof locks.acquire;
  return locks;
}

type Acquire = (key: string | string[], fn: (...args: unknown[]) => unknown, ...rest: unknown[]) => unknown;

/** `user:42` is one of `user:*`. */
function shapeOf(key: string): string {
  return key.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/gi, '*');
}
