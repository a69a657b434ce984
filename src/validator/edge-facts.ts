/** What is remembered of one occurrence of an order: who held what where, and wanted what where. */
import { BATCH } from '../order/gates.js';
import { siteOf } from '../report/stack-text.js';
import type { Origin, RawDependency, Tier } from '../report/types.js';
import type { CapturedFrame } from '../platform/captured-frame.js';
import { WANTED } from '../model/hold.js';
import { rawUse, useFacts, type ClassName, type UseFacts } from './lock-use.js';
import { taskOf, type NestedAttempt } from './rules/rule.js';

export interface EdgeFacts {
  readonly held: UseFacts;
  readonly wanted: UseFacts;
  readonly tier: Tier;
  /** The task that taught it; '' where there was none. */
  readonly task: string;
  readonly origin: Origin | undefined;
  /** Were both requested at once? */
  readonly together?: boolean;
}

export function learnedFacts(attempt: NestedAttempt): EdgeFacts {
  return {
    held: useFacts(attempt.held, attempt.evidence, attempt.stack, attempt.moment),
    wanted: { ...useFacts(attempt.wanted, 'own', attempt.stack, WANTED), state: 'waiting' },
    tier: attempt.tier,
    task: taskOf(attempt.wanted),
    origin: attempt.isEvent === true ? 'event' : undefined,
    together: attempt.gates.includes(BATCH),
  };
}

/** The order of a declaration, whose stack is all there is to show. */
export function declaredFacts(from: ClassName, to: ClassName, frames: readonly CapturedFrame[]): EdgeFacts {
  const use = (lockClass: ClassName, state: 'held' | 'waiting'): UseFacts => {
    return { lockClass, name: undefined, shared: false, state, evidence: 'own', frames, exact: true, isWait: false };
  };
  return { held: use(from, 'held'), wanted: use(to, 'waiting'), tier: 'strict', task: '', origin: 'declared' };
}

/** Of an order that was learned elsewhere two sites are left. */
export function loadedFacts(
  from: ClassName & { readonly shared: boolean },
  to: ClassName & { readonly shared: boolean },
  sites: readonly [held: string, wanted: string],
  tier: Tier,
  origin: Origin,
): EdgeFacts {
  const use = ({ id, name, shared }: typeof from, state: 'held' | 'waiting', site: string): UseFacts => {
    const lockClass = { id, name };
    return { lockClass, name: undefined, shared, state, evidence: 'own', frames: [], site, exact: true, isWait: false };
  };
  return { held: use(from, 'held', sites[0]), wanted: use(to, 'waiting', sites[1]), tier, task: '', origin };
}

export function rawDependency({ held, wanted, tier, task, origin, together = false }: EdgeFacts): RawDependency {
  const [from, to] = [rawUse(held), rawUse(wanted)];
  return { from: from.lockClass, to: to.lockClass, tier, origin, together, held: from, acquiring: to, task };
}

/** Where the first was taken, and where the second was wanted. */
export function sitesOf({ held, wanted }: EdgeFacts): readonly [held: string, wanted: string] {
  return [siteOfUse(held), siteOfUse(wanted)];
}

function siteOfUse({ site, frames }: UseFacts): string {
  return site ?? siteOf(frames);
}
