/** A cycle of orders as the violation that it is. */
import { canonicalCycle } from '../order/cycle-id.js';
import { holdersOf } from '../report/permit-arithmetic.js';
import type { RawDependency, Tier, Violation } from '../report/types.js';
import { rawDependency, type EdgeFacts } from './edge-facts.js';
import { heldUses, taskOf, waitAdvice, wantedUse, type NestedAttempt } from './rules/rule.js';

/**
 * The first of the facts is that of the attempt, where there is one: a cycle can also come to light when a graph is
 * loaded, or a gate is none any more. `told` are sentences to go before.
 */
export function circularDependency(
  cycle: readonly EdgeFacts[],
  tier: Tier,
  attempt: NestedAttempt | undefined,
  told: readonly (string | undefined)[],
): Violation {
  const awaited = cycle.find(({ wanted }) => wanted.isWait)?.wanted;
  const links = cycle.map(rawDependency);
  const notes = [...told.filter((note) => note !== undefined), ...countedLocks(links)];
  const names = canonicalCycle(links.map(heldName), (name: string) => name);
  const about =
    attempt === undefined || attempt.isEvent === true
      ? { held: [], task: links[0]?.task ?? '' }
      : { acquiring: wantedUse(attempt), held: heldUses(attempt), task: taskOf(attempt.wanted) };
  return {
    id: `circular-dependency:${names.join(' -> ')}`,
    kind: 'circular-dependency',
    tier,
    ...(notes.length === 0 ? {} : { summary: notes.join(' ') }),
    ...(awaited === undefined ? {} : { advice: waitAdvice(awaited.lockClass.name) }),
    ...about,
    cycle: [...links.slice(1), ...links.slice(0, 1)],
  };
}

/** One flow that holds some of a lock's permits stands in nobody's way: how many it takes, by the permits of each. */
function countedLocks(links: readonly RawDependency[]): string[] {
  return links.flatMap(({ acquiring }, index) => {
    const next = links[(index + 1) % links.length] as RawDependency;
    const flows = holdersOf(next.held, acquiring);
    if (flows === 1 || acquiring.permits === undefined || next.held.permits === undefined) return [];
    const { count, of } = acquiring.permits;
    return [
      `${acquiring.lockClass} has ${of} permits, of which ${count} ${count === 1 ? 'is' : 'are'} wanted here: ` +
        `it takes ${flows} flows that hold ${next.held.permits.count} each.`,
    ];
  });
}

/** Cycles of the same classes in other modes are other cycles. */
function heldName({ from, held }: RawDependency): string {
  return held.mode === 'shared' ? `${from} (shared)` : from;
}
