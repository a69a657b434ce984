/**
 * Which stacks of suspended functions are alike: numbers that are equal for functions with equal labels, awaited by equal functions.
 *
 * Invariant: two functions have one number exactly when their labels and the numbers of what awaits them are equal; a circle ends where
 * it closes. Cost: linear in functions and ties; texts are compared by number. Pure, and without recursion: chains may be very long.
 */
export class Signatures {
  readonly #label: (index: number) => string;
  readonly #awaiters: (index: number) => readonly number[];
  readonly #signatures = new Map<number, number>();
  /** From the text of a signature to its number. */
  readonly #numbers = new Map<string, number>();

  constructor(label: (index: number) => string, awaiters: (index: number) => readonly number[]) {
    this.#label = label;
    this.#awaiters = awaiters;
  }

  of(index: number): number {
    const open = new Set<number>();
    const stack = [index];
    while (stack.length > 0) {
      const top = stack.at(-1) as number;
      const missing = this.#signatures.has(top)
        ? []
        : this.#awaiters(top).filter((each) => !this.#signatures.has(each) && !open.has(each) && each !== top);
      if (missing.length > 0) {
        open.add(top);
        stack.push(...missing);
        continue;
      }
      stack.pop();
      open.delete(top);
      this.#sign(top);
    }
    return this.#signatures.get(index) as number;
  }

  #sign(index: number): void {
    if (this.#signatures.has(index)) return;
    const of = this.#awaiters(index).map((each) => this.#signatures.get(each) ?? -1);
    const text = `${this.#label(index)}\n${of.sort((one, other) => one - other).join()}`;
    const number = this.#numbers.get(text) ?? this.#numbers.size;
    this.#numbers.set(text, number);
    this.#signatures.set(index, number);
  }
}

/** What ties functions together, and what is left out. */
export interface Tied {
  /** Left out, and what awaits it stands in its place. */
  readonly isHidden: boolean;
  /** Indices of those that await it. */
  readonly awaiters: readonly number[];
}

/** Those that await it; in the place of a hidden one those that await that. */
export function shownAwaiters(all: readonly Tied[], index: number): number[] {
  const found = new Set<number>();
  const seen = new Set([index]);
  const hidden = new Set([index]);
  for (const from of hidden) {
    for (const awaiter of all[from]?.awaiters ?? []) {
      if (seen.has(awaiter)) continue;
      seen.add(awaiter);
      (all[awaiter]?.isHidden === true ? hidden : found).add(awaiter);
    }
  }
  return [...found];
}
