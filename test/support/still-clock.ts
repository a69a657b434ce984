import type { Clock } from '../../src/testing.js';
import { settle } from './harness.js';

/** A clock that stands still until it is told to go on. */
export class StillClock implements Clock {
  #now: number;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(callback: () => void, delay: number): unknown {
    const timer = { at: this.#now + delay, callback };
    this.#timers.push(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((each) => each !== timer);
  }

  async advance(by: number): Promise<void> {
    this.#now += by;
    for (const timer of this.#timers.filter(({ at }) => at <= this.#now)) {
      this.clearTimeout(timer);
      timer.callback();
    }
    await settle(1);
  }
}
