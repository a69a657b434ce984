/** Small builders of facts, raw violations and frames for the tests of the report layer. */
import type { ReportFacts } from '../../src/report/splat.js';
import type { Dependency, LockUse, RawDependency, RawUse, Violation } from '../../src/report/types.js';
import type { StackFrame } from '../../src/platform/stack-frame.js';

export function use(lockClass: string, site: string, more: Partial<LockUse> = {}): LockUse {
  const stack = site === '' ? [] : [`step (${site})`, 'async main (src/main.ts:4:3)'];
  return { lockClass, mode: 'exclusive', state: 'held', evidence: 'own', site, stack, exact: true, ...more };
}

/** The flow of `task` took `from` at `taken` and wanted `to` at `wanted`. */
export function link(from: string, to: string, taken: string, wanted: string, task = ''): Dependency {
  const acquiring = use(to, wanted, { state: 'waiting' });
  return { from, to, tier: 'strict', held: use(from, taken), acquiring, task };
}

/** A strict lock order inversion; the last link is the reporting flow's. */
export function inversion(...cycle: Dependency[]): ReportFacts {
  const { acquiring, held, task } = cycle.at(-1) as Dependency;
  return { kind: 'circular-dependency', tier: 'strict', acquiring, held: [held], cycle, task };
}

export function frame(functionName: string, file: string, line: number, column: number, isAsync = false): StackFrame {
  return { functionName, file, line, column, isAsync };
}

export function rawUse(lockClass: string, frames: readonly StackFrame[], more: Partial<RawUse> = {}): RawUse {
  return {
    lockClass,
    name: undefined,
    mode: 'exclusive',
    state: 'held',
    evidence: 'own',
    frames,
    exact: true,
    ...more,
  };
}

export function rawLink(from: string, to: string): RawDependency {
  const held = rawUse(from, [frame('take', '/elsewhere/app.js', 3, 5)]);
  const acquiring = rawUse(to, [frame('want', '/elsewhere/app.js', 4, 7)], { state: 'waiting' });
  return { from, to, tier: 'strict', held, acquiring, task: 'job' };
}

export function violation(more: Partial<Violation> = {}): Violation {
  const cycle = [rawLink('A', 'B'), rawLink('B', 'A')] as const;
  return {
    id: 'circular-dependency:A>B',
    kind: 'circular-dependency',
    tier: 'strict',
    acquiring: cycle[1].acquiring,
    held: [cycle[1].held],
    cycle,
    task: 'job',
    ...more,
  };
}
