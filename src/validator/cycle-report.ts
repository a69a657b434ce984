/** A cycle of orders as the violation that it is. */
import { canonicalCycle } from '../order/cycle-id.js';
import type { RawDependency, Tier, Violation } from '../report/types.js';
import { rawDependency, type EdgeFacts } from './edge-facts.js';
import { heldUses, taskOf, waitAdvice, wantedUse, type NestedAttempt } from './rules/rule.js';

/**
 * The first of the facts is that of the attempt, where there is one: a cycle can also come to light when a graph is
 * loaded, or a gate is none any more. `note` is one more sentence.
 */
export function circularDependency(
  cycle: readonly EdgeFacts[],
  tier: Tier,
  attempt: NestedAttempt | undefined,
  note: string | undefined,
): Violation {
  const awaited = cycle.find(({ wanted }) => wanted.isWait)?.wanted;
  const links = cycle.map(rawDependency);
  const names = canonicalCycle(links.map(heldName), (name: string) => name);
  const about =
    attempt === undefined
      ? { held: [], task: links[0]?.task ?? '' }
      : { acquiring: wantedUse(attempt), held: heldUses(attempt), task: taskOf(attempt.wanted) };
  return {
    id: `circular-dependency:${names.join(' -> ')}`,
    kind: 'circular-dependency',
    tier,
    ...(note === undefined ? {} : { summary: note }),
    ...(awaited === undefined ? {} : { advice: waitAdvice(awaited.lockClass.name) }),
    ...about,
    cycle: [...links.slice(1), ...links.slice(0, 1)],
  };
}

/** Cycles of the same classes in other modes are other cycles. */
function heldName({ from, held }: RawDependency): string {
  return held.mode === 'shared' ? `${from} (shared)` : from;
}
