/**
 * What `precise` does not know: the code at the probe holds the lock, or is waited for by who does, and `isHeld` says
 * undefined. Each kind with why, and the ways out, each of which a shape shows (roots.ts, handover.ts, contexts.ts, tries.ts).
 */
export const KNOWN_MISSES = {
  'child of acquire':
    'a function that the holder of an acquired lock awaits, after its first wait: two instances of one function look the same on a stack. Out: runExclusive, structured',
  'off the stack':
    'work in a scope that it awaits by something else than await: timer, emitter, stream, compiled code, two reactions. Out: structured',
  'job elsewhere':
    'a job that another flow runs for the holder, who awaits it. Out: AsyncResource.bind in structured, or transfer and adopt',
  'tried in a call':
    'tryAcquire or tryLock before the first await of a function that was called, or in a plain helper: whether that or its caller goes on with the lock is not seen. Out: runExclusive with timeout 0, adopt by who goes on, structured',
  'not by await':
    'a hold that reaches its holder by another way than by await of the very acquisition: a helper that has returned it, a generator, a combinator, a promise that is kept or awaited twice, a callback of then on a helper, another realm, compiled code. Out: adopt, runExclusive',
} as const;

export type KnownMiss = keyof typeof KNOWN_MISSES;
