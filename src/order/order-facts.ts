/** What the learned order keeps of each edge. */
import { isCovered, withAlternative, type Alternative, type WhenFull } from './alternatives.js';
import type { Vertex } from './edge.js';

/** A cycle that was reported, and the vertices that it runs through. */
export interface Reported<R> {
  readonly report: R;
  readonly through: readonly Vertex[];
}

/**
 * One edge's payload.
 *
 * Invariant: `strong` are the gate sets of those attempts that a shared holder of the wanted class stands in the way of
 * too. It is kept at the edge to the exclusive vertex while the class has no shared one, and is the same list as
 * `alternatives` as long as there were no others.
 */
export class OrderFacts<F, R> {
  alternatives: readonly Alternative<F>[];
  strong: readonly Alternative<F>[] | undefined;
  /** The cycle that was reported for this edge. */
  reported: Reported<R> | undefined = undefined;
  /** Is it to be looked at again, though nothing new is learned of it? */
  unchecked = false;
  /** Attempts that were judged and had this order. */
  count = 0;

  constructor(alternatives: readonly Alternative<F>[], strong: readonly Alternative<F>[] | undefined) {
    this.alternatives = alternatives;
    this.strong = strong;
  }

  /** Takes in one more occurrence; true if it says something new of the edge itself. */
  add(alternative: Alternative<F>, strong: boolean, whenFull: WhenFull = 'open'): boolean {
    const { alternatives } = this;
    if (!isCovered(alternatives, alternative.gates)) {
      this.alternatives = withAlternative(alternatives, alternative, whenFull);
    }
    const isNews = this.alternatives !== alternatives;
    if (!strong) return isNews;
    if (this.strong === alternatives) this.strong = this.alternatives;
    else if (!isCovered(this.strong ?? [], alternative.gates)) {
      this.strong = withAlternative(this.strong ?? [], alternative, whenFull);
    }
    return isNews;
  }
}
