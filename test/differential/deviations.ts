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
    id: 'more than a thousand ghosts in a row',
    asyncMutex: 'each waiter that timed out takes the lock for a moment of its own',
    ours: 'those side by side that want the same weight are counted, up to 1000',
    reason:
      'a lock that is held for long and polled does not gather them in memory, nor stop the program when it gets free',
    allowedBy: 'programs have far fewer waiters',
  },
  {
    id: 'the timer of a lock that is free',
    asyncMutex:
      'a decorated lock arms its timer though the lock is free, for the one or two turns until the caller goes on',
    ours: 'no timer where nothing is waited for',
    reason: 'it can fire only if a test moves its clock by hand within those turns',
    allowedBy: 'the clock moves when everything has settled',
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
    reason: "permits given back as a string make '12' of 1 and 2",
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
