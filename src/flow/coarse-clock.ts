/**
 * The time to within a tenth of a second, for the ages of holds: reading the real clock would cost as much as the lock.
 *
 * Runs only while locks are followed, and keeps no process alive. If the event loop is blocked it stands still. An injected
 * clock is read each time.
 */
import { every, systemNow } from '../platform/clock.js';

const RESOLUTION_MS = 100;

export class CoarseClock {
  #now = 0;
  #injected: (() => number) | undefined;
  #stop: (() => void) | undefined;
  readonly #onTick: () => void;

  /** `onTick` is called as often as the clock moves. */
  constructor(onTick: () => void) {
    this.#onTick = onTick;
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#injected === undefined ? this.#now : this.#injected();
  }

  /** From now on this is the time. */
  goBy(now: () => number): void {
    this.#injected = now;
  }

  start(): void {
    this.#now = systemNow();
    this.#stop ??= every(RESOLUTION_MS, () => {
      this.#now = systemNow();
      this.#onTick();
    });
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
