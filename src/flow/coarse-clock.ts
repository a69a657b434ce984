/**
 * The time to within a tenth of a second, for the ages of holds: reading the real clock would cost as much as the lock.
 *
 * Runs only while locks are followed, and keeps no process alive. If the event loop is blocked it stands still.
 */
const RESOLUTION_MS = 100;

/** Captured at load, so that fake timers of a test leave it alone. */
const { setInterval: every, clearInterval: cancel } = globalThis;
const readClock = Date.now;

export class CoarseClock {
  /** Milliseconds since the epoch. */
  now = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #onTick: () => void;

  /** `onTick` is called as often as the clock moves. */
  constructor(onTick: () => void) {
    this.#onTick = onTick;
  }

  start(): void {
    this.now = readClock();
    if (this.#timer !== undefined) return;
    this.#timer = every(() => {
      this.now = readClock();
      this.#onTick();
    }, RESOLUTION_MS);
    this.#timer.unref();
  }

  stop(): void {
    cancel(this.#timer);
    this.#timer = undefined;
  }
}
