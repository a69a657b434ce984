/** The cycles that only a split of a class into subclasses hides, by name and with the sites of both sides. */
import { classOfVertex, isSharedVertex, vertexOfClass } from '../order/class-order.js';
import { splitCycles } from '../order/split-audit.js';
import { siteOf } from '../report/stack-text.js';
import type { Tier } from '../report/types.js';
import type { ClassIds } from './class-ids.js';
import type { Dependencies } from './dependencies.js';
import type { EdgeFacts } from './edge-facts.js';

export interface SplitLink {
  readonly from: string;
  readonly to: string;
  readonly sites: readonly [held: string, wanted: string];
}

export interface Split {
  /** strict: all of its orders are proven. */
  readonly tier: Tier;
  /** The steps from one folded class to the next, the last one back to the first; each the orders that it stands for. */
  readonly steps: readonly (readonly SplitLink[])[];
}

export function findSplits(dependencies: Dependencies, ids: ClassIds): Split[] {
  const bases = ids.bases();
  const fold = (vertex: number): number => {
    const lockClass = classOfVertex(vertex);
    return vertexOfClass(bases.get(lockClass) ?? lockClass, isSharedVertex(vertex));
  };
  const { proven, all } = dependencies.orders;
  return splitCycles(all.edges(), fold).map((cycle) => {
    const steps = cycle.map((step) =>
      step.flatMap(({ payload }) => payload.alternatives.map(({ facts }) => link(facts))),
    );
    const isProven = cycle.every((step) => step.some(({ from, to }) => proven.edge(from, to) !== undefined));
    return { tier: isProven ? 'strict' : 'advisory', steps };
  });
}

function link({ held, wanted }: EdgeFacts): SplitLink {
  const site = (use: typeof held): string => use.site ?? siteOf(use.frames);
  return { from: held.lockClass.name, to: wanted.lockClass.name, sites: [site(held), site(wanted)] };
}
