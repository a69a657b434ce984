export type Milliseconds = number;

interface Timer {
  readonly due: Milliseconds;
  readonly callback: () => void;
}

const realSetImmediate = globalThis.setImmediate;

/** Resolves when every microtask there is, and every one those start, has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => void realSetImmediate(resolve));
}

/** Stands in for setTimeout and clearTimeout while a program runs: no real time passes, and live timers can be counted. */
export class FakeClock {
  /** Lets a mutant see a timer's callback before it is armed (leaving.ts). */
  wrap: ((callback: () => void) => () => void) | undefined;
  #now: Milliseconds = 0;
  #nextId = 1;
  readonly #timers = new Map<number, Timer>();
  readonly #realSetTimeout = globalThis.setTimeout;
  readonly #realClearTimeout = globalThis.clearTimeout;

  install(): void {
    globalThis.setTimeout = this.#setTimeout as unknown as typeof setTimeout;
    globalThis.clearTimeout = this.#clearTimeout as unknown as typeof clearTimeout;
  }

  uninstall(): void {
    globalThis.setTimeout = this.#realSetTimeout;
    globalThis.clearTimeout = this.#realClearTimeout;
  }

  get liveTimers(): number {
    return this.#timers.size;
  }

  /** Fires what falls due, earliest first and in order of creation, each in a turn of its own as Node does. */
  async advance(by: Milliseconds): Promise<void> {
    const end = this.#now + by;
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next[1].due > end) break;
      this.#now = next[1].due;
      this.#timers.delete(next[0]);
      next[1].callback();
      await settled();
    }
    this.#now = end;
  }

  #earliest(): [number, Timer] | undefined {
    let best: [number, Timer] | undefined;
    for (const entry of this.#timers) {
      if (best === undefined || entry[1].due < best[1].due) best = entry;
    }
    return best;
  }

  readonly #setTimeout = (callback: (...args: unknown[]) => void, delay = 1, ...args: unknown[]): object => {
    const id = this.#nextId++;
    const fire = (): void => callback(...args);
    const wait = delay >= 1 && delay <= 0x7fffffff ? Math.trunc(delay) : 1;
    this.#timers.set(id, { due: this.#now + wait, callback: this.wrap?.(fire) ?? fire });
    const handle = { id, ref: () => handle, unref: () => handle, hasRef: () => true, [Symbol.toPrimitive]: () => id };
    return handle;
  };

  readonly #clearTimeout = (handle: { readonly id: number } | number | null | undefined): void => {
    if (handle !== null && handle !== undefined) this.#timers.delete(typeof handle === 'number' ? handle : handle.id);
  };
}
