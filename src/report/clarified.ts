/**
 * The facts of a report for its text: where locks of one class take several parts in a cycle, each goes by the way it was
 * made in place of the class, whose name would stand for all of them. Pure; linear in the facts.
 */
import type { ReportFacts } from './kinds.js';
import type { Dependency, LockUse } from './types.js';

export function clarified(facts: ReportFacts): ReportFacts {
  const { acquiring, held, cycle = [] } = facts;
  const times = new Map<string, number>();
  for (const { from } of cycle) times.set(from, (times.get(from) ?? 0) + 1);
  const use = (lock: LockUse): LockUse => {
    const { made, ...rest } = lock;
    return made === undefined || (times.get(lock.lockClass) ?? 0) < 2 ? lock : { ...rest, lockClass: made };
  };
  const link = (dependency: Dependency): Dependency => {
    const [from, to] = [use(dependency.held), use(dependency.acquiring)];
    return { ...dependency, held: from, acquiring: to, from: from.lockClass, to: to.lockClass };
  };
  if (![...times.values()].some((count) => count > 1)) return facts;
  return {
    ...facts,
    ...(acquiring === undefined ? {} : { acquiring: use(acquiring) }),
    held: held.map(use),
    cycle: cycle.map(link),
  };
}
