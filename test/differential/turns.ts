import { settled } from './fake-clock.js';

/** Far more turns than any program here needs: past it, something waits for ever. */
const MAX_TURNS = 20_000;

const RESOLVED = Promise.resolve();

/** Lets `count` microtask turns pass. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await RESOLVED;
}

/**
 * Runs `body` beside a clock that counts microtask turns: 0 is the synchronous part, 1 what it queued, and so on. Resolves
 * with undefined when `body` is still waiting after everything has settled.
 */
export async function countingTurns<T>(body: (turn: () => number) => Promise<T>): Promise<T | undefined> {
  let turn = 0;
  let running = true;
  const tick = (): void => {
    turn++;
    if (running && turn < MAX_TURNS) queueMicrotask(tick);
  };
  queueMicrotask(tick);
  const done = body(() => turn);
  try {
    return await Promise.race([done, settled().then(() => undefined)]);
  } finally {
    running = false;
  }
}
