/**
 * Under which gates permits of a class were nested: whether so many flows can do that at once as it takes to hang.
 *
 * Flows that hold the same gate, one of them exclusively, never nest at once. Of a nesting that keeps itself apart so there is one flow at
 * a time, of any other as many as come.
 *
 * Invariant: for each class the minimal gate sets, as they are kept of an order (order/alternatives.ts): once with all that may protect
 * the flow, for what is strict, and once with what it lists. Cost: at most 2^8 steps for a nesting that is looked at. A caller must look
 * at a nesting again for as long as gates alone keep it from being told.
 */
import { isCovered, mapGates, withAlternative, type Alternative } from '../order/alternatives.js';
import { excludes, gateOf, without, type GateSet } from '../order/gates.js';
import type { LockClass } from '../model/lock-class.js';
import type { Tier } from '../report/types.js';
import type { NestedAttempt } from './rules/rule.js';

type Sets = readonly Alternative<undefined>[];

export class CountedNestings {
  readonly #certain = new Map<LockClass, Sets>();
  readonly #listed = new Map<LockClass, Sets>();

  /** Learns the nesting. How certain is it that so many flows can nest at once? undefined: they can not. */
  learn({ wanted: { lockClass }, gates, protection, tier }: NestedAttempt, flows: number): Tier | undefined {
    const listed = learned(this.#listed, lockClass, gates);
    const isCertain = tier === 'strict' && protection !== undefined;
    if (isCertain && mayMeet(learned(this.#certain, lockClass, protection), flows)) return 'strict';
    return mayMeet(listed, flows) ? 'advisory' : undefined;
  }

  /** The gate is none any more: what it has kept apart is told when it is nested next. */
  retire(id: number): void {
    for (const sets of [this.#certain, this.#listed]) {
      for (const [lockClass, known] of sets) {
        const drop = (gates: GateSet): GateSet => without(without(gates, gateOf(id, true)), gateOf(id, false));
        sets.set(lockClass, mapGates(known, drop));
      }
    }
  }

  forget(lockClass: LockClass): void {
    this.#certain.delete(lockClass);
    this.#listed.delete(lockClass);
  }

  clear(): void {
    this.#certain.clear();
    this.#listed.clear();
  }
}

function learned(sets: Map<LockClass, Sets>, lockClass: LockClass, gates: GateSet): Sets {
  const known = sets.get(lockClass) ?? [];
  if (isCovered(known, gates)) return known;
  // A set too many is left out: that misses what would hang, and invents nothing.
  const all = withAlternative(known, { gates, facts: undefined }, 'drop');
  sets.set(lockClass, all);
  return all;
}

/** Is there room for so many flows at once, each with one of these sets? */
function mayMeet(sets: Sets, flows: number, chosen: readonly GateSet[] = []): boolean {
  if (flows <= chosen.length) return true;
  const [first, ...rest] = sets;
  if (first === undefined) return false;
  const { gates } = first;
  if (!chosen.some((other) => excludes(other, gates))) {
    if (!excludes(gates, gates)) return true;
    if (mayMeet(rest, flows, [...chosen, gates])) return true;
  }
  return mayMeet(rest, flows, chosen);
}
