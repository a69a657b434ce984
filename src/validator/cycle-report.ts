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
  const differing = standIns(links);
  const notes = [
    ...told.filter((note) => note !== undefined),
    ...notesOn(links, differing, tier),
    ...countedLocks(links),
  ];
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
    ...(differing.size === 0 ? {} : { standsIn: [...differing] }),
    ...about,
    cycle: [...links.slice(1), ...links.slice(0, 1)],
  };
}

/** Where a class by place joins two orders: of which lock is the first one, of which the second, where that is known? */
function jointsOf(links: readonly RawDependency[]): { to: string; wanted: number; held: number }[] {
  return links.flatMap(({ to, acquiring }, index) => {
    const { held } = links[(index + 1) % links.length] as RawDependency;
    const [wanted, other] = [acquiring.made?.ordinal, held.made?.ordinal];
    return wanted === undefined || other === undefined ? [] : [{ to, wanted, held: other }];
  });
}

/** The classes that take two different locks for one another. */
function standIns(links: readonly RawDependency[]): Set<string> {
  const joints = jointsOf(links).filter(({ wanted, held }) => wanted !== held);
  return new Set(joints.map(({ to }) => to));
}

function notesOn(links: readonly RawDependency[], differing: ReadonlySet<string>, tier: Tier): string[] {
  if (differing.size === 0) {
    const known = jointsOf(links);
    const several = known.filter(({ to }, index) => known.findIndex((other) => other.to === to) < index);
    return [...new Set(several.map(({ to }) => to))].map(
      (name) => `Each lock of ${name} here is one and the same in both of its orders.`,
    );
  }
  const meaning = tier === 'strict' ? 'its locks are taken for one another' : 'they may play different parts';
  return [...differing].map(
    (name) => `Two different locks of ${name} take part, which are made at one place: ${meaning}.`,
  );
}

/** The same, with no more than its classes. */
export function withoutFacts({ id, kind, tier, task, standsIn = [] }: Violation): Violation {
  return {
    id,
    kind,
    tier,
    task,
    standsIn,
    held: [],
    summary: `The cycle is ${id.slice(id.indexOf(':') + 1)} -> its start`,
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
