/**
 * Where this library differs from async-mutex 0.5 on purpose. Everything else that the tests of this folder find different
 * is a defect. `allowedBy` says how the comparison makes room for exactly that difference; each row is pinned by a case of
 * its own in deviations.test.ts.
 */
export interface Deviation {
  readonly id: string;
  readonly asyncMutex: string;
  readonly ours: string;
  readonly reason: string;
  readonly allowedBy: string;
}

export const DEVIATIONS = [
  {
    id: 'timeout gives up the place',
    asyncMutex: 'a timed-out waiter stays queued and is granted and released later, holding back those behind it',
    ours: 'it leaves the queue at the moment of the timeout, and those behind it move up at once',
    reason:
      'async-mutex issue 54: a lock nobody holds or wants reads as locked, and abandoned waiters pile up in memory',
    allowedBy: 'reference.ts: async-mutex itself, with only the timed-out entry taken out of its queue',
  },
  {
    id: 'impossible timeouts',
    asyncMutex: 'a timeout that is negative, NaN, infinite or beyond 2147483647 ms counts as 1 ms',
    ours: 'withTimeout throws a RangeError, but takes Infinity for no limit',
    reason: 'always a slip of arithmetic in the caller',
    allowedBy: 'programs use timeouts from 0 ms to 50 ms',
  },
  {
    id: 'NaN weight, priority or value',
    asyncMutex: 'a NaN weight waits for ever and blocks those behind it; a NaN priority breaks the order of the queue',
    ours: 'the call fails and the lock is untouched',
    reason: 'no program can mean it',
    allowedBy: 'programs contain no NaN',
  },
  {
    id: 'arguments of the wrong type',
    asyncMutex: 'converts them as the operators of the language happen to do',
    ours: 'the call fails with a TypeError and the lock is untouched',
    reason: 'a lock called with its arguments mixed up must not look as if it worked',
    allowedBy: 'programs pass numbers, functions and errors where async-mutex declares them',
  },
  {
    id: 'unlock waiters and fractions',
    asyncMutex: 'with a fractional value or weight, waitForUnlock may miss the moment and hang',
    ours: 'it resolves whenever the weight fits',
    reason: 'a lost wake-up',
    allowedBy: 'programs with fractional weights or values contain no waitForUnlock',
  },
] as const satisfies readonly Deviation[];
