/** Pairs of classes whose inversion somebody has looked at and accepted, and why. Cost: O(1), nothing while there are none. */
import type { LockClass } from '../model/lock-class.js';

export interface Blessing {
  readonly a: LockClass;
  readonly b: LockClass;
  readonly reason: string;
}

export class Blessings {
  readonly #pairs = new Map<string, Blessing>();

  /** `a` and `b`: the ids by which the order knows the classes. A second reason for a pair replaces the first. */
  add(blessing: Blessing, a: number, b: number): void {
    this.#pairs.set(keyOf(a, b), blessing);
  }

  all(): readonly Blessing[] {
    return [...this.#pairs.values()];
  }

  clear(): void {
    this.#pairs.clear();
  }

  forget(lockClass: LockClass): void {
    for (const [key, { a, b }] of this.#pairs) if (a === lockClass || b === lockClass) this.#pairs.delete(key);
  }

  /** One sentence for a report of which a link leads from one class of a pair to the other. */
  note(links: readonly (readonly [from: number, to: number])[]): string | undefined {
    if (this.#pairs.size === 0) return undefined;
    const touched = new Set(links.map(([from, to]) => this.#pairs.get(keyOf(from, to))));
    const notes: string[] = [];
    for (const pair of touched) {
      if (pair !== undefined)
        notes.push(`The inversion of ${pair.a.name} and ${pair.b.name} is accepted: ${pair.reason}`);
    }
    return notes.length === 0 ? undefined : `${notes.join('; ')}. This cycle does not need it.`;
  }
}

function keyOf(a: number, b: number): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
