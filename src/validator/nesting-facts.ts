/**
 * What is known of one nesting: a held sequence of classes followed by one wanted class. Lives in the trie of chains.
 *
 * Invariant: once `settled`, an acquisition with this nesting looks at nothing else: no graph, no stack. A nesting
 * settles when every edge of it is proven and its stacks have been seen often enough.
 */
import type { Violation } from '../report/types.js';
import type { CapturedFrame } from '../tracker/captured-frame.js';
import type { HeldNode } from '../tracker/held-node.js';

/** Acquisitions in a row that bring no new call site before a nesting stops to capture stacks. */
export const CAPTURES_PER_SITE = 4;
/** Distinct call sites that one nesting remembers. */
export const MAX_SITES = 16;

export class NestingFacts {
  settled = false;
  /** Are all edges of this nesting proven? */
  proven = false;
  /** Does the verdict depend on the very instances (comparator, reentrant class)? Then it is asked for every time. */
  perInstance = false;
  /** What an acquisition with this nesting commits. */
  readonly violations: Violation[] = [];
  readonly #sites: (readonly CapturedFrame[])[] = [];
  #capturesLeft = CAPTURES_PER_SITE;
  #attempts = 0;
  /** Of nestings in the same class: a mark for each lock and number of permits that was wanted. */
  #marks: WeakMap<object, Map<number, object>> | undefined;

  /**
   * Is this acquisition worth a stack? The first few of each call site are. A nesting whose proof never comes asks
   * again after ever longer pauses, so its cost fades.
   */
  wantsStack(): boolean {
    if (this.#capturesLeft > 0) return true;
    this.#attempts += 1;
    return !this.proven && (this.#attempts & (this.#attempts - 1)) === 0;
  }

  /** Keeps the stack as one of this nesting's call sites. */
  remember(frames: readonly CapturedFrame[]): void {
    this.#capturesLeft -= 1;
    if (this.#sites.length >= MAX_SITES || this.#sites.some((known) => sameSite(known, frames))) return;
    this.#sites.push(frames);
    this.#capturesLeft = CAPTURES_PER_SITE;
  }

  /**
   * Stands for all attempts with this nesting that teach the same under `held`: in the order of classes all do, in one
   * class those at one lock.
   */
  kindOf({ lock, lockClass, permits }: HeldNode, held: HeldNode): object {
    if (lockClass !== held.lockClass) return this;
    this.#marks ??= new WeakMap();
    let marks = this.#marks.get(lock);
    if (marks === undefined) this.#marks.set(lock, (marks = new Map()));
    let mark = marks.get(permits);
    if (mark === undefined) marks.set(permits, (mark = {}));
    return mark;
  }

  /** Settles if nothing is left to learn. */
  trySettle(): void {
    if (this.proven && !this.perInstance && this.#capturesLeft <= 0) this.settled = true;
  }

  /** What was taken for proof has turned out to be none: looked at again, after ever longer pauses. */
  reopen(): void {
    this.proven = false;
    this.settled = false;
  }

  /** The remembered acquisition that fits best with what runs now: one in a function that is on `stack`. */
  likelySite(stack: readonly CapturedFrame[]): readonly CapturedFrame[] {
    for (const frame of stack) {
      const match = this.#sites.find((site) => site.some((taken) => taken.functionId === frame.functionId));
      if (match !== undefined) return match;
    }
    return this.#sites[0] ?? [];
  }
}

function sameSite(a: readonly CapturedFrame[], b: readonly CapturedFrame[]): boolean {
  const first = a[0];
  const second = b[0];
  if (first === undefined || second === undefined) return first === second;
  return first.functionId === second.functionId && first.line === second.line && first.column === second.column;
}
