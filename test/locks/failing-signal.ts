/** A signal of a program's own, no AbortSignal of the platform, parts of which fail. */
export interface Faults {
  /** 'fires': the abort comes while it is asked to listen. */
  readonly add: 'works' | 'throws' | 'keeps and throws' | 'fires';
  readonly remove: 'works' | 'throws' | 'does nothing';
  /** The reading of `aborted` that throws, from 1; 0 for none. */
  readonly aborted: number;
  readonly reason: 'works' | 'throws';
  /** How often each listener is called. */
  readonly calls: number;
}

export const NO_FAULTS: Faults = { add: 'works', remove: 'works', aborted: 0, reason: 'works', calls: 1 };

export class SignalError extends Error {}

export class FailingSignal {
  /** Called when a listener is taken off: the lock may be called within. */
  onRemove: () => void = () => undefined;
  readonly #faults: Faults;
  readonly #listeners = new Set<() => void>();
  #isAborted = false;
  #readings = 0;

  constructor(faults: Partial<Faults> = {}) {
    this.#faults = { ...NO_FAULTS, ...faults };
  }

  get aborted(): boolean {
    this.#readings += 1;
    if (this.#readings === this.#faults.aborted) throw new SignalError('aborted');
    return this.#isAborted;
  }

  get reason(): unknown {
    if (this.#faults.reason === 'throws') throw new SignalError('reason');
    return new SignalError('aborted on purpose');
  }

  addEventListener(_type: string, listener: () => void): void {
    if (this.#faults.add === 'throws') throw new SignalError('add');
    this.#listeners.add(listener);
    if (this.#faults.add === 'keeps and throws') throw new SignalError('add');
    if (this.#faults.add === 'fires') this.abort();
  }

  removeEventListener(_type: string, listener: () => void): void {
    this.onRemove();
    if (this.#faults.remove === 'throws') throw new SignalError('remove');
    if (this.#faults.remove === 'works') this.#listeners.delete(listener);
  }

  abort(): void {
    this.#isAborted = true;
    for (let call = 0; call < this.#faults.calls; call++) for (const listener of this.#listeners) listener();
  }

  /** As the options take it. */
  get asSignal(): AbortSignal {
    return this as unknown as AbortSignal;
  }
}
