/**
 * What is known of one nesting: a held sequence of classes followed by one wanted class. Lives in the trie of chains.
 *
 * Invariant: once `settled`, an acquisition with this nesting looks at nothing else: no graph, no stack. A nesting
 * settles when every edge of it is proven and its stacks have been seen often enough. One with a class whose locks are told
 * apart (locks-apart.ts) never settles itself: each choice of locks has facts of its own, and settles by itself.
 */
import type { Violation } from '../report/types.js';
import { withoutScopes, type CapturedFrame } from '../platform/captured-frame.js';
import type { Hold } from '../model/hold.js';

/** Acquisitions in a row that bring no new call site before a nesting stops to capture stacks. */
export const CAPTURES_PER_SITE = 4;
/** Distinct call sites that one nesting remembers. */
export const MAX_SITES = 16;
/** Choices of locks of one nesting whose first attempt is worth a stack. */
export const MAX_CHOICE_STACKS = 256;

/** Attempts of one choice of locks that are judged without a stack too; after those ever fewer, as proof may never come. */
const MAX_JUDGED = 64;

/** Numbers of permits of one lock that are told from each other: weights may be any fractions. */
const MAX_MARKS = 64;

/** The call sites of one nesting. */
class NestingSites {
  readonly known: (readonly CapturedFrame[])[] = [];
  capturesLeft: number = CAPTURES_PER_SITE;
  /** Choices of locks whose first attempt is worth a stack, whatever is known of the call sites. */
  choicesLeft: number = MAX_CHOICE_STACKS;
  attempts = 0;

  remember(stack: readonly CapturedFrame[]): void {
    const frames = withoutScopes(stack);
    this.capturesLeft -= 1;
    if (this.known.length >= MAX_SITES || this.known.some((site) => sameSite(site, frames))) return;
    this.known.push(frames);
    this.capturesLeft = CAPTURES_PER_SITE;
  }
}

let ids = 0;

export class NestingFacts {
  readonly id: number = ++ids;
  settled = false;
  /** Are all edges of this nesting proven? */
  proven = false;
  /** Does the verdict depend on the very instances (a comparator, a declared nesting)? Then it is asked for every time. */
  perInstance = false;
  /** What an acquisition with this nesting commits. */
  readonly violations: Violation[] = [];
  /** Is it to be asked by the very locks (nestings.ts)? */
  byLock: boolean;
  /** Are they those of one choice of locks? Then its first attempts are judged without a stack too. */
  readonly isChoice: boolean;
  readonly #sites: NestingSites;
  #isMet = false;
  #judged = 0;
  /** Of nestings in the same class: a mark for each lock and number of permits that was wanted. */
  #marks: WeakMap<object, Map<number, object>> | undefined;

  /** `choiceOf`: the nesting that this is one choice of locks of; what call sites it has is known to all of them. */
  constructor(byLock = false, choiceOf?: NestingFacts) {
    this.byLock = byLock;
    this.isChoice = choiceOf !== undefined;
    this.#sites = choiceOf === undefined ? new NestingSites() : choiceOf.#sites;
  }

  /**
   * Is this acquisition worth a stack? The first few of each call site are. A nesting whose proof never comes asks
   * again after ever longer pauses, so its cost fades.
   */
  wantsStack(): boolean {
    const sites = this.#sites;
    if (sites.capturesLeft > 0) return true;
    if (this.isChoice && !this.#isMet && sites.choicesLeft > 0) {
      this.#isMet = true;
      sites.choicesLeft -= 1;
      return true;
    }
    sites.attempts += 1;
    return !this.proven && (sites.attempts & (sites.attempts - 1)) === 0;
  }

  /** Is this attempt to be judged, though it is worth no stack? */
  wantsJudging(): boolean {
    if (!this.isChoice || this.proven) return false;
    this.#judged += 1;
    return this.#judged <= MAX_JUDGED || (this.#judged & (this.#judged - 1)) === 0;
  }

  /** Keeps the stack as one of this nesting's call sites. */
  remember(frames: readonly CapturedFrame[]): void {
    this.#sites.remember(frames);
  }

  /**
   * Stands for all attempts with this nesting that teach the same under `held`: in the order of classes all do, in one
   * class those at one lock.
   */
  kindOf({ lock, lockClass, permits }: Hold, held: Hold): object {
    if (lockClass !== held.lockClass) return this;
    this.#marks ??= new WeakMap();
    let marks = this.#marks.get(lock);
    if (marks === undefined) this.#marks.set(lock, (marks = new Map()));
    let mark = marks.get(permits);
    if (mark === undefined) {
      if (marks.size >= MAX_MARKS) marks.clear();
      marks.set(permits, (mark = {}));
    }
    return mark;
  }

  /** Settles if nothing is left to learn. */
  trySettle(): void {
    if (this.proven && !this.perInstance && this.#sites.capturesLeft <= 0) this.settled = true;
  }

  /** What was taken for proof has turned out to be none: looked at again, after ever longer pauses. */
  reopen(): void {
    this.proven = false;
    this.settled = false;
  }

  /** The remembered acquisition that fits best with what runs now: one in a function that is on `stack`. */
  likelySite(stack: readonly CapturedFrame[]): readonly CapturedFrame[] {
    for (const frame of stack) {
      const match = this.#sites.known.find((site) => site.some((taken) => taken.functionId === frame.functionId));
      if (match !== undefined) return match;
    }
    return this.#sites.known[0] ?? [];
  }
}

function sameSite(a: readonly CapturedFrame[], b: readonly CapturedFrame[]): boolean {
  const first = a[0];
  const second = b[0];
  if (first === undefined || second === undefined) return first === second;
  return first.functionId === second.functionId && first.line === second.line && first.column === second.column;
}
