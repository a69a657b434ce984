/**
 * Possible gates: locks that may protect a flow which does not list them.
 *
 * What a flow lists are the holds that came to it by ways which the tracker follows. A timer, a callback of `then`, a queue
 * of jobs or a combinator is none: there a holder may wait for work that knows nothing of its lock. So beside an order that
 * is to be strict every live hold counts as its gate too of which nobody can say that it protects somebody else only: a
 * scope of another flow, and a hold taken by a call that no function is known to have.
 *
 * A possible gate makes no order true and none false. It keeps a cycle from being strict, until each of its orders was seen
 * while what they had in common was free. Not one of them: the lock that is wanted. Whoever holds it and waited for the
 * flow that wants it would be deadlocked by that already. And not one under which the two classes were taken the other way
 * round before: flows under one and the same hold are not kept apart by it, as a lock that is held for the life of the
 * program keeps nothing apart.
 *
 * Cost: for an attempt whose nesting is not settled a step for each lock that is held now and can be a gate; whatever else is
 * held or awaited costs nothing. A known nesting costs nothing.
 */
import type { GateSet } from '../order/gates.js';
import { HELD, isScope, isTry, TRANSFERRED, type Hold, type TrackedLock } from '../model/hold.js';
import type { HeldTracker } from '../flow/held-tracker.js';
import type { ClassIds } from './class-ids.js';
import type { Limits } from './host.js';

/** Gates that are kept for one attempt. With more, nothing is learned from it as strict. */
export const MAX_POSSIBLE_GATES = 10_000;
/** How one lock was nested in another, and the reverse. */
interface Pair {
  readonly way: number;
  readonly reverse: number;
}

/** Pairs of classes that are remembered of one gate: it may be held for the life of the program, while classes come and go. */
const MAX_PAIRS = 10_000;

export class PossibleGates {
  readonly #tracker: HeldTracker;
  readonly #ids: ClassIds;
  readonly #limits: Limits;
  /** Under a possible gate: what was wanted while what was held. */
  readonly #seen = new WeakMap<Hold, Set<number>>();

  constructor(tracker: HeldTracker, ids: ClassIds, limits: Limits) {
    this.#tracker = tracker;
    this.#ids = ids;
    this.#limits = limits;
  }

  /** What may protect a flow that lists `listed` and wants `wanted`; undefined where there is too much to look at. */
  of(listed: readonly Hold[], wanted: Hold): GateSet | undefined {
    const { followsCalls } = this.#tracker;
    let pairs: readonly Pair[] | undefined;
    const found = this.#tracker.gates.oneOfEach(wanted.lock, (hold) => {
      if (!mayProtectOthers(hold, followsCalls) || listed.includes(hold)) return false;
      pairs ??= listed.map((held) => this.#pairOf(held, wanted));
      return !this.#hasBothWays(hold, pairs);
    });
    if (found.length > MAX_POSSIBLE_GATES) return this.#tooMany();
    return this.#ids.gatesOf(found);
  }

  /** Were any of these taken the other way round under this very hold? Remembers in which way they are now. */
  #hasBothWays(gate: Hold, pairs: readonly Pair[]): boolean {
    let seen = this.#seen.get(gate);
    if (seen === undefined) this.#seen.set(gate, (seen = new Set()));
    if (seen.size > MAX_PAIRS) seen.clear();
    let both = false;
    for (const { way, reverse } of pairs) {
      both ||= seen.has(reverse);
      seen.add(way);
    }
    return both;
  }

  /** By the classes, or the very locks where those of a class are told apart. */
  #pairOf(held: Hold, wanted: Hold): Pair {
    const [outer, inner] = [this.#ids.certainIdOf(held), this.#ids.certainIdOf(wanted)];
    return { way: numberOf(outer, inner), reverse: numberOf(inner, outer) };
  }

  /** Is the lock held, though not by a flow that lists it, and may it be held for the running one? */
  mayBe(lock: TrackedLock, listed: readonly Hold[]): boolean {
    if (listed.some((hold) => hold.lock === lock)) return false;
    for (let hold = lock.firstHold; hold !== undefined; hold = hold.next) {
      if (mayProtectOthers(hold, this.#tracker.followsCalls)) return true;
    }
    return false;
  }

  #tooMany(): undefined {
    const meaning = 'what is seen while more locks may keep flows apart makes no strict cycle';
    this.#limits.reached('MAX_POSSIBLE_GATES', meaning);
  }
}

/** May a flow that does not list this hold be one that its holder waits for, or that goes on with it? */
function mayProtectOthers(hold: Hold, followsCalls: boolean): boolean {
  if (hold.state === TRANSFERRED) return true;
  if (hold.state !== HELD) return false;
  if (isScope(hold.kind) || !followsCalls || !hold.followed) return true;
  const { unsure, astray } = hold.asked;
  // Who takes a lock without waiting is seldom looked at closely, and lists it all the same.
  return astray || (unsure && !isTry(hold.kind));
}

/** One number for two ids in this order, of which there are less than 2^26 for as long as a hold lasts. */
function numberOf(first: number, second: number): number {
  return first * 2 ** 26 + second;
}
